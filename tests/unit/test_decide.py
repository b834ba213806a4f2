"""Verdicts: what becomes of a message, given what it carries and what is true at the moment. Pure."""

import pytest

from component.model import Limits, Party, Side
from component.policy.classify import classify
from component.policy.decide import MOST_FILES, Deliver, Drop, Refuse, Verdict, View, decide, refuse
from component.policy.features import Feature
from component.policy.matrix import Act
from component.policy.reasons import Reason
from component.xml import parse
from tests.support.people import ALICE, ALICE_AT_WORK, BOB, CAROL, ERIN, LENA, view

TEXT = "<body>Hello</body>"
TYPING = "<composing xmlns='http://jabber.org/protocol/chatstates'/>"
GONE = "<gone xmlns='http://jabber.org/protocol/chatstates'/>"
FILE = "<x xmlns='jabber:x:oob'><url>https://up.test/a</url></x>"
ANNOUNCED = "<file-sharing xmlns='urn:xmpp:sfs:0'><file xmlns='urn:xmpp:file:metadata:0'/></file-sharing>"
ELSEWHERE = (
    "<file-sharing xmlns='urn:xmpp:sfs:0'><sources><jinglepub xmlns='urn:xmpp:jinglepub:1'/></sources></file-sharing>"
)
STICKER = "<sticker xmlns='urn:xmpp:stickers:0' pack='p'/>"
HTML = "<html xmlns='http://jabber.org/protocol/xhtml-im'/>"
REPLY = (
    "<reply xmlns='urn:xmpp:reply:0' to='bob@work.acme.test' id='m0'/>"
    "<fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:reply:0'><body start='0' end='2'/></fallback>"
)
OMEMO = "<encrypted xmlns='eu.siacs.conversations.axolotl'><payload>AA</payload></encrypted>"
CORRECTION = "<replace xmlns='urn:xmpp:message-correct:0' id='m0'/>"
RETRACTION = "<retract xmlns='urn:xmpp:message-retract:1' id='m0'/>"

DIRECTIONS = [(BOB, ALICE), (ALICE, BOB), (ALICE, CAROL)]
IDS = ["work-to-agent", "agent-to-work", "agent-to-agent"]
every_direction = pytest.mark.parametrize(("sender", "receiver"), DIRECTIONS, ids=IDS)


def verdict(content: str, moment: View | None = None, type: str = "chat") -> Verdict:
    return decide(classify(parse(f"<message type='{type}'>{content}</message>")), moment or view())


def passed(content: str, moment: View | None = None) -> list[str]:
    """The features that a delivered message keeps."""
    result = verdict(content, moment)
    assert isinstance(result, Deliver)
    return [feature.name.lower() for feature, _ in result.parts]


class TestWho:
    """Section 2: the address decides before the content does."""

    def test_strangers(self) -> None:
        """M9: one answer, whether the face exists or not, and whatever else is wrong."""
        for receiver in (ALICE, None):
            for rest in ({}, {"over_rate": True}, {"to_service": True}, {"sender_online": False}):
                assert verdict(TEXT, view(None, receiver, **rest)) == Refuse(Reason.STRANGER)

    def test_too_fast(self) -> None:
        """C18"""
        assert verdict(TEXT, view(over_rate=True)) == Refuse(Reason.TOO_FAST)

    def test_no_live_session(self) -> None:
        """M8: nothing is told about the address to whom is not logged in."""
        for rest in ({}, {"receiver": None}, {"receiver": None, "to_service": True}, {"receiver": ERIN}):
            assert verdict(TEXT, view(**{"sender_online": False, **rest})) == Refuse(Reason.SENDER_OFFLINE)

    def test_nobody_knows_whether_there_is_one(self) -> None:
        """R3: a look-up that failed says nothing about the sender."""
        assert verdict(TEXT, view(sender_online=False, unknowable=True)) == Refuse(Reason.OVERLOADED)

    def test_no_such_face(self) -> None:
        """C2"""
        assert verdict(TEXT, view(receiver=None)) == Refuse(Reason.NO_SUCH_FACE)

    def test_a_service_is_nobody(self) -> None:
        """M7"""
        assert verdict(TEXT, view(receiver=None, to_service=True)) == Refuse(Reason.NOT_A_PERSON)

    @pytest.mark.parametrize(
        ("sender", "receiver", "reason"),
        [
            (ALICE_AT_WORK, ALICE, Reason.OWN_FACE),
            (ALICE, ALICE_AT_WORK, Reason.OWN_FACE),
            (BOB, ERIN, Reason.COLLEAGUE),
            (CAROL, LENA, Reason.OUTSIDE_GROUPS),
        ],
        ids=["M10", "M10-back", "M11", "M3"],
    )
    def test_who_may_not(self, sender: Party, receiver: Party, reason: Reason) -> None:
        """M3, M10, M11; whether the other one is logged in is told to nobody who may not write."""
        for online in (True, False):
            assert verdict(TEXT, view(sender, receiver, receiver_online=online)) == Refuse(reason)

    def test_a_reply_may_always(self) -> None:
        """M6"""
        assert isinstance(verdict(TEXT, view(CAROL, LENA, conversation_open=True)), Deliver)

    def test_a_receiver_who_is_out(self) -> None:
        """M1, M3: agents have to be logged in. M2: Work users need not."""
        assert verdict(TEXT, view(BOB, ALICE, receiver_online=False)) == Refuse(Reason.RECEIVER_OFFLINE)
        assert verdict(TEXT, view(CAROL, ALICE, receiver_online=False)) == Refuse(Reason.RECEIVER_OFFLINE)
        assert isinstance(verdict(TEXT, view(ALICE, BOB, receiver_online=False)), Deliver)


