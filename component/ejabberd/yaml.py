"""Just enough YAML to write a configuration that people like to read.

Plain dicts, lists and scalars, in their order; ``note`` puts a comment above a key. Strings are quoted unless they
can only be read as strings. A writer only: nothing here reads YAML.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

Node: TypeAlias = "str | int | Mapping[str, Node] | Sequence[Node]"

INDENT = "  "
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_OTHER_MEANING = frozenset({"true", "false", "yes", "no", "on", "off", "y", "n", "null"})


class Key(str):
    """A mapping's key with a comment above it."""

    comment: str = ""


def note(key: str, comment: str) -> str:
    """``key``, to be written below ``comment`` (lines without ``#``)."""
    noted = Key(key)
    noted.comment = comment
    return noted


def dump(document: Mapping[str, Node]) -> str:
    """The text of a mapping, with blank lines around its blocks and before its comments."""
    lines: list[str] = []
    for key, value in document.items():
        airy = _is_block(value) or isinstance(key, Key) or (lines and lines[-1].startswith(INDENT))
        if lines and airy:
            lines.append("")
        lines += _entry(key, value, "")
    return "\n".join(lines) + "\n"


def _entry(key: str, value: Node, indent: str) -> Iterator[str]:
    if isinstance(key, Key):
        for line in key.comment.splitlines():
            yield f"{indent}# {line}".rstrip()
    head = f"{indent}{_scalar(key)}:"
    if _is_block(value):
        yield head
        yield from _block(value, indent + INDENT)
    else:
        yield f"{head} {_inline(value)}"


def _block(value: Node, indent: str) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _entry(key, item, indent)
    elif isinstance(value, Sequence):
        for item in value:
            yield from _item(item, indent)


def _item(item: Node, indent: str) -> Iterator[str]:
    if not _is_block(item):
        yield f"{indent}- {_inline(item)}"
        return
    lines = list(_block(item, indent + INDENT))
    yield f"{indent}- {lines[0][len(indent) + 2 :]}"
    yield from lines[1:]


def _is_block(value: Node) -> bool:
    return not isinstance(value, (str, int)) and bool(value)


def _inline(value: Node) -> str:
    if isinstance(value, Mapping):
        return "{}"
    return "[]" if isinstance(value, Sequence) and not isinstance(value, str) else _scalar(value)


def _scalar(value: Node) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    text = str(value)
    plain = _PLAIN.fullmatch(text) and text.lower() not in _OTHER_MEANING
    return text if plain else json.dumps(text, ensure_ascii=False)
