"""C10: in a real browser no attack runs a script, loads anything, or leads anywhere, and the browser itself finds
only what is on the allow-list."""

import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from component.richtext.formatted import read
from tests.support import devtools
from tests.support.devtools import DevTools
from tests.support.tab import ADDRESS, Tab
from tests.unit.richtext.allowed import PAGE_ATTRIBUTES
from tests.unit.richtext.attacks.collected import collected
from tests.unit.richtext.test_attacks import CASES, DOORS, HOSTS, needs_collections, spliced

pytestmark = pytest.mark.skipif(not devtools.usable, reason="needs Debian's chromium")

PROTOCOLS = {"http:", "https:", "mailto:"}

LOOK = """(() => {
  const elements = [...document.body.querySelectorAll('*')];
  return {
    count: elements.length,
    elements: [...new Set(elements.map(e => [e.localName, ...e.getAttributeNames().sort()].join(' ')))],
    foreign: elements.filter(e => e.namespaceURI !== 'http://www.w3.org/1999/xhtml').length,
    protocols: [...new Set(elements.filter(e => e.localName === 'a').map(e => e.protocol))],
    properties: [...new Set(elements.flatMap(e => [...e.style]))],
    comments: document.evaluate('count(//body//comment())', document).numberValue,
  };
})()"""
"""What the browser has made of a page, with its own parsers of HTML, URLs and CSS."""

PUT = """(fragments => {
  for (const fragment of fragments) {
    const element = document.body.appendChild(document.createElement('div'));
    element.innerHTML = fragment;
    element.innerHTML = element.innerHTML;
    element.setAttribute('dir', 'auto');
  }
  return new Promise(done => setTimeout(() => done(true), 200));
})(%s)"""


def page(content: str = "") -> str:
    return f"<!DOCTYPE html><title>-</title><link rel=icon href='data:,'><body>{content}</body>"


def fragments(markups: Iterable[str]) -> Sequence[str]:
    """What pages show of each markup, whatever it was sent as."""
    found: dict[str, None] = {}
    for markup in markups:
        for door in DOORS:
            part = door(markup)
            rich = read([part], HOSTS) if part is not None else None
            if rich is not None:
                found[rich.fragment()] = None
    return tuple(found)


async def check(tab: Tab) -> int:
    """The number of elements that were looked at."""
    look = await tab.run(LOOK)
    for element in look["elements"]:
        name, *attributes = element.split(" ")
        assert set(attributes) <= PAGE_ATTRIBUTES[name], element
    assert set(look["protocols"]) <= PROTOCOLS
    assert not any(re.search("image|position|display|content|animation", name) for name in look["properties"])
    assert (look["foreign"], look["comments"]) == (0, 0)
    assert tab.happened == []
    return int(look["count"])


async def test_attacks_in_a_browser(tmp_path: Path) -> None:
    """As a page from a server that forbids nothing, and put into a document by a script, and read from there again."""
    await nothing_happens(fragments(case.markup for case in CASES), tmp_path)


@needs_collections
@pytest.mark.long
async def test_attacks_of_others_in_a_browser(tmp_path: Path) -> None:
    await nothing_happens(fragments(case.markup for case in collected()), tmp_path)


async def nothing_happens(known: Sequence[str], tmp_path: Path) -> None:
    assert len(known) > 1_000
    async with DevTools(tmp_path) as chromium:
        tab = await Tab.of(chromium)
        await tab.show(page("".join(known)))
        served = await check(tab)
        await tab.show(page())
        await tab.run(PUT % json.dumps(known))
        assert await check(tab) >= served > 3_000


async def test_attacks_that_get_through_are_seen(tmp_path: Path) -> None:
    """That the test above can fail: the same browser with attacks that nobody has sanitised."""
    attacks = [
        "<script>nothing.at.all</script>",
        "<img src=x onerror=alert(1)>",
        "<svg><style>@import 'https://evil.test/'</style></svg>",
        "<iframe srcdoc=x></iframe>",
    ]
    async with DevTools(tmp_path) as chromium:
        tab = await Tab.of(chromium)
        await tab.show(page("".join(attacks)))
        await tab.run("new Promise(done => setTimeout(() => done(true), 300))")
        wanted = {"Page.javascriptDialogOpening", "Runtime.exceptionThrown", "Page.frameAttached"}
        assert wanted | {f"{ADDRESS}x", "https://evil.test/"} <= set(tab.happened)
        with pytest.raises(KeyError):
            await check(tab)


@pytest.mark.long
async def test_attacks_made_of_attacks_in_a_browser(tmp_path: Path) -> None:
    """The same for thousands that nobody has written yet."""
    made: list[str] = []

    @settings(max_examples=4_000, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(spliced())
    def generate(markup: str) -> None:
        made.append(markup)

    generate()
    async with DevTools(tmp_path) as chromium:
        tab = await Tab.of(chromium)
        await tab.show(page())
        await tab.run(PUT % json.dumps(fragments(made)))
        assert await check(tab) > 3_000
