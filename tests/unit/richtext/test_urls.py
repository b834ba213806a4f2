"""C10, AD2: where links lead to, and pictures come from."""

import re

import pytest

from component.richtext import urls
from component.richtext.formatted import Rich, read
from component.xml import serialise
from tests.unit.richtext.shapes import XHTML, typed


def sent(content: str, *hosts: str) -> Rich:
    rich = read([typed("text/html", content)], hosts)
    assert rich is not None
    return rich


@pytest.mark.parametrize(
    ("written", "target"),
    [
        ("https://acme.test/a?b=1&c=2#d", "https://acme.test/a?b=1&c=2#d"),
        ("HTTP://acme.test", "http://acme.test"),
        (" https://acme.test/a b ", "https://acme.test/a%20b"),
        ("https://acme.test/\u202egnp", "https://acme.test/%E2%80%AEgnp"),
        ("https://bücher.test/straße", "https://bücher.test/straße"),
        ("https://[2001:db8::1]:8443/", "https://[2001:db8::1]:8443/"),
        ("ht\ntps://acme.test/", "https://acme.test/"),
        ("mailto:a@acme.test?bcc=b@acme.test", "mailto:a@acme.test"),
        ("https://bank.test@evil.test/", None),
        ("https:\\\\evil.test\\", None),
        ("https://evil.test\\@acme.test/", None),
        ("//acme.test/", None),
        ("https:acme.test", None),
        ("javascript:alert(1)", None),
        ("java\tscript:alert(1)", None),
        ("xmpp:bob@work.acme.test", None),
        ("aesgcm://acme.test/a#b", None),
        ("data:text/html,x", None),
        ("page.html", None),
        ("#top", None),
        ("", None),
        ("https://acme.test/" + "x" * 2_000, None),
    ],
)
def test_targets(written: str, target: str | None) -> None:
    assert urls.link(written) == target


@pytest.mark.parametrize(
    "target",
    ["mailto:bob@work.acme.test", "https://x.test/?to=bob@work.acme.test", "https://x.test/?to=bob%40Work.Acme.test"],
)
def test_no_link_names_an_account(target: str) -> None:
    """AD2: its text stays."""
    rich = sent(f"<a href='{target}'>Bob</a> <b>is away</b>", "work.acme.test")
    assert "<a" not in rich.fragment()
    assert rich.plain == "Bob is away"


def image(attributes: str) -> tuple[str, str, str]:
    """An ``<img>`` in the three ways that it leaves."""
    rich = sent(f"See <img {attributes}>")
    inner = serialise(rich.xhtml()).partition(f'{XHTML}">')[2].removesuffix("</body></html>")
    return rich.plain, inner, rich.fragment()


def test_pictures_of_known_size() -> None:
    """Clients get an ``<img>``, a page would load it, so it has a link."""
    plain, inner, page = image("alt='a cat' src='https://acme.test/cat.png' width=40 height=30 onload=x()")
    assert plain == "See [a cat] (https://acme.test/cat.png)"
    assert inner == '<p>See <img alt="a cat" src="https://acme.test/cat.png" width="40" height="30"/></p>'
    link = '<a href="https://acme.test/cat.png" rel="noopener noreferrer nofollow">[a cat]</a>'
    assert page == f'<div dir="auto"><p>See {link}</p></div>'


@pytest.mark.parametrize(
    "size", ["", "width=4000 height=30", "width=40", "width=100% height=100%", "width=-1 height=5"]
)
def test_pictures_of_other_sizes_are_links(size: str) -> None:
    plain, inner, _ = image(f"alt='a cat' src='https://acme.test/cat.png' {size}")
    assert plain == "See [a cat] (https://acme.test/cat.png)"
    assert inner == '<p>See <a href="https://acme.test/cat.png">[a cat]</a></p>'


def test_pictures_not_by_https_are_links() -> None:
    _, inner, _ = image("alt='a cat' src='http://acme.test/cat.png' width=40 height=30")
    assert inner == '<p>See <a href="http://acme.test/cat.png">[a cat]</a></p>'


@pytest.mark.parametrize("source", ["data:image/png;base64,AAAA", "cid:x@bob.xmpp.org", "cat.png", "javascript:x()"])
def test_pictures_that_cannot_be_had_are_their_description(source: str) -> None:
    assert image(f"alt='a cat' src='{source}'")[0] == "See [a cat]"


def test_pictures_that_only_count_readers_are_gone() -> None:
    assert image("src='https://acme.test/open' width=1 height=1") == (
        "See",
        "<p>See</p>",
        '<div dir="auto"><p>See</p></div>',
    )


def test_addresses_in_text_are_links_on_the_page() -> None:
    """XEP-0071 §8 leaves that to clients in what they get."""
    rich = sent("<p>Look (https://acme.test/a_(b)), <b>really</b>.</p>")
    link = '<a href="https://acme.test/a_(b)" rel="noopener noreferrer nofollow">https://acme.test/a_(b)</a>'
    assert rich.fragment() == f'<div dir="auto"><p>Look ({link}), <strong>really</strong>.</p></div>'
    assert "<a" not in serialise(rich.xhtml())


def test_a_link_that_names_another_address_says_so() -> None:
    """XEP-0071 §11.2"""
    rich = sent("<a href='https://evil.test/'>https://bank.test/login</a> <b>now</b>")
    assert rich.plain == "https://bank.test/login (https://evil.test/) now"
    assert ">https://bank.test/login (https://evil.test/)</a>" in rich.fragment()


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        ("https://bank.test/<img alt=logo>", "https://bank.test/[logo] (https://evil.test/)"),
        ("https://bank<b>.test</b>", "https://bank<strong>.test (https://evil.test/)</strong>"),
        ("<img alt='https://bank.test/ '>", "[https://bank.test/] (https://evil.test/)"),
        ("https://bank.test https://evil.test/", "https://bank.test https://evil.test/"),
    ],
)
def test_whatever_the_link_is_made_of(shown: str, said: str) -> None:
    """XEP-0071 §11.2: once, at its end; the page says the same when it is read again."""
    page = sent(f"<a href='https://evil.test/'>{shown}</a>").fragment()
    assert re.sub("</?(?:div|p|a)[^>]*>", "", page) == said
    assert sent(page).fragment() == page


def test_colours_on_the_page() -> None:
    """What everything has in common, what makes links look like links, and light text on nothing would only be in
    the way of the page's own colours; clients get it."""
    rich = sent(
        "<div style='color: navy'>one <span style='color: #fff'>three</span> <span style='color: red'>four</span>"
        " <a href='https://acme.test/' style='color: blue; text-decoration: underline'>five</a></div>"
    )
    assert set(re.findall('style="([^"]*)"', rich.fragment())) == {"color: #000080", "color: #ff0000"}
    assert set(re.findall("color: (#[0-9a-f]*)", serialise(rich.xhtml()))) == {
        *("#000080", "#0000ff", "#ff0000", "#ffffff"),
    }
    common = sent("<p style='color: navy; font-family: x'>one <b>two</b> <i style='color: navy'>three</i></p>")
    assert "style" not in common.fragment()
