"""C10: what agents' clients send, as it is read, and written again."""

from component.richtext.formatted import Rich, read
from component.xml import serialise
from tests.unit.richtext.shapes import body, markup, typed, xhtml


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


def test_small_digits_stay_apart() -> None:
    """10⁵ is not 105; letters have no such forms everywhere."""
    assert sent(xhtml("10<sup>5</sup> H<sub>2</sub>O, the 1<sup>st</sup>")).plain == "10⁵ H₂O, the 1st"


def test_lines_of_markdown_end_where_they_were_ended() -> None:
    """C10: they are messages, not pages. HTML in them is text."""
    assert sent(typed("text/markdown", "Hello *Bob*\nhow <b>are</b> you?")).plain == "Hello Bob\nhow <b>are</b> you?"


def test_a_body_that_is_html() -> None:
    """XEP-0481 §2.1: a hint without content; what nobody can read is not left in the body."""
    rich = sent(body("<p>Hello <b>Bob</b></p>"), typed("text/html"))
    assert rich.plain == "Hello Bob"
    assert rich.formatted


def test_content_without_markup() -> None:
    rich = sent(typed("text/plain; charset=utf-8", "Hello  Bob\n\n<b>Bye</b>"))
    assert rich.plain == "Hello\u00a0\u00a0Bob\n\n<b>Bye</b>"
    assert not rich.formatted


def test_what_is_no_text_is_not_there() -> None:
    assert read([typed("image/png", "iVBORw0KGgo=")]) is None
    assert read([typed("text/html", "<script>alert(1)</script>")]) is None
    assert read([xhtml(" ")]) is None
    assert read([body("Hello")]) is None


def test_elements_of_others_are_not_read() -> None:
    """A name alone means nothing: it has to be in the namespace of XHTML."""
    foreign = "<p>Hello <b xmlns='of:nobody'>Bob</b><svg xmlns='http://www.w3.org/2000/svg'><a>x</a></svg></p>"
    assert inside(sent(xhtml(foreign))) == "<p>Hello</p>"
    assert read([xhtml("<x xmlns=''>Hello</x>")]) is None


def test_hidden_text_is_not_there() -> None:
    """Its author has not seen it either."""
    hidden = "<p>Hello<span style='display: none'> secret</span><i style='VISIBILITY:hidden'>too</i></p>"
    assert sent(xhtml(hidden)).plain == "Hello"


def test_clients_ways_to_say_bold() -> None:
    ways = (
        "<b>x</b>",
        "<strong>x</strong>",
        "<span style='font-weight: 700'>x</span>",
        "<p style='font-weight:bold'>x</p>",
    )
    assert {inside(sent(xhtml(way))) for way in ways} == {"<p><strong>x</strong></p>"}
    assert inside(sent(xhtml("<b style='font-weight: normal'>x</b>"))) == "<p>x</p>"


def test_only_the_properties_of_the_profile() -> None:
    """XEP-0071 §7.5.1: each with a value that is made anew."""
    style = (
        "COLOR: RGB(255, 0, 0) !important; background: #FF0; font-family: 'Comic Sans MS', url(x), serif;"
        "font-size: 14.0px; text-decoration: underline dotted red; position: fixed;"
        "margin-left: -5000px; text-align: center"
    )
    assert inside(sent(xhtml(f'<p style="{style}">x</p>'))) == (
        '<p style="text-align: center"><span style="background-color: #ffff00; color: #ff0000; '
        'font-family: comic sans ms, serif; font-size: 14px; text-decoration: underline">x</span></p>'
    )


def test_a_list_that_begins_later() -> None:
    """XEP-0071 has no attribute for it."""
    rich = sent(xhtml("<ol start='4'><li>four</li><li>five</li></ol>"))
    assert rich.plain == "4. four\n5. five"
    assert inside(rich) == "<p>4. four</p><p>5. five</p>"
    assert rich.fragment() == '<div dir="auto"><ol dir="auto" start="4"><li>four</li><li>five</li></ol></div>'


def test_blocks_inside_of_text() -> None:
    """Whatever is where it must not be, the result is valid."""
    assert inside(sent(xhtml("<b>a<ul><li>b</li></ul>c</b>"))) == (
        "<p><strong>a</strong></p><ul><li><strong>b</strong></li></ul><p><strong>c</strong></p>"
    )
    assert inside(sent(xhtml("<li>a</li>text<tr><td>b</td></tr>"))) == "<ul><li>a</li></ul><p>text</p><p>b</p>"


def test_what_was_written_says_the_same_when_it_is_read_again() -> None:
    """Whatever a client makes of it, and sends on."""
    for content in (
        "<pre>a <img src='https://a.test/p.png' alt='p'/>\nb</pre>",
        "<pre><img src='https://a.test/p.png' alt='p' width='9' height='9'/>\n<a href='https://a.test/'>b</a>\nc</pre>",
        "<table><tr><td></td><td>x</td></tr><tr><td>y</td><td></td></tr></table>",
        "<ol>" * 12 + "<li>deep</li>" + "</ol>" * 12,
        "<li>" * 12 + "deep" + "</li>" * 12,
        "<ul><li><blockquote>" * 8 + "deep" + "</blockquote></li></ul>" * 8,
    ):
        first = sent(xhtml(content)).xhtml()
        assert serialise(sent(first).xhtml()) == serialise(first)


def test_a_line_break_in_code_is_code() -> None:
    assert inside(sent(xhtml("<pre>a <img src='https://a.test/p.png' alt='p'/>\nb</pre>"))) == (
        '<p><span style="font-family: monospace">a </span><a href="https://a.test/p.png">'
        '<span style="font-family: monospace">[p]</span></a>'
        '<span style="font-family: monospace"><br/>b</span></p>'
    )
