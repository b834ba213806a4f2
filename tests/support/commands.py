"""Walking through a command of the service as a client does (XEP-0050)::

run = Run(alice, "set-status")
await run.execute()
await run.complete(status="busy")
assert run.note == "..."
"""

from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape

from component.xep.forms import NOT_CHOSEN
from tests.support.client import XmppClient
from tests.support.scripts import error_of

SERVICE = "agents.acme.test"
COMMANDS = "http://jabber.org/protocol/commands"
ITEMS = "http://jabber.org/protocol/disco#items"
FORM = "jabber:x:data"


async def offered(client: XmppClient, service: str = SERVICE) -> list[str | None]:
    """The nodes of the commands that this client is shown."""
    answer = await client.request(f"<iq type='get' to='{service}'><query xmlns='{ITEMS}' node='{COMMANDS}'/></iq>")
    return [item.get("node") for item in answer.iter(f"{{{ITEMS}}}item")]


class Run:
    """One run of a command; after each step, what the answer says."""

    def __init__(self, client: XmppClient, node: str, service: str = SERVICE) -> None:
        self._client = client
        self._node = node
        self._service = service
        self._session = ""
        self.answer = Element("none")

    async def execute(self) -> "Run":
        return await self._send("execute")

    async def next(self, **fields: str | list[str]) -> "Run":
        return await self._send("next", fields)

    async def complete(self, **fields: str | list[str]) -> "Run":
        return await self._send("complete", fields)

    async def _send(self, action: str, fields: dict[str, str | list[str]] | None = None) -> "Run":
        session = f" sessionid='{self._session}'" if self._session else ""
        form = "" if fields is None else f"<x xmlns='{FORM}' type='submit'>{''.join(map(_field, fields.items()))}</x>"
        command = f"<command xmlns='{COMMANDS}' node='{self._node}' action='{action}'{session}>{form}</command>"
        self.answer = await self._client.request(f"<iq type='set' to='{self._service}'>{command}</iq>")
        found = self.answer.find(f"{{{COMMANDS}}}command")
        self._session = "" if found is None else found.get("sessionid", "")
        return self

    @property
    def status(self) -> str:
        """executing, completed, canceled; or the error."""
        found = self.answer.find(f"{{{COMMANDS}}}command")
        return error_of(self.answer) if found is None else found.get("status", "")

    @property
    def note(self) -> str:
        return self.answer.findtext(f".//{{{COMMANDS}}}note") or ""

    @property
    def kind(self) -> str | None:
        note = self.answer.find(f".//{{{COMMANDS}}}note")
        return None if note is None else note.get("type")

    @property
    def fields(self) -> list[str | None]:
        return [field.get("var") for field in self.answer.iterfind(f".//{{{FORM}}}x/{{{FORM}}}field")]

    @property
    def instructions(self) -> str:
        return self.answer.findtext(f".//{{{FORM}}}instructions") or ""

    def options(self, var: str) -> dict[str | None, str | None]:
        """Value -> label, without the empty one that stands for no choice."""
        found = self.answer.iterfind(f".//{{{FORM}}}field[@var='{var}']/{{{FORM}}}option")
        options = [(option.findtext("{*}value"), option.get("label")) for option in found]
        return {value: label for value, label in options if (value, label) != NOT_CHOSEN}

    def value(self, var: str) -> str | None:
        return self.answer.findtext(f".//{{{FORM}}}x/{{{FORM}}}field[@var='{var}']/{{{FORM}}}value")

    @property
    def rows(self) -> list[dict[str | None, str | None]]:
        items = self.answer.iter(f"{{{FORM}}}item")
        return [{field.get("var"): field.findtext("{*}value") for field in item} for item in items]


def _field(filled: tuple[str, str | list[str]]) -> str:
    var, given = filled
    values = [given] if isinstance(given, str) else given
    return f"<field var='{var}'>{''.join(f'<value>{escape(value)}</value>' for value in values)}</field>"
