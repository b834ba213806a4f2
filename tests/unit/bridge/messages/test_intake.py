"""The way into the bridge: order, waiting lines, and the rate of a sender."""

import asyncio
from xml.etree.ElementTree import Element

import pytest

from component.background_tasks import BackgroundTasks
from component.bridge.incoming import LONGEST_KNOWN, MOST_KNOWN, Incoming, Routes
from component.bridge.messages.lookups import Intake, LookedUp
from component.config.directory_file import make_directory
from component.directory.world import World
from component.model import Limits
from component.policy.classify import classify
from component.token_bucket import Buckets
from component.xml import parse
from tests.support.people import ACME, ALICE, BOB

ONLINE = LookedUp(sender_online=True)
NOBODY = World.of(())


def incoming(sender: str, id: str) -> Incoming:
    element = stanza(sender, "alice@agents.acme.test", id)
    route = Routes().find(NOBODY, element.get("from", ""), element.get("to", ""))
    assert route is not None
    return Incoming(element, classify(element), route)


def stanza(sender: str, receiver: str, id: str = "m1") -> Element:
    return parse(f"<message from='{sender}' to='{receiver}' id='{id}'><body>Hello</body></message>")


class Scene:
    """An intake whose look-ups the test answers, and what came out of it."""

    def __init__(self) -> None:
        self.judged: list[tuple[str, LookedUp]] = []
        self.overflown: list[str] = []
        self.failed: list[str] = []
        self.waiting: dict[str, asyncio.Future[LookedUp]] = {}
        self.intake = Intake(
            self._look_up,
            self._judge,
            lambda message: self.overflown.append(message.element.get("id", "")),
            lambda message: self.failed.append(message.element.get("id", "")),
            BackgroundTasks(),
        )

    def _look_up(self, message: Incoming) -> LookedUp | asyncio.Future[LookedUp]:
        """Ids that begin with ``w`` have to wait, those with ``!`` fail at once."""
        id = message.element.get("id", "")
        if id.startswith("!"):
            raise RuntimeError("a bug")
        if not id.startswith("w"):
            return ONLINE
        self.waiting[id] = asyncio.get_running_loop().create_future()
        return self.waiting[id]

    def _judge(self, message: Incoming, found: LookedUp) -> None:
        id = message.element.get("id", "")
        self.judged.append((id, found))
        if id.endswith("!"):
            raise RuntimeError("a bug")

    def receive(self, *messages: tuple[str, str]) -> None:
        for sender, id in messages:
            self.intake.receive(incoming(sender, id))

    @property
    def ids(self) -> list[str]:
        return [id for id, _ in self.judged]


async def settle() -> None:
    for _ in range(30):
        await asyncio.sleep(0)


class TestOrder:
    """R2: who waits for a look-up keeps their order, and holds up nobody else."""

    async def test_at_once(self) -> None:
        scene = Scene()
        scene.receive(("bob@x", "1"), ("erin@x", "2"), ("bob@x", "3"))
        assert scene.ids == ["1", "2", "3"]

    async def test_one_sender_waits(self) -> None:
        scene = Scene()
        scene.receive(("bob@x/a", "w1"), ("bob@x/b", "2"), ("erin@x", "3"))
        assert scene.ids == ["3"]
        scene.waiting["w1"].set_result(ONLINE)
        await settle()
        assert scene.ids == ["3", "w1", "2"]

    async def test_waiting_again(self) -> None:
        """One in the line needs a look-up too: those behind it go on waiting."""
        scene = Scene()
        scene.receive(("bob@x", "w1"), ("bob@x", "2"), ("bob@x", "w3"), ("bob@x", "4"))
        scene.waiting["w1"].set_result(ONLINE)
        await settle()
        assert scene.ids == ["w1", "2"]
        scene.receive(("bob@x", "5"))
        scene.waiting["w3"].set_result(ONLINE)
        await settle()
        assert scene.ids == ["w1", "2", "w3", "4", "5"]

    async def test_too_long_a_line(self) -> None:
        scene = Scene()
        scene.receive(("bob@x", "w0"), *(("bob@x", f"{number}") for number in range(1, 103)))
        assert scene.overflown == ["101", "102"]
        scene.waiting["w0"].set_result(ONLINE)
        await settle()
        assert scene.ids == ["w0", *(f"{number}" for number in range(1, 101))]


class TestBugs:
    """What raises costs one message, whose sender is told (R5), and none of those before and behind it (R2)."""

    async def test_of_a_look_up(self) -> None:
        scene = Scene()
        scene.receive(("bob@x", "w1"), ("bob@x", "2"), ("bob@x", "!3"), ("bob@x", "4"))
        scene.waiting["w1"].set_exception(RuntimeError("a bug"))
        await settle()
        assert scene.ids == ["2", "4"]
        assert scene.failed == ["w1", "!3"]

    async def test_of_a_verdict(self) -> None:
        scene = Scene()
        scene.receive(("bob@x", "0!"), ("bob@x", "w1!"), ("bob@x", "2!"), ("bob@x", "3"))
        scene.waiting["w1!"].set_result(ONLINE)
        await settle()
        assert scene.ids == ["0!", "w1!", "2!", "3"]
        assert scene.failed == ["0!", "w1!", "2!"]

    async def test_whose_message_it_was_is_in_the_log(self, caplog: pytest.LogCaptureFixture) -> None:
        scene = Scene()
        scene.receive(("bob@x/phone", "w1"))
        scene.waiting["w1"].set_exception(RuntimeError("a bug"))
        await settle()
        assert "from bob@x to alice@agents.acme.test could not be handled" in caplog.text
        assert "Hello" not in caplog.text


