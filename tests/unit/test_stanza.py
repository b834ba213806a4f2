"""Building and reading stanzas. Pure: what goes in and what comes out, as text."""

from xml.etree.ElementTree import Element, tostring

import pytest

from component.outgoing.archive_id import ArchiveIds, Role
from component.outgoing.message_stanzas import (
    SHAPES,
    Envelope,
    decline,
    delay,
    envelope,
    notice,
    opaque,
    reply,
    stanza_ids,
    written,
)
from component.policy.reasons import Reason
from component.xep.forms import MOST_FIELDS, Form, answers, choice
from component.xep.stanza_errors import condition_of, error, is_error, refusal
from component.xml import parse, parse_children, serialise
from tests.support.people import ALICE, BOB
from tests.support.work import work

FORM = "jabber:x:data"


class TestElements:
    """Text and back."""

    @pytest.mark.parametrize(
        "text",
        [
            "<body>a &lt; b &amp;&amp; c &gt; d</body>",
            "<body>line\nline&#13;line\ttab</body>",
            "<body>👍 ﷽ \u202e</body>",
            "<x xmlns='of:nobody' a='&quot;&apos;&lt;&#10;&#9;&#13;'><y/>tail<z xmlns='of:others'>in</z>tail</x>",
            "<body xml:lang='de'>Hallo</body>",
            "<x xmlns='a&amp;b'/>",
        ],
    )
    def test_there_and_back(self, text: str) -> None:
        element = parse(text)
        assert tostring(parse(serialise(element))) == tostring(element)

    def test_no_prefixes(self) -> None:
        """Attributes in other namespaces would need one, and are left out."""
        element = parse("<p:x xmlns:p='of:nobody' p:a='1' b='2'><p:y/></p:x>")
        assert serialise(element) == '<x xmlns="of:nobody" b="2"><y/></x>'

    @pytest.mark.parametrize(
        "written", ["'<&>'", "\"'>'>\"", "'\">\">'", "'\"\"&apos;&quot;'", "\"''&quot;&apos;>\"", "'&#10;&#13;&#9;'"]
    )
    def test_attributes_get_no_longer(self, written: str) -> None:
        """R5: whoever wrote it had to escape it as well."""
        written = written.replace("<&", "&lt;&amp;")
        element = parse(f"<x id={written}/>")
        assert len(serialise(element)) <= len(f"<x id={written}/>")
        assert parse(serialise(element)).get("id") == element.get("id")

    def test_clients_namespace(self) -> None:
        """What comes from a client's stream stands in ours without a namespace of its own."""
        element = parse("<body xmlns='jabber:client'>Hello</body>")
        assert serialise(element) == "<body>Hello</body>"


