"""A supervisor with a real client in a terminal, Profanity, finds the commands and watches a chat (S2, D4)."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.client import XmppClient
from tests.support.log_ins import LogIn, Reconfigure
from tests.support.matching import message
from tests.support.profanity import needs_profanity, profanity
from tests.support.scripts import ALICE, CAROL, send
from tests.support.server import TestServer
from tests.support.terminal import Terminal
from tests.support.watching import ALICE_AND_CAROL

pytestmark = needs_profanity

SERVICE = "agents.acme.test"


@pytest.fixture
async def terminal(
    ejabberd: TestServer, log_in: LogIn, tmp_path: Path, reconfigure: Reconfigure
) -> AsyncIterator[Terminal]:
    """Profanity, with Sue logged in as an agent."""
    await reconfigure(roster_limit=50)
    async with profanity(ejabberd, "sue@cc.acme.test", tmp_path) as terminal:
        yield terminal
    await log_in("sue@cc.acme.test")  # and stop watching, as all of them do at the end


async def test_watching_in_profanity(terminal: Terminal, alice: XmppClient, carol: XmppClient) -> None:
    """The chat has a name, its lines say who said them, a correction is one, and an answer is refused in words."""
    await alice.say(CAROL, "Is the price list out?")
    await carol.expect(message(body="Is the price list out?"))
    await terminal.type(f"/cmd list {SERVICE}")
    await terminal.shows("current-chats")
    await terminal.type(f"/cmd exec current-chats {SERVICE}")
    await terminal.shows("Form title: Current chats")
    await terminal.type("/win 1")
    await terminal.shows("One chat is going on.")
    await terminal.type(f"/cmd exec watch {SERVICE}")
    await terminal.shows("What do you want to watch?")
    await terminal.type("/form help field1")
    await terminal.shows("alice+carol")
    await terminal.type("/field1 alice+carol")
    await terminal.type("/form submit")
    await terminal.shows(f"chat message: {ALICE_AND_CAROL} (win 3)")
    await terminal.type("/win 3")
    await terminal.shows("▸ Alice Ames: Is the price list out?")
    wrong = await carol.say(ALICE, "I am not shure")
    await terminal.shows("▸ Carol Cho: I am not shure")
    await send(carol, ALICE, f"<body>I am not sure</body><replace xmlns='urn:xmpp:message-correct:0' id='{wrong}'/>")
    screen = await terminal.shows("▸ Carol Cho: I am not sure")
    assert "shure" not in screen, "the line was corrected in place"
    await terminal.type("Be quick!")
    await terminal.type("/win 1")
    await terminal.shows("You are watching this chat, and nobody")
