"""C10: whatever an agent's client sends, through every door, only what is on the allow-list comes out."""

import re
import warnings
from collections.abc import Callable, Iterable
from xml.etree.ElementTree import Element, ParseError

import html5lib
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from component.richtext.formatted import Rich, read
from component.xml import serialise
from tests.unit.richtext.allowed import check_page, check_xhtml
from tests.unit.richtext.attacks import Case, cases
from tests.unit.richtext.attacks.collected import AVAILABLE, collected
from tests.unit.richtext.shapes import XHTML, XHTML_IM, body, typed, xhtml

CASES = tuple(cases())
HOSTS = ("work.acme.test", "cc.acme.test")
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")


def as_xml(markup: str) -> Element | None:
    """XHTML-IM, if the markup is well-formed."""
    try:
        return xhtml(markup)
    except ParseError:
        return None


def as_tree(markup: str) -> Element | None:
    """XHTML-IM with what a browser makes of the markup: everything in it that XML can hold, in its namespaces."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = html5lib.parseFragment(markup, treebuilder="etree", namespaceHTMLElements=True)
    tree.tag = f"{{{XHTML}}}body"
    wrapper = Element(f"{{{XHTML_IM}}}html")
    wrapper.append(tree)
    return wrapper


def as_html(markup: str) -> Element | None:
    return _as("text/html", markup)


def as_markdown(markup: str) -> Element | None:
    return _as("text/markdown", markup)


def _as(type: str, markup: str) -> Element:
    element = typed(type)
    element.text = markup
    return element


DOORS = (as_xml, as_tree, as_html, as_markdown)


def check(rich: Rich) -> None:
    """Everything that can come out of a message."""
    element = rich.xhtml()
    check_xhtml(element)
    page = rich.fragment()
    check_page(page)
    assert not CONTROL.search(rich.plain + page + "".join(element.itertext()))
    for host in HOSTS:
        hidden = [value for part in element.iter() for value in part.attrib.values()]
        assert not any(f"@{host}" in value for value in hidden)
    again = read([element])
    assert again is not None
    assert serialise(again.xhtml()) == serialise(element)
    from_page = read([_as("text/html", page)])
    assert from_page is not None
    assert from_page.fragment() == page


@pytest.mark.parametrize("door", DOORS)
def test_attacks(door: Callable[[str], Element | None]) -> None:
    """Only the allow-list, valid, and the same again when it is sanitised again."""
    assert check_all(CASES, door) > 900


needs_collections = pytest.mark.skipif(not AVAILABLE, reason="needs what `make collections` gets from PyPI and npm")


@needs_collections
@pytest.mark.long
@pytest.mark.parametrize("door", DOORS)
def test_attacks_of_others(door: Callable[[str], Element | None]) -> None:
    assert check_all(collected(), door) > 300


def check_all(cases: Iterable[Case], door: Callable[[str], Element | None]) -> int:
    """How many of them there was something left of."""
    seen = 0
    checked: set[tuple[str, str, str]] = set()
    for case in cases:
        part = door(case.markup)
        rich = read([part], HOSTS) if part is not None else None
        if rich is None:
            continue
        seen += 1
        outcome = (rich.plain, rich.fragment(), serialise(rich.xhtml()))
        if outcome not in checked:  # of many attacks the same is left
            checked.add(outcome)
            try:
                check(rich)
            except AssertionError as error:
                raise AssertionError(f"{case.name}: {case.markup!r}") from error
    return seen


TAGS = re.compile(r"<[^<>]*>|[^<>]+|[<>]")
PIECES = tuple(dict.fromkeys(piece for case in CASES for piece in TAGS.findall(case.markup)))

pieces = st.sampled_from(PIECES)
whole = st.sampled_from([case.markup for case in CASES])


@st.composite
def spliced(draw: st.DrawFn) -> str:
    """Parts of several attacks, cut anywhere and put into each other."""
    parts = draw(st.lists(st.one_of(whole, pieces, pieces, st.text(max_size=5)), min_size=1, max_size=8))
    text = "".join(parts)
    for _ in range(draw(st.integers(0, 3))):
        start, end = draw(st.integers(0, len(text))), draw(st.integers(0, len(text)))
        text = text[:start] + draw(pieces) + text[end:]
    return text


@given(spliced(), st.sampled_from(DOORS))
@example('<a href="http://a.test/"><p style="color: red">one<br>two</p></a>', as_tree)
def test_attacks_made_of_attacks(markup: str, door: Callable[[str], Element | None]) -> None:
    """The same for what nobody has written yet."""
    part = door(markup)
    rich = read([part], HOSTS) if part is not None else None
    if rich is not None:
        check(rich)


@given(spliced(), spliced(), st.sampled_from(DOORS))
def test_the_body_has_the_last_word(said: str, markup: str, door: Callable[[str], Element | None]) -> None:
    """Formatted content is there only if it says what the body says; what it says in plain text stays the same."""
    said = CONTROL.sub("", said).encode(errors="ignore").decode()
    part = door(markup)
    alone = read([part]) if part is not None else None
    if alone is not None and said.strip():
        both = read([part, body(said)])
        assert both is None or both.plain in (said, alone.plain)
        agreed = read([part, body(alone.plain)])
        assert agreed is not None
        assert agreed.plain == alone.plain
