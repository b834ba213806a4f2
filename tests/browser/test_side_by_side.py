"""The bridge from both sides, step by step as the demo page suggests it."""

from pathlib import Path

import aiohttp
import pytest

from tests.browser.conftest import Visit

pytestmark = pytest.mark.long

MANY = 35


async def test_presence(visit: Visit) -> None:
    """P1, P2, P3: a Work user sees an agent plainly available; an agent sees more, of both kinds; a log-out shows."""
    demo = await visit()
    await demo.log_in()
    bob, alice = demo.left, demo.right
    await demo.press("presence", "On break")
    await demo.press("presence", "Do not disturb")
    await alice.sees("Bob Berg", "This contact is busy")
    await demo.guide_says("presence", "Alice sees Bob: do not disturb")
    await bob.sees("Alice Ames", "This contact is online")
    await bob.logs_out()
    await alice.sees("Bob Berg", "This contact is offline")
    carol = demo.left
    await carol.log_in("carol@cc.acme.test")
    await carol.sees("Alice Ames", "This contact is away")
    await alice.logs_out()
    await carol.sees("Alice Ames", "This contact is offline")


async def test_typing_and_receipts_do_not_show(visit: Visit) -> None:
    """C8, C9: what Converse.js sends of itself with a message and while somebody types does not arrive."""
    demo = await visit()
    await demo.log_in()
    bob, alice = demo.left, demo.right
    await bob.open_chat("Alice Ames")
    await alice.open_chat("Bob Berg")
    await bob.say("Well, the price list ...")
    await alice.reads("Well, the price list ...")
    sent, received = await bob.everything(), await alice.everything(sent=False)
    for hidden in ("<composing", "urn:xmpp:receipts"):
        assert hidden in sent
        assert hidden not in received


async def test_file_from_the_work_side(visit: Visit, tmp_path: Path) -> None:
    """C5: attached in Converse.js, uploaded to ejabberd, a line with a link for the agent, who has no paper clip."""
    demo = await visit()
    await demo.log_in()
    bob, alice = demo.left, demo.right
    await bob.open_chat("Alice Ames")
    await alice.open_chat("Bob Berg")
    plan = tmp_path / "floor plan.txt"
    plan.write_text("Second door on the left.")
    await bob.attach(plan)
    line = await alice.reads("plan.txt")
    name, _, link = line.partition(": ")
    assert name.startswith("floor")
    async with aiohttp.ClientSession() as http, http.get(link) as response:
        assert await response.text() == "Second door on the left."
    assert not await alice.frame.texts(".chat-toolbar .fileupload")
    assert not await alice.frame.texts(".chat-msg__media, .chat-image, converse-texture img")


async def test_refused_group_chat(visit: Visit) -> None:
    """C3: the one who invites is told why, in Converse.js and beside it; the agent hears nothing."""
    demo = await visit()
    await demo.log_in()
    await demo.left.open_chat("Alice Ames")
    await demo.press("group-chat", "Invite Alice")
    await demo.guide_says("group-chat", "Group chats are not possible here")
    await demo.left.frame.shows(".chat-content", "Group chats are not possible here")
    assert "jabber:x:conference" not in await demo.right.everything()


async def test_history_under_both_versions(visit: Visit) -> None:
    """A1: of 35 messages an agent finds 30 in version 9.9, all in 9.10; the Work user finds all, always."""
    demo = await visit()
    await demo.log_in(left="erin@work.acme.test", right="dan@cc.acme.test")
    erin, dan = demo.left, demo.right
    await demo.press("history", f"Write {MANY} messages as Erin")
    await demo.guide_says("history", f"Erin wrote {MANY} messages")
    everything = [f"message {number}" for number in range(1, MANY + 1)]
    for version, visible in (("9.9", 30), ("9.10", MANY)):
        await demo.press("history", version)
        await demo.guide_says("history", f"Dan’s client found {visible} messages with Erin (version {version})")
        await dan.reads(f"message {MANY}")
        await demo.page.until(lambda: dan.has(everything[-visible:]), f"{visible} messages")  # noqa: B023
        assert await dan.messages() == everything[-visible:]
    assert await erin.messages() == everything


async def test_nothing_is_loaded_from_elsewhere(visit: Visit) -> None:
    """Not even what Converse.js loads by itself in its log-in form and its dialogues."""
    demo = await visit()
    await demo.log_in()
    bob = demo.left
    await bob.frame.click(".controlbox-section .dropdown-toggle, #converse-roster .btn")
    assert not demo.page.strangers()
