"""Commands of several steps, walked through without a server (XEP-0050, D4)."""

from xml.etree.ElementTree import Element

import pytest

from component.model import Party, Side
from component.policy.reasons import COMMANDS_NS, Reason
from component.services.command_framework import (
    LIFETIME_SECONDS,
    MOST_EACH,
    SWEEP_SECONDS,
    Ask,
    CommandPage,
    CommandRun,
    Commands,
    Done,
    Outcome,
)
from component.xep.forms import (
    FIELD,
    FORM,
    FORM_NS,
    MOST_CHARS,
    Card,
    Form,
    FormTable,
    address,
    addresses,
    checked,
    choice,
    choices,
    hidden,
    line,
    lines,
    said,
    switch,
)
from component.xml import child
from tests.support.people import ALICE, BOB

CLIENT = "alice@cc.acme.test/phone"
HOST = "agents.acme.test"
COLOURS = (("r", "Red"), ("g", "Green"))


class Order:
    """Asks for a colour, then how many; shows three pages, or fails, on demand."""

    node = "order"
    name = "Order paint"

    def __init__(self) -> None:
        self.ordered: list[tuple[str, str]] = []

    def may_run(self, party: Party) -> bool:
        return party.side is Side.AGENT

    async def step(self, run: CommandRun) -> Outcome:
        if run.step == 0:
            return Ask(Form("Paint", "Which?", (choice("colour", "Colour", COLOURS),)), last=False)
        if run.value("colour") == "boom":
            raise RuntimeError("boom")
        if run.value("colour") == "list":
            table = FormTable("Orders", (("n", "Number"), ("c", "Colour")), [(str(run.step), "Red")])
            return CommandPage("There is more.", table) if run.step < 3 else Done("All of them.", shown=table)
        how_many = Form("Paint", "How many?", (line("n", "Tins", required=True),))
        if run.step == 1:
            return Ask(how_many)
        if not run.value("n").isdecimal():
            return Ask(how_many, problem="Tins are counted in numbers.")
        self.ordered.append((run.value("colour"), run.value("n")))
        return Done("Ordered.")


class Client:
    """Runs one command; the session goes along."""

    def __init__(self, commands: Commands, node: str = "order", name: str = CLIENT, party: Party = ALICE) -> None:
        self._commands = commands
        self._node = node
        self._name = name
        self._party = party
        self.session: str | None = None

    async def __call__(self, action: str | None = None, **fields: str) -> Element | Reason:
        request = Element(f"{{{COMMANDS_NS}}}command", {"node": self._node})
        for key, value in (("action", action), ("sessionid", self.session)):
            if value is not None:
                request.set(key, value)
        if fields:
            form = child(request, "x", FORM_NS)
            form.set("type", "submit")
            for var, text in fields.items():
                field = child(form, "field", FORM_NS)
                field.set("var", var)
                child(field, "value", FORM_NS, text)
        answer = await self._commands.run(request, self._party, self._name, HOST)
        if isinstance(answer, Element):
            self.session = answer.get("sessionid")
        return answer


@pytest.fixture
def order() -> Order:
    return Order()


@pytest.fixture
def client(order: Order) -> Client:
    return Client(Commands([order]))


def actions(answer: Element | Reason) -> list[str]:
    """The default one first."""
    assert isinstance(answer, Element)
    offered = answer.find("{*}actions")
    assert offered is not None
    default = offered.get("execute", "")
    return [default, *(one.tag.partition("}")[2] for one in offered if not one.tag.endswith(default))]


def note(answer: Element | Reason) -> tuple[str | None, str | None]:
    assert isinstance(answer, Element)
    found = answer.find("{*}note")
    return (None, None) if found is None else (found.get("type"), found.text)


def title(answer: Element | Reason) -> str | None:
    assert isinstance(answer, Element)
    return answer.findtext("{*}x/{*}instructions")


class TestSteps:
    async def test_two_forms(self, client: Client, order: Order) -> None:
        first = await client("execute")
        assert actions(first) == ["next"]
        session = client.session
        second = await client("next", colour="r")
        assert actions(second) == ["complete", "prev"]
        done = await client("complete", n="3")
        assert note(done) == ("info", "Ordered.")
        assert order.ordered == [("r", "3")]
        # slixmpp, and so poezio, finds a session again only if its id stays what it was.
        assert client.session == session

    async def test_the_default_action(self, client: Client, order: Order) -> None:
        """Profanity sends no action at all with a form."""
        await client("execute")
        await client(None, colour="g")
        assert note(await client(None, n="1")) == ("info", "Ordered.")
        assert order.ordered == [("g", "1")]

    async def test_going_back(self, client: Client, order: Order) -> None:
        await client()
        await client("next", colour="r")
        assert title(await client("prev")) == "Which?"
        assert await client("prev") is Reason.BAD_ACTION
        await client("next", colour="g")
        await client("complete", n="2")
        assert order.ordered == [("g", "2")]

    async def test_asking_again(self, client: Client, order: Order) -> None:
        await client()
        await client("next", colour="r")
        for _ in range(3):
            again = await client("complete", n="many")
            assert note(again) == ("error", "Tins are counted in numbers.")
            assert title(again) == "How many?"
            assert actions(again) == ["complete", "prev"]
        await client("complete", n="4")
        assert order.ordered == [("r", "4")]

    async def test_pages(self, client: Client) -> None:
        """Long tables come one page after the other, as forms, which all clients show before the end."""
        await client()
        page = await client("next", colour="list")
        assert actions(page) == ["next", "prev", "complete"]
        assert isinstance(page, Element)
        form = page.find(FORM)
        assert form is not None
        assert form.get("type") == "form"
        assert [field.findtext("{*}value") for field in form.iter(FIELD)] == ["1 · Red"]
        second = await client("next")  # with a form or without
        assert isinstance(second, Element)
        assert second.findtext(".//{*}field/{*}value") == "2 · Red"
        last = await client(None, anything="x")
        assert isinstance(last, Element)
        assert note(last) == ("info", "All of them.\n3 · Red")
        assert last.find("{*}x[@type='result']/{*}item") is not None

    async def test_enough_pages(self, client: Client) -> None:
        await client()
        await client("next", colour="list")
        answer = await client("complete")
        assert isinstance(answer, Element)
        assert answer.get("status") == "completed"
        assert await client("next") is Reason.BAD_SESSION

    async def test_a_failure_can_be_tried_again(self, client: Client, order: Order) -> None:
        await client()
        with pytest.raises(RuntimeError):
            await client("next", colour="boom")
        await client("next", colour="r")
        await client("complete", n="5")
        assert order.ordered == [("r", "5")]


