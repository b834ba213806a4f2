"""R2: what is kept for senders who have gone is bounded."""

from types import SimpleNamespace
from typing import Any

from component.bridge.messages.returns import MOST, MOST_OF_ONE, Returns
from component.model import Mode, Party, Person, Profile, Side, Tenant
from component.policy.reasons import Reason
from component.xml import Element, parse

TENANT: Any = Tenant(
    "acme", "Acme", Mode.THREE, Profile.V9_10, "work.acme.test", "cc.acme.test", "agents.acme.test",
    "directory.acme.test", None,  # type: ignore[arg-type]
)  # fmt: skip


def refused(number: int, account: str) -> Element:
    return parse(f"<message from='{account}/x' to='alice@agents.acme.test' id='m{number}'><body>Hello</body></message>")


def party(name: str) -> Party:
    return Party(TENANT, Side.WORK, Person(name, work=name))


class TestBounds:
    def make(self) -> tuple[Returns, list[str]]:
        sent: list[str] = []
        nobody: Any = SimpleNamespace(sessions=SimpleNamespace(of=lambda account: {}))
        return Returns(nobody, sent.append), sent

    def test_of_one_sender_the_newest(self) -> None:
        returns, sent = self.make()
        for number in range(MOST_OF_ONE + 5):
            returns.refuse(refused(number, "bob@work.acme.test"), "bob@work.acme.test", Reason.OVERLOADED, shown=True)
        sent.clear()
        returns.logged_in(party("bob"), "bob@work.acme.test/y")
        assert len(sent) == MOST_OF_ONE
        assert 'id="m5"' in sent[0] and 'to="bob@work.acme.test/y"' in sent[0]

    def test_of_all_together_those_of_the_latest_senders(self) -> None:
        returns, sent = self.make()
        for number in range(MOST + 10):
            account = f"bob{number}@work.acme.test"
            returns.refuse(refused(number, account), account, Reason.OVERLOADED, shown=True)
        sent.clear()
        returns.logged_in(party("bob0"), "bob0@work.acme.test/y")
        assert sent == []
        returns.logged_in(party(f"bob{MOST}"), f"bob{MOST}@work.acme.test/y")
        assert len(sent) == 1