class TestErrors:
    """RFC 6120 §8.3"""

    REFUSED = (
        "<message from='bob@work.acme.test/b' to='alice@agents.acme.test/x' id='m1' type='chat'>"
        "<body>Hi</body></message>"
    )

    def test_refusal(self) -> None:
        """From the face addressed, to the client that sent it, with its id, and the text before the error, which some
        clients need to show it (RFC 6120 §8.3.1)."""
        assert serialise(refusal(parse(self.REFUSED), Reason.RECEIVER_OFFLINE)) == (
            '<message from="alice@agents.acme.test/x" to="bob@work.acme.test/b" type="error" id="m1"><body>Hi</body>'
            '<error type="wait"><recipient-unavailable xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/>'
            '<text xmlns="urn:ietf:params:xml:ns:xmpp-stanzas" xml:lang="en">This agent is logged out. Your message '
            "was not delivered and will not be delivered later; send it again when the agent is online.</text>"
            "</error></message>"
        )

    def test_what_a_refusal_repeats(self) -> None:
        """All texts and the thread as they came, and nothing else; what is too long is left out, not cut."""
        wanted = '<body>Hi</body><body xml:lang="de">Hallo</body><thread parent="p">t@x</thread>'
        others = "<origin-id xmlns='urn:xmpp:sid:0' id='o'/><x xmlns='jabber:x:oob'><url>https://a.test/b</url></x>"
        many = "".join(f"<body xml:lang='a{number}'>{'x' * 4_000}</body>" for number in range(9))

        def repeated(content: str, stanza: str = "message") -> str:
            refused = parse(f"<{stanza} from='a@b/c' to='c@d' type='chat'>{content}</{stanza}>")
            return "".join(map(serialise, refusal(refused, Reason.TOO_LARGE)[:-1]))

        assert repeated(others + wanted + others) == wanted
        assert repeated(f"<body>{'x' * 100_000}</body>") == ""
        assert repeated(many).count("<body") == 1
        assert repeated(wanted, "iq") == repeated(wanted, "presence") == ""

    def test_no_id(self) -> None:
        answer = error(parse("<message from='a@b' to='c@d'/>"), "cancel", "not-allowed", "No.")
        assert "id" not in answer.attrib

    def test_a_condition_of_the_protocols_own(self) -> None:
        """XEP-0050 §4.4"""
        answer = refusal(parse("<iq from='a@b/c' to='d' id='i1' type='set'/>"), Reason.BAD_SESSION)
        assert condition_of(answer) == "bad-request"
        assert answer.find("{*}error/{http://jabber.org/protocol/commands}bad-sessionid") is not None

    @pytest.mark.parametrize("reason", Reason, ids=lambda reason: reason.name)
    def test_every_reason(self, reason: Reason) -> None:
        """R4: each has words for people, and they are sentences."""
        answer = refusal(parse(self.REFUSED), reason)
        assert is_error(answer)
        assert condition_of(answer) == reason.value.condition
        assert reason.value.type in ("auth", "cancel", "modify", "wait")
        assert reason.value.text.endswith(".")

    @pytest.mark.parametrize(
        "content", ["", "<error type='cancel'/>", "<error><text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"]
    )
    def test_an_error_without_a_condition(self, content: str) -> None:
        assert condition_of(parse(f"<message type='error'>{content}</message>")) == ""


class TestCut:
    """What of an element can reach the other side."""

    @pytest.mark.parametrize(
        ("before", "after"),
        [
            ("<body>Hello</body>", "<body>Hello</body>"),
            ("<body xml:lang='de' to='x'>Ha<b>ll</b>o</body>", '<body xml:lang="de">Ha</body>'),
            ("<body xml:lang='bob@work.acme.test'>Hi</body>", "<body>Hi</body>"),
            ("<thread parent='p'>t<x/></thread>", '<thread parent="p">t</thread>'),
            ("<unstyled xmlns='urn:xmpp:styling:0'>Hi</unstyled>", '<unstyled xmlns="urn:xmpp:styling:0"/>'),
            (
                "<origin-id xmlns='urn:xmpp:sid:0' id='m1' by='bob@work.acme.test'/>",
                '<origin-id xmlns="urn:xmpp:sid:0" id="m1"/>',
            ),
            (
                "<replace xmlns='urn:xmpp:message-correct:0' id='m0'><x/></replace>",
                '<replace xmlns="urn:xmpp:message-correct:0" id="m0"/>',
            ),
            (
                "<retract xmlns='urn:xmpp:message-retract:1' id='m0'>"
                "<moderated xmlns='urn:xmpp:message-moderate:1' by='bob@work.acme.test'/></retract>",
                '<retract xmlns="urn:xmpp:message-retract:1" id="m0"/>',
            ),
            (
                "<fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:reply:0' x='y'>"
                "<subject/><body start='0' end='-7'/><x/></fallback>",
                '<fallback xmlns="urn:xmpp:fallback:0" for="urn:xmpp:reply:0"><subject/><body start="0"/></fallback>',
            ),
        ],
    )
    def test_to_its_shape(self, before: str, after: str) -> None:
        assert written(parse(before)) == after

    def test_what_has_no_shape(self) -> None:
        """Default deny: it cannot even be built."""
        with pytest.raises(KeyError):
            written(parse("<nick xmlns='http://jabber.org/protocol/nick'>Bob</nick>"))

    def test_the_original_stays(self) -> None:
        element = parse("<body to='x'>Hello</body>")
        assert written(element) == "<body>Hello</body>"
        assert element.get("to") == "x"

    def test_reply(self) -> None:
        """C14: the author goes by the address that the receiver knows."""
        assert reply("bob@directory.acme.test", "<&'\">") == (
            '<reply xmlns="urn:xmpp:reply:0" id="&lt;&amp;&apos;&quot;&gt;" to="bob@directory.acme.test"/>'
        )

    def test_ids_that_hold_addresses(self) -> None:
        """AD2: they cross as another id, which is the same wherever it is named."""
        assert opaque("b0f6ec83-0d5f") == "b0f6ec83-0d5f"
        hidden = opaque("bob@work.acme.test/b-17")
        assert "bob" not in hidden
        assert hidden == opaque("bob@work.acme.test/b-17") != opaque("bob@work.acme.test/b-18")
        sent = parse(envelope("f@x", "a@y", "chat", "bob@work.acme.test/b-17", ""))
        later = parse(written(parse("<replace xmlns='urn:xmpp:message-correct:0' id='bob@work.acme.test/b-17'/>")))
        assert sent.get("id") == later.get("id") == hidden

    def test_every_shape_is_for_something(self) -> None:
        """A shape for what the table never lets pass would be a hole waiting for a typing error."""
        assert {tag.rpartition("}")[2] for tag in SHAPES} == {
            *("body", "thread", "origin-id", "unstyled", "replace", "retract", "fallback")
        }


