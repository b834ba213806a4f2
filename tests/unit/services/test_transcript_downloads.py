"""A transcript as text, JSON and CSV (S3)."""

import csv
import io
import json

import pytest

from component.services.conversation_transcripts import Line, Transcript, TranscriptHeading
from component.services.transcript_downloads import as_csv, as_json, as_text, file_name

START = 1_795_478_400_000_000
SECOND = 1_000_000
FACES = ("alice@agents.acme.test", "carol@agents.acme.test")
HEADING = TranscriptHeading(7, ("Alice Ames", "Carol Cho"), FACES, START, START + 90 * SECOND, 4)


def line(number: int, text: str, kind: str = "message", about: int | None = None, was: str | None = None) -> Line:
    return Line(number, START + number * SECOND, "Alice Ames", FACES[0], kind, text, about, was)


TRANSCRIPT = Transcript(
    HEADING,
    (
        line(1, "At nine"),
        line(2, "At ten", "correction", 1, "At nine"),
        line(3, "one\ntwo"),
        line(4, "", "retraction", 3, "one"),
    ),
    complete=True,
)


def test_text() -> None:
    assert as_text(TRANSCRIPT) == (
        "Chat of Alice Ames, Carol Cho\n"
        "2026-11-24 00:00:00, until 2026-11-24 00:01:30 (UTC)\n"
        "\n"
        "2026-11-24 00:00:01  Alice Ames: At nine\n"
        '2026-11-24 00:00:02  Alice Ames corrected "At nine": At ten\n'
        "2026-11-24 00:00:03  Alice Ames: one\n"
        "│ two\n"
        '2026-11-24 00:00:04  Alice Ames retracted "one"\n'
    )


def test_text_says_what_is_missing() -> None:
    shortened = Transcript(HEADING, (line(1, "", "retraction"),), complete=False)
    assert as_text(shortened).endswith("Alice Ames retracted a message\n(There is more.)\n")


def test_json() -> None:
    document = json.loads(as_json(TRANSCRIPT))
    assert document["agents"][1] == {"name": "Carol Cho", "address": FACES[1]}
    assert document["opened"] == "2026-11-24T00:00:00.000000Z"
    assert document["messages"][1] == {
        "number": 2,
        "time": "2026-11-24T00:00:02.000000Z",
        "name": "Alice Ames",
        "address": FACES[0],
        "kind": "correction",
        "text": "At ten",
        "about": 1,
    }


def test_csv_can_be_read_again() -> None:
    rows = list(csv.DictReader(io.StringIO(as_csv(TRANSCRIPT).removeprefix("\ufeff"), newline="")))
    assert [row["text"] for row in rows] == ["At nine", "At ten", "one\ntwo", ""]
    assert [row["about"] for row in rows] == ["", "1", "", "3"]


@pytest.mark.parametrize(
    "text", ['=HYPERLINK("http://evil")', "+1", "-1+cmd|' /C calc'!A0", "@SUM(A1)", "\t=1", "\r=1", "  =1", "\n=1"]
)
def test_csv_is_never_calculated(text: str) -> None:
    """A spreadsheet would take it for a formula; neither may a name be one."""
    hostile = Line(1, START, text, FACES[0], "message", text)
    (row,) = csv.DictReader(
        io.StringIO(as_csv(Transcript(HEADING, (hostile,), True)).removeprefix("\ufeff"), newline="")
    )
    assert row["text"] == f"'{text}"
    assert row["name"] == f"'{text}"


def test_file_names() -> None:
    assert [file_name(7, format) for format in ("text", "json", "csv")] == ["chat-7.txt", "chat-7.json", "chat-7.csv"]
