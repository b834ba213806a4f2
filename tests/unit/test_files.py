"""Files of Work users: reading how clients describe them, and what agents read instead (C5). Pure."""

import itertools
from collections.abc import Iterable, Iterator
from functools import partial
from xml.etree.ElementTree import Element

import pytest
from hypothesis import given
from hypothesis import strategies as st

from component.bridge.incoming import Incoming, Routes
from component.bridge.messages.lookups import Announced
from component.directory.world import World
from component.outgoing.compose import Answered, Composed, compose
from component.outgoing.file_captions import Captioned, Edit, Edited, Shown, file_line, file_name, size_words
from component.outgoing.message_links import LinkMaker, tokens
from component.policy.classify import classify
from component.policy.decide import Deliver, Refuse, decide
from component.policy.fallback import ranges, within
from component.policy.file_descriptions import File, descriptions
from component.policy.file_descriptions import files as files_of
from component.policy.reasons import Reason
from component.policy.web_addresses import key, usable, without_punctuation
from component.xml import parse, parse_children
from tests.support.file_stanzas import DINO_FIRST, ELSEWHERE, ENCRYPTED, SFS, SIMS, UPLOADS, Sent
from tests.support.people import view
from tests.support.work import work

URL = "https://up.test/4a771ac1/summit.jpg"
PUBLIC = "https://desk.test"
BODY = "{jabber:component:accept}body"


def files(elements: Iterable[Element]) -> tuple[File, ...]:
    return files_of(descriptions(elements))


def numbered() -> Iterator[str]:
    return (f"T{number}" for number in itertools.count(1))


def composed(content: str, **moment: bool) -> Composed:
    verdict = decide(classify(parse(f"<message type='chat'>{content}</message>")), view(**moment))
    assert isinstance(verdict, Deliver)
    return compose(
        verdict, Answered("alice@cc.acme.test", "m0", "alice@agents.acme.test"), partial(LinkMaker, PUBLIC, numbered())
    )


def text(content: str) -> str | None:
    return composed(content).body


class TestReading:
    @pytest.mark.parametrize("sent", UPLOADS.values(), ids=UPLOADS)
    def test_as_clients_send_it(self, sent: Sent) -> None:
        """One line and one link a file, however often it is described; no element of it is left."""
        out = composed(sent.to(URL))
        assert out.body == sent.text.format(link=f"{PUBLIC}/f/T1")
        assert [(link.kind, link.title, link.content) for link in out.links] == [("file", sent.named, URL)]
        left = {part.tag.rpartition("}")[2] for part in parse_children(out.payload)}
        assert left <= {"body", "origin-id"}

    @pytest.mark.parametrize("content", ENCRYPTED.values(), ids=ENCRYPTED)
    def test_encrypted(self, content: str) -> None:
        """C6"""
        assert refusal(content) is Reason.ENCRYPTED_FILE

    @pytest.mark.parametrize("content", ELSEWHERE.values(), ids=ELSEWHERE)
    def test_what_is_not_on_the_web(self, content: str) -> None:
        assert refusal(content) is Reason.NOT_ON_THE_WEB

    def test_several_files(self) -> None:
        second = SFS.replace("summit.jpg", "valley.jpg").replace("Photo from the summit.", "")
        assert text("<body>Two photos</body>" + (SFS + second).replace("{url}", URL).replace(URL, f"{URL}?2", 1)) == (
            "Two photos\nPhoto from the summit.\nsummit.jpg (3 MB): https://desk.test/f/T1\n"
            "valley.jpg (3 MB): https://desk.test/f/T2"
        )

    def test_several_references(self) -> None:
        """XEP-0385: each about a place in the text, which stays."""
        one, other, third = (SIMS.replace("summit", name).replace("{url}", f"{URL}?{name}") for name in ("a", "b", "c"))
        content = f"<body>Here, here and there</body>{one}{other}{third}"
        assert text(content) == (
            "Here, here and there\na.jpg (3 MB): https://desk.test/f/T1\nb.jpg (3 MB): https://desk.test/f/T2\n"
            "c.jpg (3 MB): https://desk.test/f/T3"
        )

    def test_several_sources_are_one_file(self) -> None:
        mirrors = SFS.replace("<sources>", f"<sources>{_source('https://mirror.test/s.jpg')}").replace("{url}", URL)
        assert [file.url for file in files(parse_children(mirrors + _oob(URL)))] == ["https://mirror.test/s.jpg"]

    def test_what_one_description_leaves_out(self) -> None:
        """Also by one that has no address, if it can only mean this file."""
        (file,) = files(parse_children(_oob(URL) + DINO_FIRST))
        assert (file.url, file.name, file.size) == (URL, "summit.jpg", 3032449)
        both = files(parse_children(_oob(URL) + _oob(f"{URL}?2") + DINO_FIRST))
        assert [file.name for file in both] == ["", ""]

    def test_an_address_that_is_only_text(self) -> None:
        """C1: without an attachment it stays what it is, even if nobody could open it."""
        for body in (URL, f"See {URL}", "ftp://up.test/a", "https://bob:secret@up.test/"):
            assert text(f"<body>{body}</body>") == body

    def test_another_address_in_the_text(self) -> None:
        assert text(f"<body>https://news.test/ says so</body>{_oob(URL)}") == (
            "https://news.test/ says so\nsummit.jpg: https://desk.test/f/T1"
        )


