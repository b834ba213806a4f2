"""What counts as a client's second try of a message, and what as a new one that only looks the same (A5)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from component.bridge.state.recent_ids import RECONNECT_US, REMEMBERED_US, Recent

ALICE, BOB, ERIN = "alice@x", "bob@y", "erin@y"
MINUTE_US = 60 * 1_000_000


class Sender:
    """Alice's client, which says things with ids, and hears which of them were taken."""

    def __init__(self, recent: Recent, resource: str = "desk", now: int = 0) -> None:
        self.recent = recent
        self.resource = resource
        self.now = now
        self.shown = True

    def says(self, id: str, text: str = "ok", to: str = BOB) -> bool:
        key = (ALICE, to, id)
        if self.recent.has(key, text, self.now, self.resource, self.shown):
            return False
        self.recent.add(key, text, self.now, self.resource)
        return True

    def logs_out(self) -> None:
        self.recent.ended(ALICE, self.resource, self.now, goodbye=True)

    def is_lost(self) -> None:
        self.recent.ended(ALICE, self.resource, self.now, goodbye=False)

    def logs_in(self, after_us: int = MINUTE_US, resource: str = "desk") -> None:
        self.now += after_us
        self.resource = resource
        self.recent.began(ALICE, resource, self.now)


@pytest.fixture
def alice() -> Sender:
    return Sender(Recent())


class TestInOneSession:
    def test_the_same_again_is_a_second_try(self, alice: Sender) -> None:
        assert [alice.says("1"), alice.says("1"), alice.says("1")] == [True, False, False]

    def test_once_something_came_between_it_is_a_new_message(self, alice: Sender) -> None:
        assert all([alice.says("1"), alice.says("2"), alice.says("1")])

    def test_something_without_an_id_comes_between_too(self, alice: Sender) -> None:
        assert all([alice.says("1"), alice.says("", "Hm"), alice.says("1")])

    def test_what_goes_to_somebody_else_does_not_come_between(self, alice: Sender) -> None:
        assert [alice.says("1"), alice.says("2", to=ERIN), alice.says("1")] == [True, True, False]

    def test_what_tells_messages_apart(self, alice: Sender) -> None:
        """Another text, another receiver, another id, another client; and without an id nothing is told."""
        assert all([alice.says("1"), alice.says("1", "no"), alice.says("1", "no", to=ERIN), alice.says("2", "no")])
        alice.resource = "phone"
        assert alice.says("2", "no")
        assert all([alice.says(""), alice.says("")])

    def test_for_ten_minutes(self, alice: Sender) -> None:
        assert alice.says("1")
        alice.now = REMEMBERED_US
        assert not alice.says("1")
        alice.now += 1
        assert alice.says("1")

    def test_what_came_back_counts_as_not_sent(self, alice: Sender) -> None:
        alice.says("1")
        for _ in range(2):
            alice.recent.forget((ALICE, BOB, "1"))
        assert alice.says("1")


class TestInANewSession:
    def test_after_a_log_out_nothing_is_a_second_try(self, alice: Sender) -> None:
        """A script that counts from one, and says *ok* each time."""
        for _ in range(3):
            assert alice.says("1")
            alice.logs_out()
            alice.logs_in()

    @pytest.mark.parametrize("resource", ["desk", "other"])
    def test_after_a_loss_all_that_is_repeated_in_its_order_is(self, alice: Sender, resource: str) -> None:
        texts = [(str(number), f"Line {number}") for number in range(5)]
        assert all([alice.says(*text) for text in texts])
        alice.is_lost()
        alice.logs_in(resource=resource)
        assert [alice.says(*text) for text in [*texts[2:], ("5", "Line 5")]] == [False, False, False, True]

    def test_what_is_repeated_twice_is_too(self, alice: Sender) -> None:
        alice.says("1")
        alice.says("2")
        alice.is_lost()
        alice.logs_in()
        assert not any([alice.says("1"), alice.says("1"), alice.says("2"), alice.says("2")])

    def test_each_receiver_has_an_order_of_its_own(self, alice: Sender) -> None:
        alice.says("1", to=ERIN)
        alice.says("2", to=BOB)
        alice.is_lost()
        alice.logs_in()
        assert alice.says("3", to=ERIN)
        assert not alice.says("2", to=BOB)

    def test_after_something_new_nothing_is_any_more(self, alice: Sender) -> None:
        """Its ids begin from one again."""
        assert all([alice.says("1", "Hello"), alice.says("2", "ok")])
        alice.is_lost()
        alice.logs_in()
        assert all([alice.says("1", "Back again"), alice.says("2", "ok")])

    def test_long_after_the_loss_nothing_is(self, alice: Sender) -> None:
        alice.says("1")
        alice.is_lost()
        alice.logs_in(after_us=RECONNECT_US + 1)
        assert alice.says("1")

    def test_nor_if_another_client_merely_came(self, alice: Sender) -> None:
        alice.says("1")
        alice.logs_in(resource="phone")
        assert alice.says("1")

    def test_nor_of_one_that_does_not_show_itself(self, alice: Sender) -> None:
        """A script that logs in for each message, which nobody tells, and counts from one."""
        alice.shown = False
        assert all([alice.says("1"), alice.says("1")])

    def test_unless_it_comes_back_before_it_shows_itself(self, alice: Sender) -> None:
        alice.says("1")
        alice.is_lost()
        alice.shown = False
        alice.now += RECONNECT_US
        assert not alice.says("1")
        alice.now += 1
        assert alice.says("1")

    def test_a_log_out_ends_one_clients_past_only(self, alice: Sender) -> None:
        alice.says("1")
        alice.recent.ended(ALICE, "phone", 0, goodbye=True)
        assert not alice.says("1")