class TestWhat:
    """Section 4."""

    @every_direction
    def test_text_goes_on(self, sender: Party, receiver: Party) -> None:
        """C1, C11"""
        rich = (
            f"{TEXT}<thread>t</thread><origin-id xmlns='urn:xmpp:sid:0' id='m1'/><unstyled xmlns='urn:xmpp:styling:0'/>"
        )
        assert passed(rich, view(sender, receiver)) == ["body", "thread", "origin_id", "unstyled"]

    @pytest.mark.parametrize("type", ["headline", "error"])
    def test_other_types_go_nowhere(self, type: str) -> None:
        """C1; an error is never answered, not even a stranger's."""
        for moment in (view(), view(None), view(over_rate=True), view(receiver=None)):
            assert isinstance(verdict(TEXT, moment, type), Drop)

    def test_group_chat(self) -> None:
        """C3"""
        assert verdict(TEXT, type="groupchat") == Refuse(Reason.GROUP_CHAT)
        assert verdict("<subject>x</subject>", type="groupchat") == Drop("C3")

    @pytest.mark.parametrize("content", [f"{TEXT}{FILE}", ANNOUNCED, ELSEWHERE, f"{TEXT}{STICKER}", STICKER])
    @pytest.mark.parametrize(("sender", "receiver"), DIRECTIONS[1:], ids=IDS[1:])
    def test_files_of_agents(self, content: str, sender: Party, receiver: Party) -> None:
        """C5"""
        assert verdict(content, view(sender, receiver)) == Refuse(Reason.FILE)

    def test_files_of_work_users(self) -> None:
        """C5: what is on the web goes on as a link."""
        for content in (f"{TEXT}{FILE}", FILE, f"{TEXT}{FILE}{ANNOUNCED}{STICKER}", f"{FILE}{ELSEWHERE}"):
            result = verdict(content)
            assert isinstance(result, Deliver)
            assert [file.url for file in result.files] == ["https://up.test/a"]
        assert verdict(FILE, view(receiver_online=False)) == Refuse(Reason.RECEIVER_OFFLINE)

    def test_files_that_cannot_be_passed_on(self) -> None:
        """C5: the sender has to know. What is only announced may still come."""
        for content in (ELSEWHERE, f"{TEXT}{ELSEWHERE}", f"{FILE}{ELSEWHERE}{ELSEWHERE}", STICKER):
            assert verdict(content) == Refuse(Reason.NOT_ON_THE_WEB)
        assert verdict(ANNOUNCED) == Drop("C5")
        assert passed(f"{TEXT}{ANNOUNCED}") == ["body"]
        assert passed(f"{TEXT}{STICKER}") == ["body"]

    def test_many_files(self) -> None:
        """R2: each costs a link."""
        oob = "<x xmlns='jabber:x:oob'><url>https://up.test/{}</url></x>"
        assert isinstance(verdict("".join(map(oob.format, range(MOST_FILES)))), Deliver)
        assert verdict("".join(map(oob.format, range(MOST_FILES + 1)))) == Refuse(Reason.TOO_LARGE)

    @every_direction
    def test_notices_are_stripped(self, sender: Party, receiver: Party) -> None:
        """C8, C9, C15: the text goes on without them, and alone they go nowhere."""
        receipt, nick = "<request xmlns='urn:xmpp:receipts'/>", "<nick xmlns='http://jabber.org/protocol/nick'>B</nick>"
        assert passed(f"{TYPING}{receipt}{TEXT}{nick}", view(sender, receiver)) == ["body"]
        assert isinstance(verdict(f"{TYPING}{receipt}{nick}", view(sender, receiver)), Drop)

    def test_a_server_message_with_an_event(self) -> None:
        """C15: events carry a body for old clients, which nobody wrote."""
        event = "<event xmlns='http://jabber.org/protocol/pubsub#event'/>"
        assert verdict(f"{TEXT}{event}") == Drop("C15")

    @every_direction
    def test_rich_text_of_no_use(self, sender: Party, receiver: Party) -> None:
        """C10: the plain body, and an answer if there is none."""
        result = verdict(f"{HTML}{TEXT}", view(sender, receiver))
        assert isinstance(result, Deliver)
        assert (passed(f"{HTML}{TEXT}", view(sender, receiver)), result.rich) == (["body"], None)
        assert verdict(HTML, view(sender, receiver)) == Refuse(Reason.NO_PLAIN_TEXT)

    @pytest.mark.parametrize(
        ("sender", "receiver", "alone", "with_text"),
        [
            (BOB, ALICE, Act.TEXT, None),
            (ALICE, BOB, Act.PAGE, Act.PAGE),
            (ALICE, CAROL, Act.REBUILD, Act.REBUILD),
        ],
        ids=IDS,
    )
    def test_rich_text(self, sender: Party, receiver: Party, alone: Act, with_text: Act | None) -> None:
        """C10; C18: its plain text counts as a body does."""
        for content, act in ((HTML, alone), (f"{HTML}{TEXT}", with_text)):
            result = verdict(content, view(sender, receiver, rich_chars=5))
            assert isinstance(result, Deliver)
            assert result.rich is act
        too_long = view(sender, receiver, rich_chars=6, limits=Limits(body_chars=5))
        assert verdict(HTML, too_long) == Refuse(Reason.TOO_LARGE)
        assert verdict(HTML, view(sender, receiver, rich_chars=5, sender_online=False)) == Refuse(Reason.SENDER_OFFLINE)
        if receiver.side is Side.AGENT:
            out = view(sender, receiver, rich_chars=5, receiver_online=False)
            assert verdict(HTML, out) == Refuse(Reason.RECEIVER_OFFLINE)

    def test_encryption(self) -> None:
        """C16: the text beside it says only that it is encrypted; keys alone say nothing."""
        assert verdict(f"{OMEMO}{TEXT}") == Refuse(Reason.ENCRYPTED)
        assert verdict("<body>?OTR:AAM.</body>") == Refuse(Reason.ENCRYPTED)
        mark = "<encryption xmlns='urn:xmpp:eme:0' namespace='of:tomorrow'/>"
        assert verdict(f"{TEXT}{mark}") == Refuse(Reason.ENCRYPTED)
        assert isinstance(verdict(f"<encrypted xmlns='urn:xmpp:omemo:2'/>{mark}"), Drop)
        assert passed(f"{TEXT}<encrypted xmlns='urn:xmpp:omemo:2'/>") == ["body"]

    def test_calls(self) -> None:
        """C7: an offer is answered, so that it stops ringing; everything after it is not."""
        assert verdict("<propose xmlns='urn:xmpp:jingle-message:0' id='c'/>") == Refuse(Reason.LIVE_TRANSFER)
        assert verdict("<retract xmlns='urn:xmpp:jingle-message:0' id='c'/>") == Drop("C7")

    def test_corrections_and_retractions(self) -> None:
        """C12, C13: a retraction says something without a text, a correction does not."""
        assert passed(f"{TEXT}{CORRECTION}") == ["body", "correction"]
        assert passed(RETRACTION) == ["retraction"]
        assert isinstance(verdict(CORRECTION), Drop)
        assert verdict(f"{OMEMO}{CORRECTION}") == Refuse(Reason.ENCRYPTED)

    def test_replies(self) -> None:
        """C14: without its target a reply is a text, and then nothing of it is a fallback."""
        assert passed(f"{TEXT}{REPLY}", view(reply_visible=True)) == ["body", "reply", "fallback"]
        assert passed(f"{TEXT}{REPLY}", view(reply_visible=False)) == ["body"]

    def test_only_one_reply(self) -> None:
        """C14: the first was looked up; another one could name anything."""
        second = "<reply xmlns='urn:xmpp:reply:0' id='unseen'/>"
        assert passed(f"{TEXT}{REPLY}{second}", view(reply_visible=True)) == ["body", "reply", "fallback"]

    def test_fallbacks_of_what_does_not_pass(self) -> None:
        """C14: a mark that stays alone would hide the text."""
        other = "<fallback xmlns='urn:xmpp:fallback:0' for='of:nobody'/><fallback xmlns='urn:xmpp:fallback:0'/>"
        assert passed(f"{TEXT}{other}{RETRACTION}") == ["body", "retraction"]

    def test_both_languages_go_on(self) -> None:
        assert passed("<body>Hello</body><body xml:lang='de'>Hallo</body>") == ["body", "body"]

    @pytest.mark.parametrize("limits", [Limits(body_chars=4), Limits(stanza_bytes=40)])
    def test_oversize(self, limits: Limits) -> None:
        """C18"""
        assert verdict(TEXT, view(limits=limits)) == Refuse(Reason.TOO_LARGE)

    def test_texts_in_all_languages_count_together(self) -> None:
        """C18"""
        two = "<body>Hello</body><body xml:lang='de'>Hallo</body>"
        assert verdict(two, view(limits=Limits(body_chars=9))) == Refuse(Reason.TOO_LARGE)
        assert isinstance(verdict(two, view(limits=Limits(body_chars=10))), Deliver)

    def test_two_texts_in_one_language(self) -> None:
        """C1, RFC 6121 §5.2.3: nobody knows which one the other side would see, so the sender is told."""
        assert verdict("<body>Hello</body><body>Good bye</body>") == Refuse(Reason.SAME_LANGUAGE)

    def test_long_ids(self) -> None:
        """C18, A11"""
        assert isinstance(verdict(f"{TEXT}<thread>{'t' * 3_000}</thread>"), Deliver)
        assert verdict(f"{TEXT}<thread>{'t' * 200_000}</thread>") == Refuse(Reason.TOO_LARGE)

    def test_what_hides_counts_too(self) -> None:
        """C18: an element that would be stripped takes up room until then."""
        hidden = f"<x xmlns='of:nobody'>{'a' * 1000}</x>"
        assert verdict(TEXT + hidden, view(limits=Limits(stanza_bytes=1000))) == Refuse(Reason.TOO_LARGE)

    def test_unknown_elements(self) -> None:
        """Default deny: the text goes on without them; left with nothing, a message goes nowhere."""
        assert passed(f"<x xmlns='of:nobody'/>{TEXT}") == ["body"]
        assert isinstance(verdict("<x xmlns='of:nobody'/>"), Drop)


