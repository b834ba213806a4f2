"""R2: what reading and writing a message takes is bounded, however it was made. Work is counted, not timed; what does
its work inside of one call to C, as regular expressions do, is in ``test_limits``."""

import pytest

from component.richtext.document import Table
from component.richtext.formatted import MOST_WRITTEN, read
from tests.support.work import work
from tests.unit.richtext.shapes import body, typed

MOST_CALLS = 3_000_000
"""Of Python. The largest that is read takes most of them, at about 0.2 s."""


def table(columns: int, rows: int, row: str = "|") -> str:
    """Markdown"""
    return "\n".join(["|" + columns * "a|", "|" + columns * "-|", *rows * [row]])


MARKDOWN = {
    "few characters, many cells": table(300, 218),
    "as wide as high": table(1_000, 1_500),
    "narrow and long": table(12, 4_000),
    "longer": table(2, 4_000),
    "many tables": "|a|b|\n|-|-|\n\n" * 600,
    "tables in quotes": "\n".join(f"> {line}" for line in table(300, 200).split("\n")),
    "tables in lists": "\n".join(f"- {table(80, 1)}" for _ in range(30)),
    "headings": "a\n-\n" * 2_000,
    "items": "\n- x" * 2_000,
    "items inside of each other": "".join(" " * (2 * depth) + "- x\n" for depth in range(80)),
    "quotes inside of each other": ("> " * 50 + "x\n") * 70,
    "emphasis": "*a_ " * 2_000,
    "emphasis that ends nowhere": "**x* " * 1_600,
    "brackets": "[" * 8_000,
    "pictures": "![a](b)" * 1_100,
    "references": "".join(f"[{number}]: /x\n" for number in range(800)) + "[1]" * 500,
    "backticks": "".join("`" * length + "x" for length in range(1, 120)),
    "angles": "<" * 8_000,
    "entities": "&#x41;" * 1_300,
}

HTML = {
    "cells of many columns": "<table>" + "<tr><td colspan=12>x</td></tr>" * 1_200 + "</table>",
    "empty cells of many columns": "<table>" + "<tr><td colspan=12></td><td>x</td></tr>" * 800 + "</table>",
    "tables inside of each other": "<table><tr><td>" * 40 + "x",
    "lists inside of each other": "<ol start=5><li>" * 40 + "x",
    "lines in quotes": "<blockquote>" * 10 + "<br>x" * 2_000,
    "paragraphs in quotes": "<blockquote>" * 10 + "<p>x</p>" * 2_000,
    "lines in lists": "<ul><li>" * 10 + "<br>x" * 2_000,
    "links": "".join(f"<a href=https://a.test/{number}>x</a> " for number in range(2_400)),
    "addresses": "https://a.test/x " * 1_100,
    "tags that do not end": "<a " * 40_000,
    "styles": "".join(f"<b style='color:#{number:06x};font-family:a,b,c,d'>x</b>" for number in range(2_400)),
    "rules": "<hr>" * 2_400,
}


def read_and_written(type: str, source: str) -> int:
    """The work of it."""

    def both() -> None:
        for parts in ([typed(type, source)], [typed(type, source), body("Hello")]):
            rich = read(parts)
            if rich is not None:
                rendered = rich.rendered()
                assert len(rendered.page) + len(rendered.xhtml) < 6 * MOST_WRITTEN

    return work(both)


@pytest.mark.parametrize("source", MARKDOWN.values(), ids=MARKDOWN)
def test_markdown(source: str) -> None:
    assert read_and_written("text/markdown", source) < MOST_CALLS


@pytest.mark.parametrize("source", HTML.values(), ids=HTML)
def test_html(source: str) -> None:
    assert read_and_written("text/html", source) < MOST_CALLS


def test_cells_are_bounded() -> None:
    """Also those that nobody wrote: rows are filled up to the width of the widest."""
    rich = read([typed("text/markdown", table(12, 40, "|x|"))])
    assert rich is not None
    (block,) = rich.versions[0].blocks
    assert isinstance(block, Table)
    for source in (table(300, 218), table(12, 4_000), "\n\n".join(30 * [table(12, 10)])):
        assert read([typed("text/markdown", source)]) is None
    assert read([typed("text/html", HTML["cells of many columns"])]) is None
