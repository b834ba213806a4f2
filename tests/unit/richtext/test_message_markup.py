"""C10: XEP-0394, marks on a text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from component.richtext.formatted import Rich, read
from component.xml import serialise
from tests.unit.richtext.allowed import check_page, check_xhtml
from tests.unit.richtext.shapes import XHTML, body, markup


def sent(said: str, marks: str) -> Rich:
    rich = read([body(said), markup(marks)])
    assert rich is not None
    return rich


def marked(said: str, marks: str) -> str:
    """What is in the XHTML-IM."""
    rich = sent(said, marks)
    assert rich.plain == said
    return serialise(rich.xhtml()).partition(f'{XHTML}">')[2].removesuffix("</body></html>")


def span(start: int, end: int, *kinds: str) -> str:
    return f"<span start='{start}' end='{end}'>{''.join(f'<{kind}/>' for kind in kinds)}</span>"


SAID = "bold and code"


def test_spans() -> None:
    """§4.1"""
    inner = marked(SAID, span(0, 4, "strong", "emphasis") + span(9, 13, "code"))
    assert inner == '<p><strong><em>bold</em></strong> and <span style="font-family: monospace">code</span></p>'
    assert marked("gone", span(0, 4, "deleted")) == '<p><span style="text-decoration: line-through">gone</span></p>'


def test_positions_are_code_points() -> None:
    """§4.1: neither bytes nor UTF-16."""
    assert marked("😀é b", span(3, 4, "strong")) == "<p>😀é <strong>b</strong></p>"


def test_code_blocks() -> None:
    """§4.2"""
    said = "Run:\n$ cowsay  XMPP\n$ ls\nDone"
    rich = sent(said, "<bcode start='5' end='24' language='bash'/>")
    assert rich.fragment() == '<div dir="auto"><p>Run:</p><pre>$ cowsay  XMPP<br>$ ls</pre><p>Done</p></div>'
    assert rich.formatted


def test_lists() -> None:
    """§4.3: markers that are written in the text are not written twice."""
    said = "Things:\n* one\n* two\nEnd"
    marks = "<list start='8' end='20' {}><li start='8'/><li start='14'/></list>"
    assert marked(said, marks.format("")) == "<p>Things:</p><ul><li>one</li><li>two</li></ul><p>End</p>"
    assert "<ol><li>one</li>" in marked(said, marks.format("ordered='true'"))
    assert not sent(said, marks.format("")).formatted


def test_nested_quotes() -> None:
    """§4.4"""
    said = "> He said:\n>> Thou shalt not pass!\n> and raised his hand.\n\nIsn't this from some famous movie?"
    inner = marked(said, "<bquote start='0' end='57'/><bquote start='11' end='34'/>")
    assert inner == (
        "<blockquote><p>He said:</p><blockquote><p>Thou shalt not pass!</p></blockquote>"
        "<p>and raised his hand.</p></blockquote><p>Isn't this from some famous movie?</p>"
    )


@pytest.mark.parametrize(
    "mark",
    [
        span(3, 3, "strong"),
        span(5, 3, "strong"),
        span(0, 14, "strong"),
        "<span start='-1' end='4'><strong/></span>",
        "<span start='٣' end='4'><strong/></span>",
        "<span start='0'><strong/></span>",
        "<span end='4'><strong/></span>",
        "<span start='0' end='99999999999999999999'><strong/></span>",
        "<span start='0' end='4'><blink/></span>",
        "<span start='0' end='4'><strong xmlns='of:nobody'/></span>",
        "<span xmlns='of:nobody' start='0' end='4'><strong/></span>",
        "<marquee start='0' end='4'/>",
        "<list start='0' end='x'><li start='0'/></list>",
    ],
)
def test_malformed_marks_are_ignored(mark: str) -> None:
    """§5: and the others stay."""
    assert marked(SAID, mark + span(9, 13, "strong")) == "<p>bold and <strong>code</strong></p>"


def test_crossing_marks_are_ignored() -> None:
    """§5: the one that began first stays."""
    crossing = span(0, 6, "strong") + span(4, 8, "emphasis")
    assert marked(SAID, crossing) == "<p><strong>bold a</strong>nd code</p>"
    assert marked("a\nb\nc", "<bquote start='0' end='3'/><bcode start='2' end='5'/>") == (
        "<blockquote><p>a<br/>b</p></blockquote><p>c</p>"
    )


def test_items_are_where_they_can_be() -> None:
    said = "one\ntwo"
    assert marked(said, "<list start='0' end='7'/>") == "<ul><li>one<br/>two</li></ul>"
    items = "<li start='4'/><li start='4'/><li start='99'/><li start='x'/><li/>"
    assert marked(said, f"<list start='0' end='7'>{items}</list>") == "<ul><li>one</li><li>two</li></ul>"


def test_no_body_no_marks() -> None:
    """§5"""
    assert read([markup(span(0, 4, "strong"))]) is None


places = st.integers(-1, 30)
spans = st.builds(span, places, places, st.sampled_from(["strong", "emphasis", "code", "deleted", "blink"]))
items = st.lists(places, max_size=4).map(lambda starts: "".join(f"<li start='{start}'/>" for start in starts))
blocks = st.one_of(
    st.builds("<bquote start='{}' end='{}'/>".format, places, places),
    st.builds("<bcode start='{}' end='{}'/>".format, places, places),
    st.builds("<list start='{}' end='{}'>{}</list>".format, places, places, items),
)
texts = st.text(st.sampled_from("ab \n>*1.😀é\u00a0"), min_size=1, max_size=30)


@given(texts, st.lists(st.one_of(spans, blocks), max_size=6).map("".join))
def test_any_marks_on_any_text(said: str, marks: str) -> None:
    """The text is what was said, whatever is marked in it, and what is written is valid."""
    rich = read([body(said), markup(marks)])
    if rich is not None:
        assert rich.plain == said
        check_xhtml(rich.xhtml())
        check_page(rich.fragment())
        letters = "".join(rich.xhtml().itertext())
        assert [letter for letter in letters if letter in "ab😀é"] == [letter for letter in said if letter in "ab😀é"]
