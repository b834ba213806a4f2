"""A7, A8, A10: searches in the archive (XEP-0431) on a real ejabberd: of what is indexed, and of what is not yet."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.archive import ask
from tests.support.bridge import BridgeProcess
from tests.support.client import XmppClient
from tests.support.log_ins import LogIn
from tests.support.matching import message
from tests.support.past import chatter, past
from tests.support.server import TestServer

ALICE, BOB, CAROL = "alice@cc.acme.test", "bob@work.acme.test", "carol@cc.acme.test"
ALICES_FACE, BOBS_FACE = "alice@agents.acme.test", "bob@directory.acme.test"

CHINESE, JAPANESE, THAI = "明天会议在三点", "あした、がっこうにいく。東京ﾀﾜｰ", "พรุ่งนี้มีประชุมตอนบ่าย"
GERMAN, WIDE, EMOJI = "Übermorgen in der Straße 12", "ＷＩＤＥ ﬁne", "well done 👍🏽 👩‍💻 🇩🇪🇫🇷"
LINK = "see https://www.Example.com/path?x=1 or mail bob@example.com"
TEXTS = [CHINESE, JAPANESE, THAI, GERMAN, WIDE, EMOJI, LINK]


@pytest.fixture(scope="class")
async def alice(ejabberd: TestServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[XmppClient]:
    """Everything was said before, and is indexed; and it is said again just now."""
    folder = tmp_path_factory.mktemp("search")
    async with past(folder) as written:
        await written.said(*((BOB, ALICE, text) for text in TEXTS), (BOB, CAROL, CHINESE))
        await written.indexed()
    process = BridgeProcess(folder, ejabberd.settings)
    process.write_config(version="9.10")
    async with process, await ejabberd.client(ALICE) as alice, await ejabberd.client(BOB) as bob:
        for text in TEXTS:
            await bob.say(ALICES_FACE, text)
            await alice.expect(message(body=text))
        yield alice


class TestFoldedTexts:
    """A10"""

    @pytest.mark.parametrize(
        ("asked", "text"),
        [
            *(("会议", CHINESE), ("会", CHINESE), ("三点 明天", CHINESE), ("がっこう", JAPANESE), ("タワー", JAPANESE)),
            *(("ประชุม", THAI), ("strasse", GERMAN), ("STRAẞE 12", GERMAN), ("ubermorgen", GERMAN), ("wide", WIDE)),
            *(("Ｆｉｎｅ", WIDE), ("👍", EMOJI), ("👍🏿", EMOJI), ("💻", EMOJI), ("🇫🇷", EMOJI)),
            *(("example.com/path", LINK), ("BOB@example.com", LINK)),
        ],
    )
    async def test_what_was_said_is_found(self, alice: XmppClient, asked: str, text: str) -> None:
        page = await ask(alice, text=asked)
        assert (page.bodies, page.count, page.complete) == ([text, text], 2, True)
        last = await ask(alice, text=asked, with_=BOBS_FACE, max=1, before="")
        assert (last.ids, last.count, last.complete) == (page.ids[1:], 2, False)
        first = await ask(alice, text=asked, max=1, before=last.first)
        assert (first.ids, first.count, first.complete) == (page.ids[:1], 2, True)

    @pytest.mark.parametrize("asked", ["议会", "ガッコウ", "wid", "🇪🇫", "com.example", "会议 wide"])
    async def test_what_was_not_said_is_not_found(self, alice: XmppClient, asked: str) -> None:
        page = await ask(alice, text=asked)
        assert (page.bodies, page.count, page.complete) == ([], 0, True)


@pytest.mark.parametrize("indexed", [True, False])
async def test_an_agent_finds_what_the_window_shows(
    tmp_path: Path, ejabberd: TestServer, login: LogIn, indexed: bool
) -> None:
    """A1, A7: under 9.9 the last 30 messages of a chat."""
    async with past(tmp_path) as written:
        await written.said(*chatter(ALICE, BOB, 35, "needle"))
        if indexed:
            await written.indexed()
    process = BridgeProcess(tmp_path, ejabberd.settings)
    process.write_config(version="9.9")
    async with process:
        alice, bob = await login(ALICE), await login(BOB)
        assert (await ask(alice, text="needle", max=100)).bodies == [f"needle {n}" for n in range(6, 36)]
        assert (await ask(alice, text="needle 3")).bodies == []
        await bob.say(ALICES_FACE, "one more needle")
        await alice.expect(message(body="one more needle"))
        assert (await ask(alice, text="needle", max=1)).bodies == ["needle 7"]
        assert (await ask(alice, text="needle 6")).bodies == []
        assert (await ask(bob, to=ALICES_FACE, text="needle 3")).bodies == ["needle 3"]


@pytest.mark.parametrize("indexed", [True, False])
async def test_what_is_deleted_is_not_found(tmp_path: Path, ejabberd: TestServer, login: LogIn, indexed: bool) -> None:
    """A8"""
    async with past(tmp_path) as written:
        await written.said((ALICE, BOB, CHINESE), (BOB, ALICE, "needle"))
        if indexed:
            await written.indexed()
    process = BridgeProcess(tmp_path, ejabberd.settings)
    process.write_config(version="9.10", retention_days=30)
    async with process:
        alice, bob = await login(ALICE), await login(BOB)
        await process.logged("2 messages deleted")
        await bob.say(ALICES_FACE, "a new needle")
        await alice.expect(message(body="a new needle"))
        assert (await ask(alice, text="会议")).bodies == []
        assert (await ask(alice, text="needle")).bodies == ["a new needle"]
