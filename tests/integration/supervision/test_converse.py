"""What a supervisor, and an agent at Work, see in Converse.js in Chromium (S2, A4)."""

from pathlib import Path

import pytest

from component.ejabberd.private_server import free_ports
from tests.support.bridge import BridgeProcess
from tests.support.client import XmppClient
from tests.support.converse import Converse, usable
from tests.support.log_ins import Reconfigure
from tests.support.matching import message
from tests.support.scripts import ALICE, BOB, CAROL, send, talk
from tests.support.server import PASSWORD, TestServer
from tests.support.watching import ALICE_AND_CAROL, SALES, caught_up, copies, copy_at_work, face_of, left, watch

pytestmark = [
    pytest.mark.long,
    pytest.mark.timeout(180),  # two browsers start, one after the other
    pytest.mark.skipif(not usable, reason="needs Debian's chromium, and node with what make test gets from npm"),
]


async def test_a_watched_chat(
    ejabberd: TestServer, tmp_path: Path, alice: XmppClient, carol: XmppClient, sue: XmppClient,
    reconfigure: Reconfigure,
) -> None:  # fmt: skip
    """Each line once, with who said it; a correction replaces its line."""
    await reconfigure(roster_limit=50)
    await talk(alice, carol, CAROL)
    await watch(sue, ALICE_AND_CAROL)
    address = face_of((await copies(sue, "ⓘ Alice Ames and Carol Cho began a chat.", "▸ Alice Ames: Hello"))[0])
    page = free_ports(1)[0]
    async with Converse(tmp_path / "browser", page, sue.account, PASSWORD, ejabberd.web_port, address) as converse:
        await converse.shows([])
        wrong = await carol.say(ALICE, "At nine")
        await converse.shows(["▸ Carol Cho: At nine"])
        await send(carol, ALICE, f"<body>At ten</body><replace xmlns='urn:xmpp:message-correct:0' id='{wrong}'/>")
        await alice.say(CAROL, "Fine")
        await converse.shows(["▸ Carol Cho: At ten", "▸ Alice Ames: Fine"])


@pytest.mark.parametrize("begins", ["watching", "log-in", "conversation"])
async def test_the_past_of_a_chat_that_is_not_open(
    ejabberd: TestServer, tmp_path: Path, alice: XmppClient, carol: XmppClient, sue: XmppClient,
    reconfigure: Reconfigure, bridge: BridgeProcess, begins: str,
) -> None:  # fmt: skip
    """S2: all of it, in order, although Converse.js makes the chat while the lines come; and then what is said now."""
    await reconfigure(roster_limit=50)
    past = [f"line {number}" for number in range(6)]
    shown = [] if begins == "log-in" else ["ⓘ Alice Ames and Carol Cho began a chat."]
    if begins == "log-in":
        await talk(alice, carol, CAROL)
        await watch(sue, ALICE_AND_CAROL)
        await caught_up(bridge)
        await sue.logout()
        await left(bridge, sue.account)
    if begins == "conversation":
        await watch(sue, SALES)
    else:
        await _say(alice, carol, past)
    page = free_ports(1)[0]
    async with Converse(tmp_path / "browser", page, sue.account, PASSWORD, ejabberd.web_port, "") as converse:
        if begins == "watching":
            await converse.shows([])
            await watch(sue, ALICE_AND_CAROL)
        if begins == "conversation":
            await converse.shows([])
            await _say(alice, carol, past)
        shown += [f"▸ Alice Ames: {words}" for words in past]
        await converse.ends_with(shown)
        await carol.say(ALICE, "And now")
        await converse.ends_with([*shown, "▸ Carol Cho: And now"])


async def _say(alice: XmppClient, carol: XmppClient, lines: list[str]) -> None:
    for words in lines:
        await alice.say(CAROL, words)
        await carol.expect(message(body=words))


async def test_an_agents_own_chat_at_work(
    ejabberd: TestServer, tmp_path: Path, alice: XmppClient, bob: XmppClient, alice_at_work: XmppClient,
    bridge: BridgeProcess, reconfigure: Reconfigure,
) -> None:  # fmt: skip
    """Live, and from ejabberd's archive at the next visit."""
    await reconfigure(roster_limit=50)
    await bob.say(ALICE, "One")
    address = face_of(await copy_at_work(alice_at_work, "One"))
    major, minor = (int(part) for part in ejabberd.version.split(".")[:2])
    his, own = ("", "") if (major, minor) >= (23, 10) else ("▸ Bob Berg: ", "▸ You: ")
    visit = (alice_at_work.account, PASSWORD, ejabberd.web_port, address)
    async with Converse(tmp_path / "one", free_ports(1)[0], *visit) as converse:
        await converse.ends_with([f"{his}One"])
        await alice.say(BOB, "Two")
        await bob.expect(message(body="Two"))
        await bob.say(ALICE, "Three")
        await converse.ends_with([f"{his}One", f"{own}Two", f"{his}Three"])
    async with Converse(tmp_path / "two", free_ports(1)[0], *visit) as converse:
        await converse.ends_with([f"{his}One", f"{own}Two", f"{his}Three"])