class TestSessions:
    """A session is good for one client and one command, for a while."""

    async def test_whose(self, order: Order) -> None:
        commands = Commands([order])
        mine = Client(commands)
        await mine()
        for other in (
            Client(commands, name="alice@cc.acme.test/desk"),
            Client(commands, name="alice@cc.acme.test"),
        ):
            other.session = mine.session
            assert await other("next", colour="r") is Reason.BAD_SESSION
        assert isinstance(await mine("next", colour="r"), Element)

    async def test_who_may_not(self, order: Order) -> None:
        stranger = Client(Commands([order]), name="bob@work.acme.test/x", party=BOB)
        assert await stranger() is Reason.COMMAND_FORBIDDEN

    async def test_expiry(self, order: Order) -> None:
        now = [0.0]
        client = Client(Commands([order], lambda: now[0]))
        await client()
        now[0] = LIFETIME_SECONDS + 1
        assert await client("next", colour="r") is Reason.SESSION_EXPIRED
        assert await client("next", colour="r") is Reason.BAD_SESSION

    async def test_many(self, order: Order) -> None:
        """Bounded for each account, and those nobody goes on with are let go (R2)."""
        now = [0.0]
        commands = Commands([order], lambda: now[0])
        clients = [Client(commands) for _ in range(MOST_EACH + 1)]
        for client in clients:
            await client()
        assert await clients[0]("next", colour="r") is Reason.BAD_SESSION
        assert isinstance(await clients[1]("next", colour="r"), Element)
        now[0] = LIFETIME_SECONDS + SWEEP_SECONDS + 1
        await Client(commands, name="alice@cc.acme.test/new")()
        assert len(commands._sessions) == 1


class TestAnswers:
    FIELDS = (
        choice("one", "One", COLOURS),
        choices("any", "Any", COLOURS),
        line("line", "Line"),
        lines("lines", "Lines"),
        switch("switch", "Switch"),
        said("words"),
        hidden("hidden", "x"),
        address("jid", "Address"),
        addresses("jids", "Addresses"),
    )

    def test_kinds(self) -> None:
        given = {
            "one": ("r",),
            "any": ("r", "g"),
            "lines": ("a", "", "b"),
            "switch": ("true",),
            "line": (" ",),
            "more": ("x",),
        }
        kept = checked(given, self.FIELDS)
        assert kept["any"] == ("r", "g")
        assert kept["lines"] == ("a", "", "b")
        assert kept["switch"] == ("1",)
        assert kept["line"] == kept["jids"] == ()
        assert "more" not in kept

    @pytest.mark.parametrize(
        "given",
        [
            {},
            {"one": ("",)},
            {"one": ("r", "g")},
            {"one": ("r",), "switch": ("perhaps",)},
            {"one": ("r",), "line": ("a", "b")},
            {"one": ("r",), "lines": ("x" * (MOST_CHARS + 1),)},
        ],
    )
    def test_what_no_form_allows(self, given: dict[str, tuple[str, ...]]) -> None:
        with pytest.raises(ValueError):
            checked(given, self.FIELDS)

    def test_every_kind_is_written(self) -> None:
        """XEP-0004 §3.3: a type each, a variable unless it is only words."""
        form = Form("T", "I", self.FIELDS).element()
        kinds = [(field.get("type"), field.get("var")) for field in form.iter(FIELD)]
        assert kinds == [
            ("list-single", "one"),
            ("list-multi", "any"),
            ("text-single", "line"),
            ("text-multi", "lines"),
            ("boolean", "switch"),
            ("fixed", None),
            ("hidden", "hidden"),
            ("jid-single", "jid"),
            ("jid-multi", "jids"),
        ]

    def test_a_card(self) -> None:
        card = Card("Alice", (line("title", "Title", "Agent"), said("words")))
        assert card.lines() == ["Title: Agent", "words"]
        assert card.element().get("type") == "result"
