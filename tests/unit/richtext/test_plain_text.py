"""C10: a message whose HTML and body disagree keeps the body. Clients write bodies in many ways, and all of these say
what the HTML says."""

import pytest

from component.richtext.formatted import read
from tests.unit.richtext.shapes import body, typed, xhtml

LINK = "See <a href='https://acme.test/help'>the help</a>."
BARE = "<p>Look at <a href='https://acme.test/a?b=1&amp;c=2'>https://acme.test/a?b=1&amp;c=2</a>, please</p>"
LIST = "<p>To do:</p><ol><li>open it</li><li>press <b>On</b><ul><li>twice</li></ul></li></ol>"
PICTURE = "<p>Look: <img src='https://acme.test/p.png' alt='a cat' width='20' height='20'/></p>"
TABLE = "<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr></table>"

AGREE = [
    pytest.param(LINK, "See the help.", id="no target"),
    pytest.param(LINK, "See the help <https://acme.test/help>.", id="libpurple"),
    pytest.param(LINK, "See the help (https://acme.test/help).", id="target in parentheses"),
    pytest.param(LINK, "See the help: https://acme.test/help.", id="target after a colon"),
    pytest.param(LINK, "See [the help](https://acme.test/help).", id="Markdown"),
    pytest.param(BARE, "Look at https://acme.test/a?b=1&c=2, please", id="a bare address"),
    pytest.param(BARE, "Look at <https://acme.test/a?b=1&c=2>, please", id="an address in brackets"),
    pytest.param("<a href='https://acme.test/'>acme.test</a>", "https://acme.test/", id="an address made shorter"),
    pytest.param("<a href='https://acme.test/'>acme.test</a>", "acme.test", id="an address without a scheme"),
    pytest.param("<a href='mailto:a@acme.test'>a@acme.test</a>", "a@acme.test", id="a mailbox"),
    pytest.param(LIST, "To do:\n1. open it\n2. press On\n   - twice", id="markers"),
    pytest.param(LIST, "To do:\n1) open it\n2) press *On*\n    * twice", id="other markers"),
    pytest.param(LIST, "To do:\nopen it\npress On\ntwice", id="Qt leaves markers out"),
    pytest.param(LIST, "To do: open it press On twice", id="in one line"),
    pytest.param(PICTURE, "Look: a cat", id="a description"),
    pytest.param(PICTURE, "Look:\n\ufffc", id="Qt marks the place of a picture"),
    pytest.param(PICTURE, "Look: [a cat] https://acme.test/p.png", id="description and address"),
    pytest.param(PICTURE, "Look: ![a cat](https://acme.test/p.png)", id="a picture in Markdown"),
    pytest.param("<img src='https://acme.test/p.png' alt='p.png'/>", "https://acme.test/p.png", id="only a picture"),
    pytest.param("<p>Yes <img alt=':-)' src='cid:a'/></p>", "Yes :-)", id="a smiley"),
    pytest.param("<blockquote>old<br/>news</blockquote><p>new</p>", "> old\n> news\nnew", id="quotes"),
    pytest.param("<blockquote><p>a</p><blockquote>b</blockquote></blockquote>c", "> a\n>> b\nc", id="nested quotes"),
    pytest.param(TABLE, "a\tb\n1\t2", id="a table by tabulators"),
    pytest.param(TABLE, "| a | b |\n|---|---|\n| 1 | 2 |", id="a table in Markdown"),
    pytest.param("<p>a<br/>\n b</p>\n\n<p>c</p>", "a\nb\n\n\nc\n", id="white space"),
    pytest.param("<p>“Quote” – it’s…</p>", '"Quote" - it\'s...', id="typography"),
    pytest.param("<p><b>bold</b> <i>it</i> <s>no</s> <code>x</code></p>", "*bold* _it_ ~no~ `x`", id="styling"),
    pytest.param("<p>❤️ e\u0301</p>", "❤ é", id="forms of one character"),
    pytest.param("<p>a</p><hr/><p>b</p>", "a\n-----\nb", id="a rule"),
    pytest.param("<p>10<sup>5</sup> H<sub>2</sub>O</p>", "10^5 H2O", id="small digits"),
    pytest.param("<h1>Title</h1><p>text</p>", "# Title\ntext", id="a heading"),
]

DISAGREE = [
    ("<p>Pay 100</p>", "Pay 10"),
    ("<p>I agree</p>", "I do not agree"),
    ("<p>Yes</p><p>and more</p>", "Yes"),
    ("<p>Yes</p>", "Yes\nand more"),
    ("<p>Pay 1.000</p>", "Pay 1,000"),
    ("<p>-5</p>", "5"),
    (LINK, "See the help https://evil.test/help."),
    ("<a href='https://evil.test/'>https://bank.test/</a>", "https://evil.test/"),
    ("<p>Hello</p>", "This message has formatted content."),
    ("<p>b a</p>", "a b"),
]


@pytest.mark.parametrize(("content", "said"), AGREE)
def test_the_same(content: str, said: str) -> None:
    assert read([xhtml(content), body(said)]) is not None


@pytest.mark.parametrize(("content", "said"), DISAGREE)
def test_not_the_same(content: str, said: str) -> None:
    assert read([xhtml(content), body(said)]) is None


def test_the_body_stays_as_it_was_written() -> None:
    """If it lacks nothing."""
    said = "To do:\n1) open it\n2) press *On*\n    * twice"
    rich = read([xhtml(LIST), body(said)])
    assert rich is not None
    assert rich.plain == said


def test_a_body_that_lacks_targets_is_written_anew() -> None:
    """C10: link targets are written out."""
    rich = read([xhtml(LINK), body("See the help.")])
    assert rich is not None
    assert rich.plain == "See the help (https://acme.test/help)."


def test_another_form_that_agrees_is_taken() -> None:
    """XEP-0481 §2.3: a message may carry several."""
    parts = [
        body("Pay 10"),
        xhtml("<p>Pay 100</p>"),
        typed("text/plain", "Pay 1"),
        typed("text/markdown", "Pay **10**"),
    ]
    rich = read(parts)
    assert rich is not None
    assert rich.fragment() == '<div dir="auto"><p>Pay <strong>10</strong></p></div>'
