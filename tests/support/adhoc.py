"""Walking through ad-hoc commands as a client does (XEP-0050)."""

from dataclasses import dataclass
from xml.etree.ElementTree import Element

from component.xep.forms import NOT_CHOSEN
from tests.support.client import XmppClient

COMMANDS = "http://jabber.org/protocol/commands"
FORM = "jabber:x:data"


@dataclass(frozen=True)
class Step:
    """What a command answered."""

    element: Element

    @property
    def status(self) -> str:
        return self.element.get("status", "")

    @property
    def session(self) -> str:
        return self.element.get("sessionid", "")

    @property
    def note(self) -> str:
        return self.element.findtext(f"{{{COMMANDS}}}note") or ""

    def options(self, var: str) -> dict[str, str]:
        """Label -> value, without the empty one that stands for no choice."""
        found = self.element.iterfind(f"{{*}}x/{{*}}field[@var='{var}']/{{*}}option")
        options = [(one.findtext("{*}value") or "", one.get("label", "")) for one in found]
        return {label: value for value, label in options if (value, label) != NOT_CHOSEN}

    @property
    def rows(self) -> list[dict[str, str]]:
        """The table that is shown."""
        return [
            {field.get("var", ""): field.findtext("{*}value") or "" for field in item}
            for item in self.element.iterfind("{*}x/{*}item")
        ]

    @property
    def words(self) -> str:
        """All texts of the form."""
        return "\n".join(value.text or "" for value in self.element.iterfind("{*}x/{*}field/{*}value"))


async def ask(client: XmppClient, node: str, session: str = "", action: str = "execute", **given: str) -> Element:
    """One request of a command, and its whole answer."""
    fields = "".join(f"<field var='{var}'><value>{value}</value></field>" for var, value in given.items())
    form = f"<x xmlns='{FORM}' type='submit'>{fields}</x>" if given or session else ""
    named = f"sessionid='{session}'" if session else ""
    service = f"agents.{client.account.partition('@')[2].partition('.')[2]}"
    request = f"<command xmlns='{COMMANDS}' node='{node}' action='{action}' {named}>{form}</command>"
    return await client.request(f"<iq type='set' to='{service}'>{request}</iq>")


async def step(
    client: XmppClient, node: str, before: Step | None = None, action: str = "execute", **given: str
) -> Step:
    """Begin a command, or go on with it."""
    answer = await ask(client, node, before.session if before else "", action, **given)
    found = answer.find(f"{{{COMMANDS}}}command")
    assert found is not None, f"{node} was refused"
    return Step(found)


async def offered(client: XmppClient) -> list[str]:
    """The commands that the service offers to this client."""
    service = f"agents.{client.account.partition('@')[2].partition('.')[2]}"
    query = f"<query xmlns='http://jabber.org/protocol/disco#items' node='{COMMANDS}'/>"
    items = await client.request(f"<iq type='get' to='{service}'>{query}</iq>")
    return [item.get("node", "") for item in items.iterfind(".//{*}item")]