def refusal(content: str) -> Reason:
    verdict = decide(classify(parse(f"<message type='chat'>{content}</message>")), view())
    assert isinstance(verdict, Refuse)
    return verdict.reason


def _oob(url: str) -> str:
    return f"<x xmlns='jabber:x:oob'><url>{url}</url></x>"


def _source(url: str) -> str:
    return f"<url-data xmlns='http://jabber.org/protocol/url-data' target='{url}'/>"


class TestAddresses:
    @pytest.mark.parametrize(
        ("address", "passed_on"),
        [
            (" https://up.test/a \n", "https://up.test/a"),
            ("HTTPS://Up.Test/A", "https://up.test/A"),
            ("http://up.test", "http://up.test"),
            ("https://up.test:5443/a?b=c&d#e", "https://up.test:5443/a?b=c&d#e"),
            ("https://up.test/Café ☕.png".replace(" ", "%20"), "https://up.test/Caf%C3%A9%20%E2%98%95.png"),
            ("https://bücher.test/a", "https://xn--bcher-kva.test/a"),
            # Names of their own since IDNA 2008, which a reader of 2003 would lead to strasse.example, another owner.
            ("https://straße.example/x.png", "https://xn--strae-oqa.example/x.png"),
            ("https://νόμος.example/", "https://xn--xxabhm1c.example/"),
            ("https://[2001:db8::1]:5443/a", "https://[2001:db8::1]:5443/a"),
            ("https://10.0.0.1/a", "https://10.0.0.1/a"),
            ('https://up.test/a"b<c>', "https://up.test/a%22b%3Cc%3E"),
            ("https://up.test/" + "a" * 2000, None),
            ("https://up.test/" + "é" * 1000, None),
            ("https://user@up.test/", None),
            ("https://up.test:99999/", None),
            ("https://up.test:0/", None),
            ("https://.test/", None),
            ("https://up..test/", None),
            ("https://up.test%2f@evil.test/", None),
            ("https://up.te st/", None),
            ("https://\u202eup.test/", None),
            ("https://\u2024", None),
            ("https://up.test./a", "https://up.test./a"),
            ("http:up.test", None),
            ("https://[::1/", None),
            ("", None),
        ],
    )
    def test_which_are_passed_on(self, address: str, passed_on: str | None) -> None:
        assert usable(address) == passed_on

    @given(st.text())
    def test_any_text(self, address: str) -> None:
        """What is passed on is plain, and stays so."""
        for one in (address, f"https://{address}", f"https://up.test/{address}"):
            url = usable(one)
            assert url is None or (url.isascii() and url.isprintable() and usable(url) == url and " " not in url)
            assert url is None or key(url) == key(usable(url) or "")

    def test_the_same_in_another_way_of_writing(self) -> None:
        one = "https://up.test/Caf%C3%A9.png"
        for other in ("https://up.test:443/Café.png", "https://UP.test/Caf%c3%a9.png#page=2"):
            assert key(usable(other) or "") == key(one)
        for other in ("http://up.test/Caf%C3%A9.png", f"{one}?x", "https://up.test/caf%C3%A9.png"):
            assert key(other) != key(one)

    @pytest.mark.parametrize(
        ("found", "address"),
        [
            ("https://up.test/a.", "https://up.test/a"),
            ("https://up.test/a).", "https://up.test/a"),
            ("https://up.test/a_(b)", "https://up.test/a_(b)"),
            ("https://up.test/a_(b)),", "https://up.test/a_(b)"),
            ("https://up.test/?!", "https://up.test/"),
        ],
    )
    def test_punctuation(self, found: str, address: str) -> None:
        assert without_punctuation(found) == address


