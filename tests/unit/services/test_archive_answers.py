"""A6, AD2: an archived message as its sender and its receiver see it. Pure."""

from dataclasses import replace
from xml.etree.ElementTree import Element

import pytest

from component.config.directory_file import make_directory
from component.directory.world import World
from component.model import Party
from component.services.archive_answers import MOST_CHARS, as_seen_by, shortened
from component.store.api import ArchivedMessage, Page
from component.xml import parse, serialise
from tests.support.people import ACME, ALICE, BOB, CAROL

WORLD = World.of([(ACME, make_directory([ALICE.person, BOB.person, CAROL.person]))])
AFTER_BOB_LEFT = World.of([(ACME, make_directory([ALICE.person, CAROL.person]))])

BY_BOB = ArchivedMessage(
    id=7,
    conversation_id=1,
    seq=7,
    sent_at=0,
    sender=f"{BOB.account}/dino",
    receiver=f"{ALICE.face}/deskbridge",
    sender_account=BOB.account,
    receiver_account=ALICE.account,
    type="chat",
    payload="<body>Hello &amp; good-bye</body>",
    body="Hello & good-bye",
    client_id="m7",
    origin_id=None,
    withdrawn_at=None,
)
BY_ALICE = replace(
    BY_BOB,
    sender=f"{ALICE.account}/gajim",
    receiver=BOB.face,
    sender_account=ALICE.account,
    receiver_account=BOB.account,
)


def seen(viewer: Party, message: ArchivedMessage, world: World = WORLD) -> Element:
    return parse(as_seen_by(viewer, message, world))


def test_what_was_received() -> None:
    """From the other's face to the own bare account, as it was delivered."""
    assert as_seen_by(ALICE, BY_BOB, WORLD) == (
        '<message from="bob@directory.acme.test" to="alice@cc.acme.test" type="chat" id="m7">'
        "<body>Hello &amp; good-bye</body></message>"
    )


def test_what_was_sent() -> None:
    """From the client that sent it to the other's face."""
    message = seen(ALICE, BY_ALICE)
    assert (message.get("from"), message.get("to")) == ("alice@cc.acme.test/gajim", "bob@directory.acme.test")


@pytest.mark.parametrize("message", [BY_BOB, BY_ALICE])
def test_who_left_the_directory_keeps_the_face(message: ArchivedMessage) -> None:
    assert seen(ALICE, message, AFTER_BOB_LEFT).attrib == seen(ALICE, message).attrib


@pytest.mark.parametrize("message", [BY_BOB, BY_ALICE])
def test_a_host_that_is_not_configured_any_more(message: ArchivedMessage) -> None:
    """There is no face then, and still no real address."""
    old, gone = BOB.account, "bob@old.acme.test"
    accounts = {"sender": message.sender.replace(old, gone)}
    accounts |= {name: getattr(message, name).replace(old, gone) for name in ("sender_account", "receiver_account")}
    shown = seen(ALICE, replace(message, **accounts))
    assert "agents.acme.test" in (shown.get("from"), shown.get("to"))
    assert gone not in serialise(shown)


class TestOwnIds:
    """An id that looks like an address crosses as its digest; its owner knows it as it was."""

    def test_of_the_stanza(self) -> None:
        message = replace(BY_ALICE, client_id="1@gajim")
        assert seen(ALICE, message).get("id") == "1@gajim"
        assert "@" not in (seen(BOB, message).get("id") or "@")

    def test_what_they_wrote(self) -> None:
        """Each side has its own version."""
        message = replace(BY_ALICE, payload="<body>made for Bob</body>", sent_payload="<body>by Alice</body>")
        assert seen(ALICE, message).findtext("{*}body") == "by Alice"
        assert seen(BOB, message).findtext("{*}body") == "made for Bob"


class TestLongPages:
    """R2: a page of very long messages is a shorter one."""

    def page(self, *sizes: int) -> Page:
        return Page(tuple(replace(BY_BOB, payload="x" * size) for size in sizes), 10, complete=True)

    def sizes(self, page: Page) -> list[int]:
        return [len(message.payload) for message in page.messages]

    def test_all_fit(self) -> None:
        page = self.page(10, 20, 30)
        assert shortened(page, False) is page

    def test_the_longer_version_counts(self) -> None:
        page = Page((replace(BY_BOB, sent_payload="x" * MOST_CHARS), BY_BOB), 10, complete=True)
        assert shortened(page, False).messages == page.messages[:1]

    def test_nothing_at_all(self) -> None:
        assert shortened(self.page(), True) == self.page()

    @pytest.mark.parametrize(("backwards", "kept"), [(False, [1, MOST_CHARS - 1]), (True, [2, 3])])
    def test_the_end_that_was_asked_for(self, backwards: bool, kept: list[int]) -> None:
        page = shortened(self.page(1, MOST_CHARS - 1, 2, 3), backwards)
        assert (self.sizes(page), page.complete, page.count) == (kept, False, 10)

    def test_at_least_one(self) -> None:
        page = shortened(self.page(MOST_CHARS + 1, 1), False)
        assert (self.sizes(page), page.complete) == ([MOST_CHARS + 1], False)
