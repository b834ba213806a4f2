"""R5: what is too large for ejabberd in answer to a question is paged, cut with a note, or an error; never silence."""

from pathlib import Path

import pytest

from component.outgoing.archive_id import Role
from component.services.answer_size import beginning, fitting, size
from component.services.conversation_transcripts import NEWEST
from tests.support.adhoc import Step, step
from tests.support.archive import ask
from tests.support.bridge import BridgeProcess
from tests.support.log_ins import LogIn
from tests.support.past import face, past
from tests.support.server import TestServer

ALICE, CAROL = "alice@cc.acme.test", "carol@cc.acme.test"
BOB, SUE = "bob@work.acme.test", "sue@cc.acme.test"
HUGE = "&lt;" * 140_000
"""560,000 bytes, of which ejabberd takes 524,288. Its sender wrote 140,000, in CDATA."""

TOO_LARGE = "This message is too large to be shown here."


class TestHistory:
    """A page has every message, as clients take one with a gap for faulty."""

    async def test_a_message_that_cannot_be_shown(self, tmp_path: Path, ejabberd: TestServer, login: LogIn) -> None:
        async with past(tmp_path) as written:
            numbers = await written.said((BOB, ALICE, "before"), (BOB, ALICE, HUGE), (BOB, ALICE, "after"))
            ids = [written.id(number, Role.RECEIVER) for number in numbers]
        async with BridgeProcess(tmp_path, ejabberd.settings) as bridge:
            alice = await login(ALICE)
            found: list[str | None] = []
            bodies: list[str | None] = []
            last = None
            while True:
                page = await ask(alice, after=last)
                found += page.ids
                bodies += page.bodies
                if page.complete:
                    break
                last = page.last
            assert found == ids
            assert bodies == ["before", TOO_LARGE, "after"]
            assert (await ask(alice, max=2, before="")).bodies[-1] == "after"
            assert bridge.count("lost the connection") == 0

    async def test_of_a_face(self, tmp_path: Path, ejabberd: TestServer, login: LogIn) -> None:
        async with past(tmp_path) as written:
            await written.said((BOB, ALICE, HUGE))
        async with BridgeProcess(tmp_path, ejabberd.settings):
            bob = await login(BOB)
            assert (await ask(bob, to=face(ALICE))).bodies == [TOO_LARGE]


class TestTranscripts:
    async def read(self, tmp_path: Path, ejabberd: TestServer, login: LogIn, *said: str) -> list[Step]:
        """All pages that a supervisor turns."""
        async with past(tmp_path) as written:
            await written.said(*((ALICE, CAROL, text) for text in said))
        process = BridgeProcess(tmp_path, ejabberd.settings)
        process.write_config(watch=True)
        async with process:
            sue = await login(SUE)
            listed = await step(sue, "transcripts", await step(sue, "transcripts"), "next")
            chosen = next(iter(listed.options("chosen").values()))
            pages = [await step(sue, "transcripts", listed, "next", chosen=chosen)]
            while more := pages[-1].options("chosen").get("Go on reading"):
                pages.append(await step(sue, "transcripts", pages[-1], chosen=more))
            done = await step(
                sue, "transcripts", pages[-1], "complete", chosen=pages[-1].options("chosen")["Download as text"]
            )
            assert "/t/" in done.note
            return pages

    async def test_of_long_lines(self, tmp_path: Path, ejabberd: TestServer, login: LogIn) -> None:
        """Fifty lines of 11,000 characters: each is shown, on more pages."""
        pages = await self.read(tmp_path, ejabberd, login, *(f"line {number} " + "x" * 11_000 for number in range(50)))
        words = "\n".join(page.words for page in pages)
        assert [words.count(f"line {number} x") for number in range(50)] == [1] * 50
        assert len(pages) == 10

    async def test_of_one_line(self, tmp_path: Path, ejabberd: TestServer, login: LogIn) -> None:
        """What a page cannot hold is in the download, which the cut says."""
        first, *rest = await self.read(tmp_path, ejabberd, login, HUGE, "the next")
        assert "more characters of this message are only in the download)" in first.words
        assert [page.words.partition(": ")[2] for page in rest] == ["the next"]

    async def test_numbers_that_are_none(self, tmp_path: Path, ejabberd: TestServer, login: LogIn) -> None:
        async with past(tmp_path) as written:
            await written.said((ALICE, CAROL, "Hello"))
        process = BridgeProcess(tmp_path, ejabberd.settings)
        process.write_config(watch=True)
        async with process:
            sue = await login(SUE)
            for forged in (f"read:{2**63}", f"older:{'9' * 19}", f"more:1:{NEWEST}", f"text:{'9' * 19}"):
                listed = await step(sue, "transcripts", await step(sue, "transcripts"), "next")
                asked = await step(sue, "transcripts", listed, "next", chosen=forged)
                assert asked.note == "There is no such transcript, or you may not read it any more."

    @pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01"])
    async def test_days_at_the_ends_of_the_calendar(self, bridge: BridgeProcess, login: LogIn, day: str) -> None:
        sue = await login(SUE)
        found = await step(sue, "transcripts", await step(sue, "transcripts"), "next", **{"from": day, "until": day})
        assert found.note == "No chat was found that you may read."


class TestSizes:
    @pytest.mark.parametrize("text", ["", "plain", "ü" * 40, "<&>" * 40, "'\"" * 100, "\U0001f600" * 30])
    def test_what_fits(self, text: str) -> None:
        for room in (0, 100, 150, 300, 1_000):
            kept = beginning(text, room)
            assert text.startswith(kept)
            assert not kept or size(kept) <= room
        assert beginning(text, size(text)) == text

    def test_as_many_as_fit(self) -> None:
        texts = ["a", "bb", "<<<"]
        sizes = [size(text) for text in texts]
        assert [fitting(texts, sum(sizes[:count])) for count in range(4)] == [0, 1, 2, 3]
        assert fitting(texts, sum(sizes) - 1) == 2