def test_addresses_that_are_none() -> None:
    for sender, receiver in (("", "alice@x"), ("bob@x", ""), ("@x", "alice@x"), ("bob@x", "a b@x")):
        assert Routes().find(NOBODY, sender, receiver) is None


def test_addresses_are_compared_prepared() -> None:
    route = Routes().find(NOBODY, "BOB@X/Phone", "Alice@X/y")
    assert route is not None
    assert (route.account, route.sender_address, route.address) == ("bob@x", "bob@x/Phone", "alice@x")


class TestBuckets:
    """C18: so many a second for long, so many at once."""

    def setup_method(self) -> None:
        self.now = 100.0
        self.limits = Limits(messages_per_second=2, burst=3)
        self.buckets = Buckets(lambda: self.limits, lambda: self.now)

    def taken(self, name: str, times: int) -> int:
        return sum(self.buckets.take(name) for _ in range(times))

    def test_a_burst(self) -> None:
        assert self.taken("bob", 5) == 3
        assert self.taken("erin", 5) == 3

    def test_the_rate(self) -> None:
        self.taken("bob", 5)
        self.now += 1
        assert self.taken("bob", 5) == 2
        self.now += 0.4
        assert self.taken("bob", 5) == 0
        self.now += 0.1
        assert self.taken("bob", 5) == 1

    def test_rest_saves_up_one_burst(self) -> None:
        self.taken("bob", 5)
        self.now += 3600
        assert self.taken("bob", 5) == 3

    def test_new_limits_count_at_once(self) -> None:
        """D1: a reload needs no restart."""
        self.limits = Limits(messages_per_second=2, burst=1)
        assert self.taken("bob", 5) == 1

    def test_senders_that_rest_are_forgotten(self) -> None:
        """R3: memory stays bounded, and nobody gains by it."""
        self.taken("bob", 5)
        for number in range(10_000):
            self.buckets.take(f"guest {number}")
            self.now += 0.01
        assert len(self.buckets._left) < 5_000
        for number in range(10_000):
            self.buckets.take(f"other {number}")
        assert self.taken("other 9999", 5) == 2


class TestRoutes:
    """D1: who writes to whom is as the directory is now, whatever is remembered."""

    BEFORE = World.of([(ACME, make_directory([ALICE.person, BOB.person]))])
    AFTER = World.of([(ACME, make_directory([ALICE.person]))])
    ADDRESSES = (f"{BOB.account}/phone", ALICE.face)

    def test_follow_a_reload(self) -> None:
        routes = Routes()
        for world, sender in ((self.BEFORE, BOB), (self.AFTER, None), (self.BEFORE, BOB)):
            route = routes.find(world, *self.ADDRESSES)
            assert route is not None
            assert route.sender == sender

    def test_of_a_message_that_waited(self) -> None:
        route = Routes().find(self.BEFORE, *self.ADDRESSES)
        assert route is not None
        now = route.now(self.AFTER)
        assert (now.account, now.resource, now.address) == (BOB.account, "phone", ALICE.face)
        assert (now.sender, now.receiver, now.people) == (None, None, None)

    @pytest.mark.parametrize(
        ("sender", "receiver"),
        [
            ("eve@work.acme.test/x", ALICE.face),
            (f"{BOB.account}/phone", "nobody@agents.acme.test"),
            (f"{BOB.account}/phone", "agents.acme.test"),
            (BOB.account, ALICE.face),
            ("work.acme.test", "agents.acme.test"),
        ],
    )
    def test_only_those_of_peoples_clients_to_people_are_known(self, sender: str, receiver: str) -> None:
        """R1: what a server, a guard or a stranger sends is looked at each time, as it may be for somebody else."""
        routes = Routes()
        assert routes.find(self.BEFORE, sender, receiver)
        assert routes.known(self.BEFORE, sender, receiver) is None

    def test_is_known_until_a_reload(self) -> None:
        routes = Routes()
        found = routes.find(self.BEFORE, *self.ADDRESSES)
        assert found is not None and found is routes.known(self.BEFORE, *self.ADDRESSES)
        assert routes.known(self.AFTER, *self.ADDRESSES) is None

    def test_what_is_known_is_bounded(self) -> None:
        """R2: also by somebody who logs in under ever new resources."""
        routes = Routes()
        for number in range(MOST_KNOWN + 10):
            routes.find(self.BEFORE, f"{BOB.account}/{number}", ALICE.face)
        routes.find(self.BEFORE, f"{BOB.account}/{'x' * LONGEST_KNOWN}", ALICE.face)
        assert 0 < len(routes._known) <= MOST_KNOWN
        assert all(len(sender) + len(face) <= LONGEST_KNOWN for sender, face in routes._known)
