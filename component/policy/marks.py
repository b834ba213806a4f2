"""Who speaks, told by marks that nobody can write (S2, S4, A4, V2). Pure.

| mark | where | what it says |
| --- | --- | --- |
| ``ⓘ`` | begins a message | deskbridge itself speaks |
| ``▸`` | begins a line of a watched chat, a copy | the name that follows is that of the speaker |
| ``│`` | begins a line there, and in a transcript | the speaker goes on |

What people write loses the first on its way, into the archive too (``plain_text``), and all line breaks and the second
where somebody else tells it (``spoken``). So do signs that look alike. Each is replaced by one character, so that
ranges in a text (XEP-0428) stay where they are.
"""

SYSTEM, SPEAKER, GOES_ON = "ⓘ", "▸", "│"

_LIKE_SYSTEM = str.maketrans({"ⓘ": "i", "ℹ": "i", "🛈": "i", "Ⓘ": "I", "🅘": "I", "🄸": "I", "🅸": "I", "\u20dd": "\u034f"})
"""The last is a circle around the letter before it."""

_LIKE_SPEAKER = str.maketrans(dict.fromkeys("▸►▶▷▹▻‣⏵⯈➤", ">"))


def plain_text(text: str) -> str:
    """What somebody wrote, as others get it."""
    return text if text.isascii() else text.translate(_LIKE_SYSTEM)


def told(words: str) -> str:
    """What deskbridge says. ``words`` may quote somebody."""
    first, *others = _lines(words)
    return "\n".join((f"{SYSTEM} {first}", *(f"{GOES_ON} {line}" for line in others)))


def spoken(name: str, text: str) -> str:
    """What somebody of that ``name`` said, as somebody else tells it."""
    first, *others = _lines(text)
    return "\n".join((f"{SPEAKER} {' '.join(_lines(name))}: {first}", *(f"{GOES_ON} {line}" for line in others)))


def unmarked(text: str) -> str:
    """What somebody said, where it is not told who. The lines are their own."""
    return plain_text(text).translate(_LIKE_SPEAKER)


def _lines(text: str) -> list[str]:
    """Broken wherever any client might do so (Unicode, UAX #14: LF, CR, NEL, LS, PS, VT, FF)."""
    return unmarked(text).splitlines() or [""]