class TestEnd:
    """V2: between agents ``gone`` ends the conversation, with or without a last word."""

    def test_gone(self) -> None:
        assert verdict(GONE, view(ALICE, CAROL)) == Drop("C8", ends=True)
        last = verdict(f"{TEXT}{GONE}", view(ALICE, CAROL))
        assert isinstance(last, Deliver)
        assert last.ends
        assert [feature for feature, _ in last.parts] == [Feature.BODY]

    @pytest.mark.parametrize(("sender", "receiver"), DIRECTIONS[:2], ids=IDS[:2])
    def test_chats_with_work_users_do_not_end(self, sender: Party, receiver: Party) -> None:
        """V4"""
        result = verdict(f"{TEXT}{GONE}", view(sender, receiver))
        assert isinstance(result, Deliver)
        assert not result.ends
        assert verdict(GONE, view(sender, receiver)) == Drop("C1")

    def test_who_may_not_write_ends_nothing(self) -> None:
        assert verdict(GONE, view(CAROL, LENA)) == Drop("M3")


class TestNoAnswers:
    """A notice is never answered, whatever the reason for refusing it."""

    @pytest.mark.parametrize("reason", Reason, ids=lambda reason: reason.name)
    def test_refusing_a_notice(self, reason: Reason) -> None:
        notice = classify(parse(f"<message type='chat'>{TYPING}</message>"))
        assert refuse(reason, notice) == Drop(reason.spec)

    @pytest.mark.parametrize(
        "moment",
        [
            view(None),
            view(over_rate=True),
            view(receiver=None),
            view(receiver=None, to_service=True),
            view(sender_online=False),
            view(unknowable=True),
            view(receiver=ERIN),
            view(ALICE_AT_WORK, ALICE),
            view(receiver_online=False),
            view(limits=Limits(stanza_bytes=1)),
        ],
    )
    def test_at_any_moment(self, moment: View) -> None:
        for content in (TYPING, GONE, "", "<received xmlns='urn:xmpp:receipts' id='m0'/>"):
            assert isinstance(verdict(content, moment), Drop)