class TestAfterARestart:
    """Of what the archive has, it is not known which client it came from."""

    @pytest.fixture
    def restarted(self) -> Sender:
        recent = Recent()
        for number in range(3):
            recent.add((ALICE, BOB, str(number)), f"Line {number}", number, None)
        recent.all_lost(MINUTE_US)
        return Sender(recent, now=MINUTE_US)

    def test_who_shows_itself_may_repeat_all(self, restarted: Sender) -> None:
        restarted.logs_in(after_us=1)
        assert not any([restarted.says(str(number), f"Line {number}") for number in range(3)])

    def test_who_does_not_may_repeat_the_last(self, restarted: Sender) -> None:
        restarted.shown = False
        assert not restarted.says("2", "Line 2")
        assert restarted.says("1", "Line 1")


@given(st.lists(st.sampled_from("abc"), max_size=12), st.data())
def test_whatever_a_lost_client_repeats_is_delivered_once(texts: list[str], data: st.DataObject) -> None:
    """It sends again, in order, from some message on, and goes on with new ones; its ids are its own."""
    alice = Sender(Recent())
    sent = list(enumerate(texts))
    assert all([alice.says(f"id{number}", text) for number, text in sent])
    alice.is_lost()
    alice.logs_in()
    first = data.draw(st.integers(0, len(sent)))
    assert not any([alice.says(f"id{number}", text) for number, text in sent[first:]])
    assert all([alice.says(f"new{number}", text) for number, text in sent])


@given(st.lists(st.lists(st.sampled_from("ab"), min_size=1, max_size=6), max_size=6))
def test_a_client_that_counts_from_one_and_logs_out_loses_nothing(sessions: list[list[str]]) -> None:
    alice = Sender(Recent())
    for texts in sessions:
        alice.logs_in(after_us=1)
        assert all([alice.says(str(number), text) for number, text in enumerate(texts, 1)])
        alice.logs_out()


_EVENTS = st.one_of(
    st.tuples(st.just("says"), st.sampled_from("12"), st.sampled_from("ab"), st.sampled_from([BOB, ERIN])),
    st.sampled_from([("logs_out",), ("is_lost",), ("logs_in",)]),
)


@given(st.lists(_EVENTS, max_size=40))
def test_what_is_new_to_a_receiver_is_never_taken_for_a_second_try(events: list[tuple[str, ...]]) -> None:
    alice = Sender(Recent())
    known: set[tuple[str, ...]] = set()
    for name, *arguments in events:
        taken = getattr(alice, name)(*arguments)
        if name == "says":
            assert taken or tuple(arguments) in known
            known.add(tuple(arguments))


def test_memory_stays_bounded() -> None:
    """R3: by time, and by number."""
    recent = Recent()
    alice = Sender(recent)
    alice.says("1")
    for number in range(50_000):
        recent.add(("a", "b", f"{number}"), "x", number, "desk")
    assert recent.remembered == 50_000
    assert alice.says("1")
    recent.add(("a", "b", "1"), "y", REMEMBERED_US + 100_000, "desk")
    assert recent.remembered == 1