class TestMessages:
    def test_envelope(self) -> None:
        """Texts are put in as they are, everything else is escaped."""
        built = envelope("a@x", "b@y", "chat", "<&'\">", "<body>Hi</body><x xmlns='of:nobody'/>")
        read = parse(built)
        assert read.attrib == {"from": "a@x", "to": "b@y", "type": "chat", "id": "<&'\">"}
        assert [part.tag.rpartition("}")[2] for part in read] == ["body", "x"]
        assert "id=" not in envelope("a@x", "b@y", "chat", None, "")

    def test_stanza_ids(self) -> None:
        """A6"""
        sent = parse(Envelope(BOB, ALICE).around("<body>Hi</body>", "Hi", "chat", None, "7f3a-1-r"))
        assert stanza_ids(sent) == [("alice@cc.acme.test", "7f3a-1-r")]
        sent = parse(Envelope(ALICE, BOB).around("<body>Hi</body>", "Hi", "chat", None, "7f3a-1-r"))
        assert stanza_ids(sent) == [("alice@agents.acme.test", "7f3a-1-r")]
        assert stanza_ids(parse("<message/>")) == []

    def test_what_is_told_once_is_as_what_is_told_each_time(self) -> None:
        content = Envelope(ALICE, BOB).around("<body>Hi</body>", "Hi", "chat", "a@b<", "7f")
        stanza_id = f'<stanza-id xmlns="urn:xmpp:sid:0" by="{ALICE.face}" id="7f"/>'
        assert content == envelope(ALICE.face, BOB.account, "chat", "a@b<", f"<body>Hi</body>{stanza_id}")

    def test_a_message_without_text_is_kept_on_the_work_side(self) -> None:
        """A9"""
        assert "<store" in Envelope(ALICE, BOB).around("<retract/>", None, "chat", None, "7f")
        assert "<store" not in Envelope(BOB, ALICE).around("<retract/>", None, "chat", None, "7f")

    def test_late_ones_say_when_they_were_sent(self) -> None:
        sent = parse(Envelope(ALICE, BOB).around("<body>Hi</body>", "Hi", "chat", None, "7f", late=0))
        assert sent[-1].attrib == {"from": ALICE.face, "stamp": "1970-01-01T00:00:00.000000Z"}

    def test_delay(self) -> None:
        stamped = parse(delay("bob@directory.acme.test", 1_767_225_600_000_000))
        assert stamped.attrib == {"from": "bob@directory.acme.test", "stamp": "2026-01-01T00:00:00.000000Z"}

    def test_notice(self) -> None:
        """V2: one line, that no archive keeps."""
        assert serialise(notice("a@x", "b@y", "Alice & co ended this chat.", "n1")) == (
            '<message from="a@x" to="b@y" type="chat" id="n1"><body>ⓘ Alice &amp; co ended this chat.</body>'
            '<no-store xmlns="urn:xmpp:hints"/></message>'
        )

    def test_decline(self) -> None:
        """C4, XEP-0045 §7.8.2"""
        assert serialise(decline("r@c", "a@x", "bob@work.acme.test", "No.")) == (
            '<message from="a@x" to="r@c"><x xmlns="http://jabber.org/protocol/muc#user">'
            '<decline to="bob@work.acme.test"><reason>No.</reason></decline></x></message>'
        )
        assert "<decline><reason>" in serialise(decline("r@c", "a@x", None, "No."))


