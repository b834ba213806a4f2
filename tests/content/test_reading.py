"""C10: what agents' clients send, as it is read, and written again."""

from component.content.rich import Rich, read
from component.element import serialise
from tests.content.shapes import body, markup, typed, xhtml


def sent(*parts: object) -> Rich:
    rich = read(parts)  # type: ignore[arg-type]
    assert rich is not None
    return rich


def inside(rich: Rich) -> str:
    """What is in the ``<body/>`` of the XHTML-IM."""
    written = serialise(rich.xhtml())
    return written.partition('xhtml">')[2].removesuffix("</body></html>")


def test_the_first_example_of_the_protocol() -> None:
    """XEP-0071 §8"""
    rich = sent(
        body("Wow, I'm green with envy!"),
        xhtml("<p><em>Wow</em>, I&apos;m <span style='color:green'>green</span> with <strong>envy</strong>!</p>"),
    )
    assert rich.plain == "Wow, I'm green with envy!"
    assert rich.formatted
    assert inside(rich) == (
        '<p><em>Wow</em>, I\'m <span style="color: #008000">green</span> with <strong>envy</strong>!</p>'
    )


def test_html_without_a_body_gets_one() -> None:
    rich = sent(
        xhtml("<p>To begin:</p><ol><li>Open <a href='https://acme.test/'>this page</a></li><li>Log in</li></ol>")
    )
    assert rich.plain == "To begin:\n1. Open this page (https://acme.test/)\n2. Log in"
    assert not rich.formatted


def test_html_that_disagrees_loses() -> None:
    assert read([body("Pay 10"), xhtml("<p>Pay 100</p>")]) is None


def test_text_of_a_type() -> None:
    """XEP-0481 §2.2"""
    rich = sent(
        body("Note: Go to Google and search for it."),
        typed("text/markdown", "\n          **Note:** Go to [Google](http://www.google.com/) and search for it.\n"),
    )
    assert rich.plain == "Note: Go to Google (http://www.google.com/) and search for it."
    assert rich.formatted


def test_marks_on_a_text() -> None:
    """XEP-0394 §4.1"""
    rich = sent(body("There is really no reason to worry."), markup("<span start='9' end='15'><emphasis/></span>"))
    assert rich.plain == "There is really no reason to worry."
    assert inside(rich) == "<p>There is <em>really</em> no reason to worry.</p>"


def test_a_page_gets_no_scripts() -> None:
    rich = sent(typed("text/html", "<p onclick=alert(1)>Hello <b>you</b><script>alert(1)</script></p>"))
    assert rich.fragment() == '<div dir="auto"><p>Hello <strong>you</strong></p></div>'
