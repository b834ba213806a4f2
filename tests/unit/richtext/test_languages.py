"""C10: several bodies in several languages stay what they are."""

from component.richtext.formatted import read
from component.xml import XML_LANG
from tests.unit.richtext.shapes import body, markup, typed, xhtml


def test_each_language_has_its_own() -> None:
    """XEP-0071 §9, and in either order, as ejabberd puts ``<html/>`` first."""
    html = xhtml("<b>awesome!</b>", "<b>ausgezeichnet!</b>", languages=("en", "de"))
    for parts in ([html, body("awesome!", "en"), body("ausgezeichnet!", "de")], [body("ausgezeichnet!", "de"), html]):
        rich = read(parts)
        assert rich is not None
        assert set(rich.bodies.values()) <= {"awesome!", "ausgezeichnet!"}
        assert [part.get(XML_LANG) for part in rich.xhtml()] == list(rich.bodies)
        assert all(f'lang="{language}"' in rich.fragment() for language in rich.bodies)


def test_one_language_disagrees() -> None:
    """Only that one loses."""
    html = xhtml("<b>awesome!</b>", "<b>furchtbar!</b>", languages=("en", "de"))
    rich = read([html, body("awesome!", "en"), body("ausgezeichnet!", "de")])
    assert rich is not None
    assert rich.bodies == {"en": "awesome!"}


def test_without_a_language_it_belongs_to_the_body_that_says_the_same() -> None:
    rich = read([xhtml("<b>ja</b>"), body("yes", "en"), body("ja", "de")])
    assert rich is not None
    assert rich.bodies == {"de": "ja"}


def test_no_body_at_all() -> None:
    rich = read([xhtml("<b>yes</b>", "<b>ja</b>", languages=("en", "de"))])
    assert rich is not None
    assert rich.bodies == {"en": "yes", "de": "ja"}


def test_marks_and_hints_in_a_language() -> None:
    marks = markup("<span start='0' end='2'><strong/></span>")
    marks.set(XML_LANG, "de")
    rich = read([body("yes", "en"), body("ja", "de"), marks])
    assert rich is not None
    assert rich.bodies == {"de": "ja"}
    hint = typed("text/markdown")
    hint.set(XML_LANG, "de")
    rich = read([body("*yes*", "en"), body("*ja*", "de"), hint])
    assert rich is not None
    assert rich.bodies == {"de": "*ja*"}


def test_a_language_that_is_none() -> None:
    """Nothing but letters, digits and hyphens gets into the attribute."""
    rich = read([xhtml("<b>yes</b>", languages=("en&quot;&gt;&lt;script&gt;",))])
    assert rich is not None
    assert [part.attrib for part in rich.xhtml()] == [{}]
