"""Attacks that others have collected, for the long tests. They are no part of deskbridge: they are read from what ships
them, source distributions of PyPI and one package of npm (`make collections`).

Only the markup is taken, not what the other sanitisers make of it: deskbridge has an allow-list of its own.
"""

import ast
import json
import re
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError, fromstring, tostring

from tests.unit.richtext.attacks import Case

ROOT = Path(__file__).parents[4]
SOURCES = ROOT / ".cache" / "collections"
"""What is in ``packages.txt``."""
DOMPURIFY = ROOT / "tests/clients/node_modules/dompurify/test/fixtures/expect.js"

AVAILABLE = DOMPURIFY.exists() and len(list(SOURCES.glob("*.tar.gz"))) == 3

Read = Callable[[str], Iterator[str]]


def collected() -> Iterator[Case]:
    for path in sorted(SOURCES.glob("*.tar.gz")):
        with tarfile.open(path) as archive:
            for member in archive:
                file = archive.extractfile(member) if member.isfile() else None
                read = next((read for pattern, read in IN_SOURCES if re.search(pattern, member.name)), None)
                if file is not None and read is not None:
                    yield from _cases(member.name, file.read().decode(errors="replace"), read)
    yield from _cases("dompurify", DOMPURIFY.read_text(), _payloads)


def _cases(name: str, text: str, read: Read) -> Iterator[Case]:
    for number, markup in enumerate(read(text)):
        yield Case(f"{name}-{number}", markup)


def _whole(text: str) -> Iterator[str]:
    yield text


def _strings(text: str) -> Iterator[str]:
    """Those of a Python module that hold markup."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "<" in node.value:
            yield node.value


def _payloads(text: str) -> Iterator[str]:
    """A JavaScript module that exports JSON."""
    yield from (case["payload"] for case in json.loads(text[text.index("[") : text.rindex("]") + 1]))


def _inputs(text: str) -> Iterator[str]:
    yield from (case["input"] for case in json.loads(text))


def _data(text: str) -> Iterator[str]:
    """The format of html5lib's tests of trees."""
    for case in re.split(r"^#data\n", text, flags=re.MULTILINE)[1:]:
        yield case.partition("\n#errors")[0]


def _of_feed(text: str) -> Iterator[str]:
    """The HTML in a feed: as text, or as elements."""
    try:
        feed: Any = fromstring(text)
    except ParseError:
        return
    for element in feed.iter():
        if "<" in (element.text or ""):
            yield element.text
        elif element.tag.endswith("}div"):
            yield tostring(element, encoding="unicode")


IN_SOURCES: tuple[tuple[str, Read], ...] = (
    (r"^bleach-[^/]*/tests/data/.*\.test$", _whole),
    (r"^bleach-[^/]*/tests/test_.*\.py$", _strings),
    (r"^feedparser-[^/]*/tests/wellformed/sanitize/.*\.xml$", _of_feed),
    (r"^html5lib-[^/]*/html5lib/tests/testdata/sanitizer/.*\.dat$", _inputs),
    (r"^html5lib-[^/]*/html5lib/tests/test_sanitizer\.py$", _strings),
    (r"^html5lib-[^/]*/html5lib/tests/testdata/tree-construction/.*\.dat$", _data),
)
