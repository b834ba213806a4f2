"""R2: nothing takes long to read, however it was made; what is too much is not there, and the body counts."""

import time
from xml.etree.ElementTree import Element, SubElement

import pytest

from component.richtext.formatted import read
from component.xml import serialise
from tests.unit.richtext.shapes import XHTML, XHTML_IM, body, markup, typed, xhtml

SIZE = 262_144
"""Bytes of the largest stanza (C18)."""
SECONDS = 0.5
"""Of the processor's time. Most take a tenth of it, and what grows faster than its input takes far more."""

UNITS = [
    *(
        "<b>",
        "<p>",
        "<div>",
        "<ul><li>",
        "<blockquote>x",
        "<table><tr><td>",
        "<svg>",
        "<a href='https://a.test/'>x",
        "<br>",
    ),
    *(
        "<span style='color:red;font-family:a'>",
        "<p style='" + 190 * "color:red;" + "'>x</p>",
        "<!--",
        "<",
        "&amp;",
        "<q>",
    ),
    *(
        "[",
        "](",
        "![](",
        "*a ",
        "**a",
        "`a",
        "> ",
        "\n- x",
        "|a|b|\n",
        "[a]: x\n",
        "~~a",
        "<a@b.c>",
        "\n",
        " ",
        "- ",
        "===\n",
    ),
    *("https://a.test/ ", "https:", "\ufdfa", "\u0301", "\u202e", ">\n", "1. ", "é", "\U0001f600"),
]


def spent(*parts: Element) -> float:
    """Seconds of the processor to read a message and to write all there is to write."""
    start = time.process_time()
    rich = read(parts)
    if rich is not None:
        assert len(serialise(rich.xhtml())) < 6 * SIZE
        assert len(rich.fragment()) < 6 * SIZE
    return time.process_time() - start


def quick(*parts: Element) -> bool:
    """What takes long for its size does so each time; a busy machine does not."""
    return any(spent(*parts) < SECONDS for _ in range(3))


@pytest.mark.parametrize("unit", UNITS, ids=repr)
def test_long_messages(unit: str) -> None:
    """The largest, and the largest that are read at all."""
    for length in (SIZE, 19_000, 8_000):
        text = (unit * (length // len(unit) + 1))[:length]
        for type in ("text/html", "text/markdown"):
            part = typed(type)
            part.text = text
            assert quick(part)
        escaped = xhtml("x")
        escaped[0].text = text
        said = body("x")
        said.text = text + "x"
        assert quick(escaped, said)
        marks = (f"<span start='{n * 7}' end='{n * 7 + 3}'><strong/></span>" for n in range(1_000))
        assert quick(said, markup("".join(marks)))


def nested(*names: str, depth: int) -> Element:
    html = Element(f"{{{XHTML_IM}}}html")
    inner = SubElement(html, f"{{{XHTML}}}body")
    for _ in range(depth):
        for name in names:
            inner = SubElement(inner, f"{{{XHTML}}}{name}")
    inner.text = "Hello"
    return html


def test_deep_messages() -> None:
    assert quick(nested("b", depth=60_000))
    assert read([nested("b", depth=60_000), body("Hello")]) is None
    shallow = read([nested("ul", "li", "blockquote", depth=20), body("Hello")])
    assert shallow is not None
    assert serialise(shallow.xhtml()).count("<blockquote>") < 10


def test_wide_messages() -> None:
    assert read([xhtml("<b>x</b> " * 3_000)]) is None
    assert read([xhtml("x" * 20_001)]) is None


def test_a_link_is_not_written_too_often() -> None:
    """What is short to send must not be long to deliver."""
    link = f"<a href='https://acme.test/{'x' * 1_900}'>{'<p>x</p>' * 2_000}</a>"
    assert read([xhtml(link)]) is None
    styled = f"<span style='font-family: {'a' * 30}, {'b' * 30}, {'c' * 30}, {'d' * 30}'>{'<u>x</u>y' * 1_200}</span>"
    rich = read([xhtml(styled)])
    assert rich is not None
    assert "font-family" not in rich.fragment()


def test_many_versions() -> None:
    """Together they take no longer than one."""
    texts = ["word " * 40, "<p>x</p>" * 100, "https://acme.test/ " * 60]
    for text in texts:
        html = xhtml(*[f"<p>{number}</p>{text}" for number in range(200)])
        htmls = [xhtml(f"<p>{number}</p>{text}") for number in range(200)]
        said = [body(f"{number} {text}", f"x-{number}") for number in range(500)]
        hints = [typed(type, text) for type in ("text/html", "text/markdown") for _ in range(100)]
        assert quick(html)
        assert quick(*said, html)
        assert quick(*htmls, *said)
        assert quick(*hints, *said)
        assert quick(*said, *(markup("<span start='0' end='9'><strong/></span>") for _ in range(200)))
    heavy = [xhtml("<p>x</p>" * 2_000 + str(number)) for number in range(10)]
    assert quick(*heavy)
    assert quick(*heavy, *(body("y" * 9_000, f"x-{number}") for number in range(7)))
    assert read([xhtml("<b>x</b>"), *(body("x" * 20_000, f"x-{number}") for number in range(4))]) is None
