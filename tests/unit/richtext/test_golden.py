"""C10: what a Work user reads. Realistic messages of agents, each with the text that is expected next to it."""

from pathlib import Path

import pytest

from component.richtext.formatted import Rich, read
from component.xml import parse_children
from tests.unit.richtext.shapes import typed

FOLDER = Path(__file__).parent / "golden"
MESSAGES = sorted(path for path in FOLDER.iterdir() if path.suffix != ".txt")

ONLY_TEXT = {
    *("body-lacks-the-links.xml", "gmail-quote.html", "links.html", "nested-lists.html"),
    *("one-font.xml", "only-text.xml"),
}
"""Messages of which the text says all there is."""


def sent(path: Path) -> Rich:
    """``.xml`` has the children of a message, others its content in their own type."""
    source = path.read_text()
    types = {".html": "text/html", ".md": "text/markdown"}
    parts = parse_children(source.strip()) if path.suffix == ".xml" else [typed(types[path.suffix], source)]
    rich = read(parts)
    assert rich is not None
    return rich


@pytest.mark.parametrize("path", MESSAGES, ids=lambda path: path.name)
def test_plain_text(path: Path) -> None:
    assert sent(path).plain + "\n" == path.with_suffix(".txt").read_text()


@pytest.mark.parametrize("path", MESSAGES, ids=lambda path: path.name)
def test_a_page_is_worth_it(path: Path) -> None:
    """Exactly if there is more to see than text, links, lists and quotes."""
    assert sent(path).formatted == (path.name not in ONLY_TEXT)
