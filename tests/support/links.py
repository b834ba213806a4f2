"""Links in texts, and what of them is on disk."""

import re
import time

from tests.support.archived import query
from tests.support.bridge import BridgeProcess

TOKEN = re.compile(r"/[fm]/([0-9a-f]+)$", re.MULTILINE)
"""At the end of a line, without a suffix, and without anything that a client might take for punctuation."""

GUESSES = 2**128
ALPHABET = 16


def token(text: str | None) -> str:
    """The one token in a text, which nobody can guess."""
    (found,) = TOKEN.findall(text or "")
    assert ALPHABET ** len(found) >= GUESSES
    return str(found)


def opens(bridge: BridgeProcess, token: str) -> tuple[str, str] | None:
    """``(kind, what it opens)``, or None for a link that is dead."""
    rows = query(
        bridge,
        "SELECT l.kind, l.content FROM link l JOIN message m ON m.id = l.message_id "
        "WHERE l.token = ? AND l.revoked_at IS NULL AND l.expires_at > ? AND m.withdrawn_at IS NULL",
        *(token, int(time.time() * 1_000_000)),
    )
    return rows[0] if rows else None


def all_tokens(bridge: BridgeProcess) -> list[str]:
    return query(bridge, "SELECT token FROM link ORDER BY id")
