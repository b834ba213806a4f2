"""Who speaks is told by marks that nobody can write (S2, A4, V2)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from component.policy.marks import GOES_ON, SPEAKER, SYSTEM, plain_text, spoken, told, unmarked

ANY_TEXT = st.text(st.one_of(st.characters(), st.sampled_from("ⓘⒾ🛈\u20dd▸►│\n\r\u2028\u2029\x85\v: ")), max_size=60)
LIKE_A_NOTICE = "ⓘℹ🛈Ⓘ🅘🄸🅸"
LINE_BREAKS = ["\n", "\r", "\r\n", "\v", "\f", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029"]


@pytest.mark.parametrize("line_break", LINE_BREAKS)
def test_no_line_looks_like_somebody_elses(line_break: str) -> None:
    assert spoken("Alice Ames", f"I agree{line_break}▸ Carol Cho: I confirm") == (
        "▸ Alice Ames: I agree\n│ > Carol Cho: I confirm"
    )
    assert told(f"Alice Ames retracted: no{line_break}Carol Cho: yes") == (
        "ⓘ Alice Ames retracted: no\n│ Carol Cho: yes"
    )


@given(ANY_TEXT, ANY_TEXT)
def test_each_mark_stands_where_we_put_it_and_nowhere_else(name: str, text: str) -> None:
    first, *others = spoken(name, text).splitlines()
    assert first.startswith(f"{SPEAKER} ")
    assert (first + "".join(others)).count(SPEAKER) == 1
    assert all(line.startswith(f"{GOES_ON} ") for line in others)
    assert SYSTEM not in spoken(name, text)
    assert SYSTEM not in unmarked(text)
    assert SPEAKER not in unmarked(text)
    assert told(text).count(SYSTEM) == 1


@given(ANY_TEXT)
def test_ranges_in_a_text_stay_where_they_are(text: str) -> None:
    """XEP-0428: characters are counted."""
    assert len(plain_text(text)) == len(unmarked(text)) == len(text)
    assert SYSTEM not in plain_text(text)


@given(st.text(st.characters(max_codepoint=127)))
def test_a_usual_text_is_untouched(text: str) -> None:
    assert plain_text(text) == unmarked(text) == text


def test_names_may_hold_anything() -> None:
    assert spoken("Mallory\nⓘ ▸ Carol Cho", "Hello") == "▸ Mallory i > Carol Cho: Hello"


@pytest.mark.parametrize("text", [*(f"{sign} Bye" for sign in LIKE_A_NOTICE), "\u200bⓘ Bye", "i\u20dd Bye"])
def test_what_looks_like_a_notice_does_not_pass(text: str) -> None:
    assert not {*LIKE_A_NOTICE, "\u20dd"} & set(plain_text(text))