class TestLines:
    @pytest.mark.parametrize(
        ("name", "shown"),
        [
            ("summit.jpg", "summit.jpg"),
            ("../../etc/passwd", "passwd"),
            ("C:\\Users\\bob\\plan.docx", "plan.docx"),
            ("invoice\u202egpj.exe", "invoicegpj.exe"),
            ("a\nhttps://evil.test\n.jpg", "evil.test .jpg"),
            ("\u2066\u200fx\u2069\x00\x1b[31m.txt", "x[31m.txt"),
            ("  two   words.txt\t", "two words.txt"),
            ("👩\u200d💻.png", "👩\u200d💻.png"),
            ("סיכום.pdf", "סיכום.pdf"),
            ("photo@2x.png", "photo@2x.png"),
            ("x" * 300 + ".tar.gz", "x" * 79 + "…" + "x" * 13 + ".tar.gz"),
            ("", "b c.txt"),
            ("...", "b c.txt"),
            ("\u202e\u200b ", "b c.txt"),
            ("\uffff", "b c.txt"),
        ],
    )
    def test_names(self, name: str, shown: str) -> None:
        """From the address if there is none; safe to show, and not so long that the link is out of sight."""
        assert file_name(File("https://up.test/a/b%20c.txt", name)) == shown

    @pytest.mark.parametrize(
        ("url", "name"),
        [
            ("https://up.test/1/caf%C3%A9.png?x=y.zip#z", "café.png"),
            ("https://up.test/1/a%2Fb%0A.png", "b .png"),
            ("https://up.test/1/%E2%80%AEgnp.exe", "gnp.exe"),
            ("https://up.test/1/%ff%fe", "\ufffd\ufffd"),
            ("https://up.test/1/", "1"),
            ("https://up.test", "File"),
        ],
    )
    def test_names_in_addresses(self, url: str, name: str) -> None:
        assert file_name(File(url)) == name

    @pytest.mark.parametrize(
        ("size", "words"),
        [
            (0, "0 bytes"), (1, "1 byte"), (999, "999 bytes"), (1000, "1 kB"), (1050, "1.1 kB"), (67016, "67 kB"),
            (999_949, "1 MB"), (3_032_449, "3 MB"), (1_500_000_000, "1.5 GB"), (2 * 10**12, "2 TB"),
            (5 * 10**15, "5000 TB"),
        ],
    )  # fmt: skip
    def test_sizes(self, size: int, words: str) -> None:
        assert size_words(size) == words

    def test_a_line(self) -> None:
        assert file_line(File(URL, "a.jpg", 2_100), "https://desk.test/f/T") == "a.jpg (2.1 kB): https://desk.test/f/T"
        assert file_line(File(URL), "https://desk.test/f/T") == "summit.jpg: https://desk.test/f/T"

    @pytest.mark.parametrize("size", ["-1", "1e6", "9" * 16, "٣", "", " 12 ", "x"])
    def test_sizes_as_they_come(self, size: str) -> None:
        (file,) = files(parse_children(SFS.replace("3032449", size).replace("{url}", URL)))
        assert file.size == (12 if size == " 12 " else None)


