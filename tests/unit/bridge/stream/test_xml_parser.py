"""R2: what ejabberd sends is read as elements, whatever namespaces and names a stanza has."""

import gc
import tracemalloc
from xml.etree.ElementTree import Element, tostring

import pytest

from component.bridge.stream.xml_parser import MOST_PREFIXES, RENEW_BYTES, ParseError, StreamParser
from component.xml import parse, serialise
from tests.support.work import work

HEADER = (
    b"<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' id='1' "
    b"xmlns:stream='http://etherx.jabber.org/streams'>"
)
FOOTER = b"</stream:stream>"
STREAM_NS = "{jabber:component:accept}"


def read(data: bytes, size: int | None = None) -> list[tuple[str, Element]]:
    """The events of a stream, read in pieces of ``size`` bytes."""
    parser, size = StreamParser(), size or len(data)
    events: list[tuple[str, Element]] = []
    for start in range(0, len(data), size):
        parser.feed(data[start : start + size])
        events += parser.read_events()
    return events


def stanzas(data: bytes, size: int | None = None) -> list[Element]:
    return [element for event, element in read(HEADER + data + FOOTER, size)[:-1] if event == "end"]


def stanza(content: str) -> Element:
    (one,) = stanzas(f"<message>{content}</message>".encode())
    assert one.tag == f"{STREAM_NS}message"
    return one


def texts(elements: list[Element]) -> list[bytes]:
    for element in elements:
        element.tail = None
    return [tostring(element) for element in elements]


ELEMENTS = [
    ("<body/>", f"{STREAM_NS}body"),
    ("<x xmlns='of:nobody'/>", "{of:nobody}x"),
    ("<p:x xmlns:p='of:nobody'/>", "{of:nobody}x"),
    ("<x xmlns=''/>", "x"),
    ("<stream:x/>", "{http://etherx.jabber.org/streams}x"),
    ("<x xmlns='http://www.w3.org/XML/1998/namespace'/>", "{unreadable:http://www.w3.org/XML/1998/namespace}x"),
    ("<xml:x/>", "{unreadable:http://www.w3.org/XML/1998/namespace}x"),
    ("<x xmlns='}'/>", "{unreadable:%7D}x"),
    ("<x xmlns='jabber:component:accept}body'/>", "{unreadable:jabber:component:accept%7Dbody}x"),
    ("<p:x xmlns:p='a}b'/>", "{unreadable:a%7Db}x"),
    ("<p:x/>", "{unreadable:p}x"),
    ("<xmlns:x/>", "{unreadable:xmlns}x"),
]


@pytest.mark.parametrize(("content", "tag"), ELEMENTS)
def test_names_of_elements(content: str, tag: str) -> None:
    """A name that cannot be resolved is one that no rule knows."""
    assert [part.tag for part in stanza(content)] == [tag]


@pytest.mark.parametrize(
    ("attributes", "read"),
    [
        ("a='1' xmlns='u'", {"a": "1"}),
        ("xml:lang='en'", {"{http://www.w3.org/XML/1998/namespace}lang": "en"}),
        ("xml:lang='en' xmlns='u'", {"{http://www.w3.org/XML/1998/namespace}lang": "en"}),
        ("xmlns:p='u' p:a='1' a='2'", {"{u}a": "1", "a": "2"}),
        ("xmlns:p='u' xmlns:q='u' p:a='1' q:a='2'", {"{u}a": "2"}),
        ("xmlns:p='}' p:a='1'", {"{unreadable:%7D}a": "1"}),
        ("p:a='1'", {"{unreadable:p}a": "1"}),
    ],
)
def test_names_of_attributes(attributes: str, read: dict[str, str]) -> None:
    for _ in range(2):
        assert stanza(f"<x {attributes}/>")[0].attrib == read


@pytest.mark.parametrize("content", [content for content, _ in ELEMENTS if content != "<x xmlns=''/>"])
def test_what_was_read_can_be_written_and_read_again(content: str) -> None:
    """By readers of namespaces, too."""
    one = stanza(content)
    assert [part.tag for part in parse(serialise(one))] == [part.tag for part in one]


