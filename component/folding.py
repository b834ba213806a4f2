"""Text as it is compared when somebody searches (A10): without what people write now this way, now that way, and cut
into words. What is stored and what is asked for go through the same cut.

* Case, width and typographic forms (casefold and NFKC, so ``ß`` is ``ss`` and ``Ａ`` is ``a``), accents, Hebrew points
  and Arabic vowel signs, dots on ``i``, letters with strokes, digits of all scripts do not count; nor does what
  nobody sees (joiners, variation selectors, directions), what only stretches a word (tatweel), and the colour of an
  emoji's skin.
* A word is what stands together of letters and digits; everything else parts words, and is no word itself. So an
  address is several words, one behind the other. Emoji and other symbols are a word each, a flag is one.
* Scripts without spaces, and Korean, which writes endings onto its words, are cut into pairs of characters, each of
  which begins with the second of the one before; the last character stands alone. ``明天会议`` is cut into ``明天 天会
  会议 议``, and ``天会议`` is asked for as ``天会 会议``, one behind the other, ``会`` as the beginning of a word.

The properties of characters come from ``regex``, which is newer in this than Python and knows scripts and emoji. ICU
would be a library of 40 MB for it, and its dictionaries cut a name differently in what is written and in what is asked.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import regex

FOLDING = f"2 {unicodedata.unidata_version} {regex.__version__}"
"""Changes whenever texts may be cut into other words than before."""

LONGEST_WORD = 100
"""Characters; further ones do not count."""

MOST_WORDS = 16_000
"""Of a text; further ones are not found."""

MOST_ASKED = 32
"""Words of a question; further ones do not count."""

_ASCII = re.compile("[a-z0-9]+")

# Kana have marks as well, which make other letters.
_UNSEEN = r"[\p{DI}\u0640\p{Emoji_Modifier}[[\p{Mn}\p{Me}]&&[\p{sc=Zinh}\p{sc=Hebr}\p{sc=Arab}]--[\u3099\u309A]]]"
_SCRIPTS = "".join(
    rf"\p{{scx={name}}}" for name in ("Hani", "Hira", "Kana", "Bopo", "Hang", "Thai", "Laoo", "Khmr", "Mymr")
)
_UNSPACED = rf"[[{_SCRIPTS}]&&[\p{{L}}\p{{M}}\p{{N}}]]"
_SPACED = rf"[[\p{{L}}\p{{M}}\p{{N}}]--{_UNSPACED}]"
_SYMBOL = r"[\U0001F1E6-\U0001F1FF]{2}|[\p{So}\p{ExtPict}--[\p{L}\p{M}\p{N}]]"


def _compiled(pattern: str) -> "regex.Pattern[str]":
    return regex.compile(pattern, regex.VERSION1)


_unseen = _compiled(_UNSEEN)
_words = _compiled(rf"({_UNSPACED}+)|{_SPACED}+|{_SYMBOL}")
_other_digits = _compiled(r"[\p{Nd}--[0-9]]")

_LETTERS = str.maketrans(
    {
        **{"ø": "o", "ł": "l", "đ": "d", "ħ": "h", "ŧ": "t", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d"},
        **{"\N{TRADE MARK SIGN}": " ", "\N{SERVICE MARK}": " "},  # else they become letters of the word before
    }
)


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words that stand one behind the other; the last one may go on if it is only the ``beginning`` of a word."""

    words: tuple[str, ...]
    beginning: bool = False


def words(text: str) -> list[str]:
    """The words of ``text``, in their order."""
    found: list[str] = []
    for word, is_unspaced in _cut(fold(text)):
        found += _pairs(word) if is_unspaced else (word[:LONGEST_WORD],)
        if len(found) >= MOST_WORDS:
            return found[:MOST_WORDS]
    return found


def phrases(text: str) -> list[Phrase]:
    """What has to be in a text that has all of ``text``: a phrase for each part between spaces, in any order. None if
    there are no words in it."""
    left = MOST_ASKED
    found: list[Phrase] = []
    for part in fold(text).split():
        if left and (phrase := _phrase(part, left)):
            found.append(phrase)
            left -= len(phrase.words)
    return found


def has_all(text: str, wanted: Iterable[Phrase]) -> bool:
    """Are these phrases in ``text``?"""
    cut = f" {' '.join(words(text))} "
    return all(f" {' '.join(phrase.words)}{'' if phrase.beginning else ' '}" in cut for phrase in wanted)


def fold(text: str) -> str:
    """``text`` without differences that do not count. Folding it again changes nothing."""
    if text.isascii():
        return text.lower()
    # Upper case first: some letters become several by it. Some that were taken apart have a simpler form again.
    apart = unicodedata.normalize("NFKD", text.translate(_LETTERS).casefold())
    bare = _unseen.sub("", apart).casefold().translate(_LETTERS)
    return _other_digits.sub(_digit, unicodedata.normalize("NFKC", bare))


def _cut(folded: str) -> Iterator[tuple[str, bool]]:
    """Each word, and whether it is to be cut into pairs."""
    if folded.isascii():
        return ((word, False) for word in _ASCII.findall(folded))
    return ((found[0], found[1] is not None) for found in _words.finditer(folded))


def _pairs(text: str) -> Iterator[str]:
    return (text[place : place + 2] for place in range(len(text)))


def _phrase(part: str, most: int) -> Phrase | None:
    cut = list(_cut(part))
    found: list[str] = []
    for word, is_unspaced in cut:
        found += _pairs(word) if is_unspaced else (word[:LONGEST_WORD],)
    if not found:
        return None
    last, is_unspaced = cut[-1]
    if is_unspaced and len(last) > 1:
        found.pop()  # in the text more may follow there
    return Phrase(tuple(found[:most]), beginning=is_unspaced and len(last) == 1 and len(found) <= most)


def _digit(found: "regex.Match[str]") -> str:
    return str(unicodedata.decimal(found[0], found[0]))