class TestReplies:
    """C14: a fallback mark says the truth about the text as it is delivered."""

    def marked(self, body: str, start: int, end: int, extra: str = "") -> tuple[str, list[str]]:
        """The text, and what the reply's marks say of it."""
        out = composed(
            f"<body>{body}</body>{_oob(URL)}{extra}<reply xmlns='urn:xmpp:reply:0' id='m0'/>"
            "<fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:reply:0'>"
            f"<body start='{start}' end='{end}'/></fallback>",
            reply_visible=True,
        )
        parts = parse_children(out.payload)
        assert "reply" in {part.tag.rpartition("}")[2] for part in parts}
        marks = [part for part in parts if part.get("for") == "urn:xmpp:reply:0"]
        new = out.body or ""
        return new, [new[start:end] for start, end in within(ranges(marks), len(new))]

    def test_before_and_after(self) -> None:
        line = "summit.jpg: https://desk.test/f/T1"
        assert self.marked("> How?\nThis way", 0, 7) == (f"> How?\nThis way\n{line}", ["> How?\n"])
        assert self.marked(f"> {URL}\nNice", 0, 3 + len(URL)) == (f"> summit.jpg\nNice\n{line}", ["> summit.jpg\n"])
        assert self.marked(f"{URL}\n> How?\n", 1 + len(URL), 8 + len(URL)) == (f"{line}\n> How?", ["> How?"])

    def test_a_text_that_is_gone(self) -> None:
        extra = "<fallback xmlns='urn:xmpp:fallback:0' for='jabber:x:oob'/>"
        assert self.marked(URL, 0, 5, extra) == ("summit.jpg: https://desk.test/f/T1", [])

    def test_all_of_the_text(self) -> None:
        """Not the lines that come after it."""
        out = composed(
            f"<body>Hello</body>{_oob(URL)}<reply xmlns='urn:xmpp:reply:0' id='m0'/>"
            "<fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:reply:0'/>",
            reply_visible=True,
        )
        (mark,) = [part for part in parse_children(out.payload) if part.get("for")]
        assert [body.attrib for body in mark] == [{"start": "0", "end": "5"}]

    def test_two_languages(self) -> None:
        """Each has the lines, with the same links. A mark would not say which text it is about."""
        out = composed(
            f"<body>Hello</body><body xml:lang='de'>Hallo</body>{_oob(URL)}<reply xmlns='urn:xmpp:reply:0' id='m0'/>"
            "<fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:reply:0'><body end='5'/></fallback>",
            reply_visible=True,
        )
        parts = parse_children(out.payload)
        line = "summit.jpg: https://desk.test/f/T1"
        assert [part.text for part in parts if part.tag == BODY] == [f"Hello\n{line}", f"Hallo\n{line}"]
        assert len(out.links) == 1
        assert not [part for part in parts if part.get("for")]


class TestEdits:
    @given(
        st.text("ab \n", max_size=30),
        st.lists(st.tuples(st.integers(0, 30), st.integers(0, 5), st.text("xy", max_size=4))),
    )
    def test_places_are_found_again(self, before: str, wanted: list[tuple[int, int, str]]) -> None:
        """What was not touched between two places is between them afterwards, in order."""
        edits: list[Edit] = []
        position = 0
        for start, length, new in sorted(wanted):
            if start >= position and start + length <= len(before) and length:
                edits.append(Edit(start, start + length, new))
                position = start + length
        edited = Edited(before, edits)
        touched = {place for edit in edits for place in range(edit.start, edit.end)}
        places = [edited.place(place) for place in range(len(before) + 1)]
        assert places == sorted(places)
        for place, character in enumerate(before):
            if place not in touched:
                assert edited.text[places[place]] == character

    @given(
        st.text("ab .\n()", max_size=40),
        st.integers(0, 40),
        st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60))),
    )
    def test_captions(self, words: str, place: int, dropped: list[tuple[int, int]]) -> None:
        """R2: any text, any marks: the line is in it once, the address of the upload never."""
        body = f"{words[:place]} {URL} {words[place:]}"
        marks = parse_children(
            "<fallback xmlns='urn:xmpp:fallback:0'>"
            + "".join(f"<body start='{start}' end='{end}'/>" for start, end in dropped)
            + "</fallback>"
        )
        gone = within(ranges(marks), len(body))
        shown = Shown(frozenset((key(URL),)), "summit.jpg", "summit.jpg: LINK", "")
        captioned = Captioned(body, gone, [shown])
        assert captioned.text.count("LINK") == 1
        cut = {place for start, end in gone for place in range(start, end)}
        if not cut & set(range(body.index(URL), body.index(URL) + len(URL))):
            assert URL not in captioned.text


class TestLinks:
    def test_tokens_are_found_again(self) -> None:
        """A5: to compare a second try with what was archived."""
        out = composed(_oob(URL))
        assert tokens(out.payload, f"{PUBLIC}/") == ["T1"]
        assert tokens(out.payload, "https://desk.test.evil.test") == []
        assert out.fingerprint == out.payload.replace("T1", URL)

    def test_two_tries_are_alike(self) -> None:
        """A5: whatever their tokens are. Another file of the same name is another message."""
        one, other, third = (
            decide(classify(parse(f"<message>{_oob(url)}</message>")), view()) for url in (URL, URL, f"{URL}?2")
        )
        prints = [
            compose(v, None, partial(LinkMaker, PUBLIC, iter([t]))).fingerprint
            for v, t in ((one, "A"), (other, "B"), (third, "C"))
        ]  # type: ignore[arg-type]
        assert prints[0] == prints[1] != prints[2]