def test_declarations_hold_where_they_stand() -> None:
    one = stanza("<p:a xmlns:p='u'><b xmlns='v'><p:c xmlns:p='w'><p:d/></p:c><p:e/></b></p:a><p:f/><g/>")
    tags = [part.tag for part in one.iter()][1:]
    assert tags == ["{u}a", "{v}b", "{w}c", "{w}d", "{u}e", "{unreadable:p}f", f"{STREAM_NS}g"]


def test_text_stays_as_it_is() -> None:
    one = stanza("<body>a } &lt;b&gt; <![CDATA[</body>]]>\U0001f600</body>")
    assert one[0].text == "a } <b> </body>\U0001f600"


MIXED = (
    "<message xml:lang='en'><body>é&lt;}</body><p:x xmlns:p='}' p:k='&gt;' k='>'/><q:y/></message> <presence/>\n"
    "<iq type='get'><query xmlns='of:nobody'><item/></query></iq>"
).encode()


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100, 1_000])
def test_pieces_may_be_cut_anywhere(size: int) -> None:
    assert texts(stanzas(MIXED * 3, size)) == texts(stanzas(MIXED) * 3)


@pytest.mark.parametrize("size", [50, 1_000, 100_000, None])
def test_a_long_stream_reads_as_a_short_one(size: int | None) -> None:
    """The parser begins anew at times, which nobody notices."""
    often = 3 * RENEW_BYTES // len(MIXED)
    assert texts(stanzas(MIXED * often, size)) == texts(stanzas(MIXED)) * often


BRACKETS = b"<message id='%b'/>" % (b">" * 200_000)


def test_brackets_in_an_attribute_cost_nothing_when_the_parser_begins_anew() -> None:
    """R2: it took a minute when the end of the stanza was looked for bracket by bracket."""
    parser = StreamParser()
    parser.feed(HEADER + b"<message/>" * (RENEW_BYTES // 10))
    list(parser.read_events())
    assert work(lambda: parser.feed(BRACKETS + b"<presence/>")) < 100
    assert [element.tag for _, element in parser.read_events()] == [f"{STREAM_NS}message"] * 2 + [
        f"{STREAM_NS}presence"
    ] * 2


@pytest.mark.parametrize(
    "stanza",
    ["<iq/>", "<iq></iq>", "<iq a='>' />", "<iq></iq  >", "<iq>&gt;></iq>", "<iq><iq/></iq>", "<p:iq xmlns:p='u'/>"],
)
@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
def test_the_parser_begins_anew_right_behind_a_stanza(stanza: str, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("component.bridge.stream.xml_parser.RENEW_BYTES", 0)
    assert len(stanzas(f"{stanza} {stanza}\n{stanza}<presence/>".encode(), size)) == 4


def test_what_is_told_is_what_slixmpp_counts() -> None:
    events = read(HEADER + b"<presence><x/></presence>" + FOOTER)
    told = [(event, element.tag.rpartition("}")[2]) for event, element in events]
    assert told == [("start", "stream"), ("start", "presence"), ("end", "presence"), ("end", "stream")]
    assert events[0][1].get("id") == "1"


def test_what_is_no_xml_is_told_after_what_came_before_it() -> None:
    parser = StreamParser()
    parser.feed(HEADER + b"<presence/><message></presence>")
    events = iter(parser.read_events())
    assert [next(events)[0] for _ in range(3)] == ["start", "start", "end"]
    with pytest.raises(ParseError):
        next(events)


def test_more_prefixes_than_anybody_uses_are_not_known() -> None:
    """Each place that declares one more would hold a copy of all before it."""
    names = [f"p{number}" for number in range(2 * MOST_PREFIXES)]
    deep = "".join(f"<{name}:x xmlns:{name}='of:nobody'>" for name in names)
    deep += "".join(f"</{name}:x>" for name in reversed(names))
    tags = [part.tag for part in stanza(deep).iter()]
    assert (tags[1], tags[-1]) == ("{of:nobody}x", f"{{unreadable:{names[-1]}}}x")


def test_names_do_not_pile_up() -> None:
    """Nobody fills the memory with names of their own."""
    parser = StreamParser()
    parser.feed(HEADER)
    tracemalloc.start()
    for message in range(20):
        names = (f"<a{message}-{number} b{message}-{number}=''/>" for number in range(2_000))
        parser.feed(f"<message>{''.join(names)}</message>".encode())
        list(parser.read_events())
    gc.collect()
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 64 * RENEW_BYTES