class TestArchiveIds:
    """A6"""

    IDS = ArchiveIds(b"sixteen bytes ok")

    @pytest.mark.parametrize("number", [0, 1, 1042, 2**56 - 1])
    @pytest.mark.parametrize("role", Role)
    def test_there_and_back(self, number: int, role: Role) -> None:
        id = self.IDS.id(number, role)
        assert self.IDS.parse(id) == (number, role)

    def test_each_copy_has_its_own(self) -> None:
        assert len({self.IDS.id(number, role) for number in range(100) for role in Role}) == 100 * len(Role)

    @pytest.mark.parametrize("id", ["", "7f3a", "0" * 32, "x" * 32, "0" * 64, "٣" * 32, "bob@work.acme.test"])
    def test_others_ids(self, id: str) -> None:
        assert self.IDS.parse(id) is None

    @pytest.mark.parametrize("place", range(32))
    def test_a_changed_id(self, place: int) -> None:
        """XEP-0313 §3: nobody gets to another id from one that they know."""
        id = self.IDS.id(1042, Role.RECEIVER)
        other = "0" if id[place] != "0" else "1"
        assert self.IDS.parse(id[:place] + other + id[place + 1 :]) is None

    def test_neighbours_have_nothing_in_common(self) -> None:
        """AD4: an id does not tell how many others there are."""
        ids = [self.IDS.id(number, Role.RECEIVER) for number in range(1_000)]
        assert all(len({id[place : place + 4] for id in ids}) > 950 for place in range(29))

    def test_ids_of_another_database(self) -> None:
        assert ArchiveIds(b"another database").parse(self.IDS.id(1, Role.SENDER)) is None


class TestForms:
    """XEP-0004"""

    def test_a_choice(self) -> None:
        people = [("c@x", "Carol <c@x>"), ("d@x", "Dan")]
        asked = Form("End chat", "Which?", (choice("chat", "Chat with", people),)).element()
        field = asked.find(f"{{{FORM}}}field")
        assert asked.get("type") == "form"
        assert field is not None
        assert field.attrib == {"type": "list-single", "var": "chat", "label": "Chat with"}
        assert field.find(f"{{{FORM}}}required") is not None
        # Clients show the first option as chosen, which nobody has done.
        assert options(field) == [("(choose one)", "-"), ("Carol <c@x>", "c@x"), ("Dan", "d@x")]
        assert field.find(f"{{{FORM}}}value") is None

    @pytest.mark.parametrize(
        ("filled", "read"),
        [
            ("<x xmlns='jabber:x:data' type='submit'/>", {}),
            ("<x xmlns='jabber:x:data' type='submit'><field var='a'><value>1</value></field></x>", {"a": ("1",)}),
            (
                "<x xmlns='jabber:x:data' type='submit'><field var='a'><value>1</value><value/></field>"
                "<field var='b'/><field><value>?</value></field></x>",
                {"a": ("1", ""), "b": (), "": ("?",)},
            ),
            ("<x xmlns='jabber:x:data' type='cancel'/>", None),
            ("<x xmlns='jabber:x:data' type='form'/>", None),
            ("<x xmlns='jabber:x:data'/>", None),
            ("", None),
        ],
    )
    def test_answers(self, filled: str, read: dict[str, tuple[str, ...]] | None) -> None:
        assert answers(parse(f"<command>{filled}</command>")) == read

    def test_a_form_of_more_fields_than_anybody_is_asked_for(self) -> None:
        """R2"""
        command = parse(f"<command><x xmlns='jabber:x:data' type='submit'>{'<field/>' * 60_000}</x></command>")
        assert answers(command) == {"": ()}
        assert work(lambda: answers(command)) < 20 * MOST_FIELDS


def options(field: Element) -> list[tuple[str | None, str | None]]:
    found = field.iterfind(f"{{{FORM}}}option")
    return [(option.get("label"), option.findtext(f"{{{FORM}}}value")) for option in found]


def test_several_elements_side_by_side() -> None:
    assert [element.text for element in parse_children("<body>a</body><body>b</body>")] == ["a", "b"]