OOB_OF = "<x xmlns='jabber:x:oob'><url>https://u.test/{}</url></x>"
REACTED = "<fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:reactions:0'>{}</fallback>"
COSTLY = {
    "files": "".join(map(OOB_OF.format, range(4_000))),
    "files of several languages": "".join(f"<body xml:lang='a{n}'>x</body>" for n in range(100))
    + "".join(map(OOB_OF.format, range(30))),
    "addresses of one file": "<reference xmlns='urn:xmpp:reference:0'><media-sharing xmlns='urn:xmpp:sims:1'><sources>"
    + "<reference xmlns='urn:xmpp:reference:0' uri='https://u.test/x'/>" * 3_500
    + "</sources></media-sharing></reference>",
    "bodies and marks": "<body>x</body>" * 140 + REACTED.format("<body start='1'/>" * 5_000),
    "many bodies and marks": "<body>x</body>" * 3_000 + REACTED.format("<body start='1'/>" * 5_000),
    "addresses in the text": f"<body>{'https://u.test/1 ' * 1_100}</body>{OOB_OF.format(1)}",
    "brackets in the text": f"<body>https://u.test/{')' * 19_000}</body>{OOB_OF.format(1)}",
    "a long name": f"<file-sharing xmlns='urn:xmpp:sfs:0'><file><name>{'/a' * 100_000}</name></file><sources>"
    f"{_source(URL)}</sources></file-sharing>",
    "a long description": f"<x xmlns='jabber:x:oob'><url>https://u.test/1</url><desc>{'x' * 250_000}</desc></x>",
    "long hosts": f"<x xmlns='jabber:x:oob'><url>http://{'ü.' * 900}a/1</url></x>" * 70,
    "many files in one": "".join(
        "<reference xmlns='urn:xmpp:reference:0'>"
        + "".join(
            f"<media-sharing xmlns='urn:xmpp:sims:1'><sources><reference uri='http://a/{part}.{file}'/></sources>"
            "</media-sharing>"
            for file in range(50)
        )
        + "</reference>"
        for part in range(44)
    ),
}


@pytest.mark.parametrize("content", COSTLY.values(), ids=COSTLY)
def test_no_message_costs_much(content: str) -> None:
    """R2: nothing grows with the square of what somebody sends."""
    message = parse(f"<message type='chat'>{content}</message>")

    def judge() -> None:
        verdict = decide(classify(message), view())
        if isinstance(verdict, Deliver):
            assert len(compose(verdict, None, partial(LinkMaker, PUBLIC, numbered())).payload) < 300_000

    assert work(judge) < 800_000


class TestAnnouncements:
    """C5: what is said of a file in one message, and where it is in a later one (XEP-0447 §3.3)."""

    FIRST = "<message from='bob@work.acme.test/x' to='alice@agents.acme.test' id='{}'>" + DINO_FIRST + "</message>"
    LATER = (
        "<message from='{}/y' to='alice@agents.acme.test'>"
        f"<attach-to xmlns='urn:xmpp:message-attaching:1' id='d1f1'/>{_oob(URL)}</message>"
    )

    def test_is_remembered_of_one_sender_for_one_receiver(self) -> None:
        announced = Announced()
        announced.remember(incoming(self.FIRST.format("d1f1")))
        assert [file.name for file in announced.before(incoming(self.LATER.format("bob@work.acme.test")))] == [
            "summit.jpg"
        ]
        assert announced.before(incoming(self.LATER.format("erin@work.acme.test"))) == ()
        assert announced.before(incoming(self.FIRST.format("d1f1"))) == ()

    def test_is_bounded(self) -> None:
        """R2"""
        announced = Announced()
        announced.remember(incoming(self.FIRST.format("d1f1")))
        for number in range(2_000):
            announced.remember(incoming(self.FIRST.replace("d1f1", f"i{number}").format(number)))
        assert announced.before(incoming(self.LATER.format("bob@work.acme.test"))) == ()
        announced.remember(incoming(self.FIRST.format("d1f1").replace("summit", "x" * 5_000)))
        assert announced.before(incoming(self.LATER.format("bob@work.acme.test"))) == ()


def incoming(stanza: str) -> Incoming:
    element = parse(stanza)
    route = Routes().find(World.of(()), element.get("from", ""), element.get("to", ""))
    assert route is not None
    return Incoming(element, classify(element), route)
