"""A supervisor with a real client in a terminal, Profanity, finds the commands and watches a chat (S2, D4)."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.client import XmppClient
from tests.support.log_ins import LogIn, Reconfigure
from tests.support.matching import message
from tests.support.scripts import ALICE, CAROL, send
from tests.support.server import PASSWORD, TestServer
from tests.support.terminal import Terminal
from tests.support.watching import ALICE_AND_CAROL

pytestmark = pytest.mark.skipif(
    not (shutil.which("profanity") and shutil.which("tmux")), reason="needs Debian's profanity and tmux"
)

SERVICE = "agents.acme.test"


@pytest.fixture
async def profanity(
    ejabberd: TestServer, log_in: LogIn, tmp_path: Path, reconfigure: Reconfigure
) -> AsyncIterator[Terminal]:
    """Profanity, with Sue logged in as an agent."""
    await reconfigure(roster_limit=50)
    home = tmp_path / "home"
    home.mkdir()
    environ = {"XDG_CONFIG_HOME": str(home / "config"), "XDG_DATA_HOME": str(home / "data"), "LC_ALL": "C.UTF-8"}
    async with Terminal("profanity", home, environ) as terminal:
        await terminal.shows("Profanity")
        await terminal.type(f"/connect sue@cc.acme.test server 127.0.0.1 port {ejabberd.client_port} tls disable")
        await terminal.shows("Enter password:")
        await terminal.type(PASSWORD)
        await terminal.shows("logged in successfully")
        yield terminal
    await log_in("sue@cc.acme.test")  # and stop watching, as all of them do at the end


async def test_watching_in_profanity(profanity: Terminal, alice: XmppClient, carol: XmppClient) -> None:
    """The chat has a name, its lines say who said them, a correction is one, and an answer is refused in words."""
    await alice.say(CAROL, "Is the price list out?")
    await carol.expect(message(body="Is the price list out?"))
    await profanity.type(f"/cmd list {SERVICE}")
    await profanity.shows("current-chats")
    await profanity.type(f"/cmd exec current-chats {SERVICE}")
    await profanity.shows("Form title: Current chats")
    await profanity.type("/win 1")
    await profanity.shows("One chat is going on.")
    await profanity.type(f"/cmd exec watch {SERVICE}")
    await profanity.shows("What do you want to watch?")
    await profanity.type("/form help field1")
    await profanity.shows("alice+carol")
    await profanity.type("/field1 alice+carol")
    await profanity.type("/form submit")
    await profanity.shows(f"chat message: {ALICE_AND_CAROL} (win 3)")
    await profanity.type("/win 3")
    await profanity.shows("▸ Alice Ames: Is the price list out?")
    wrong = await carol.say(ALICE, "I am not shure")
    await profanity.shows("▸ Carol Cho: I am not shure")
    await send(carol, ALICE, f"<body>I am not sure</body><replace xmlns='urn:xmpp:message-correct:0' id='{wrong}'/>")
    screen = await profanity.shows("▸ Carol Cho: I am not sure")
    assert "shure" not in screen, "the line was corrected in place"
    await profanity.type("Be quick!")
    await profanity.type("/win 1")
    await profanity.shows("You are watching this chat, and nobody")
