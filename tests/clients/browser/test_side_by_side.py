"""The bridge from both sides, step by step as the demo page suggests it."""

from pathlib import Path

import aiohttp
import pytest

from tests.clients.browser.conftest import Visit
from tests.support.browser import Browser

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
    """Neither a picture that somebody names, nor what Converse.js would fetch for its own menus."""
    demo = await visit()
    await demo.log_in()
    bob, alice = demo.left, demo.right
    await bob.open_chat("Alice Ames")
    await alice.open_chat("Bob Berg")
    await alice.say("Look: https://example.org/cat.png")
    await bob.reads("https://example.org/cat.png")
    await bob.frame.click(".toggle-emojis")
    await bob.frame.shows("converse-emoji-picker .emoji-picker__header")
    await bob.frame.click(".toggle-emojis")
    await bob.frame.click("#converse-roster converse-dropdown .dropdown-toggle")
    await bob.frame.click("#converse-roster .add-contact")
    await bob.frame.shows("converse-add-contact-modal input[name=jid]")
    await bob.frame.type("converse-add-contact-modal input[name=jid]", "carol@")
    assert not demo.page.strangers()
    assert not demo.page.problems


async def test_formatted_message_becomes_a_link(visit: Visit, browser: Browser) -> None:
    """C10: the Work user reads the text, and follows the link to a page with the formatting; Converse.js shows both."""
    demo = await visit()
    await demo.log_in()
    bob, alice = demo.left, demo.right
    await bob.open_chat("Alice Ames")
    await demo.press("formatted", "Send a price list as Alice")
    text = await bob.reads("Formatted message: http")
    assert "* Standard: 12.50" in text
    link = text.rpartition(" ")[2]
    assert await bob.frame.texts(f".chat-msg__text a[href='{link}']") == [link]
    assert link in await demo.guide_says("formatted", "Bob got the text and a link")
    page = await browser.open(link)
    await page.shows("h1", "Alice Ames")
    assert await page.texts(".message strong") == ["Price list"]
    assert not page.strangers()
    await page.close()
    assert "Price list" in "".join(await alice.messages())


async def test_people_are_found(visit: Visit) -> None:
    """D2: by the beginning of a name; agents find Work users too."""
    demo = await visit()
    await demo.log_in()
    await demo.press("people", "as Bob")
    assert "Carol Cho, carol@agents.acme.test" in await demo.guide_says("people", "Bob finds:")
    await demo.page.evaluate("() => { document.querySelector('[data-step=people] input').value = 'be'; }")
    await demo.press("people", "as Bob")
    await demo.guide_says("people", "Bob finds nobody of that name.")
    await demo.press("people", "as Alice")
    assert "Bob Berg, bob@directory.acme.test" in await demo.guide_says("people", "Alice finds:")


async def test_commands_and_the_end_of_a_chat(visit: Visit) -> None:
    """D4, V2, A2: one of two agents ends their chat with a command; the other is told; no history is left."""
    demo = await visit()
    await demo.log_in(left="carol@cc.acme.test")
    carol, alice = demo.left, demo.right
    await carol.open_chat("Alice Ames", "alice@agents.acme.test")
    await alice.open_chat("Carol Cho")
    await carol.say("Lunch at noon?")
    await alice.reads("Lunch at noon?")
    await demo.press("services", "Commands of Alice")
    await alice.frame.click("a[data-command-name]", "End chat")
    await alice.frame.shows("form", "Carol Cho (carol@agents.acme.test)")
    await alice.frame.click("input[data-action=complete]")
    await alice.frame.shows(".form-help", "Your chat with Carol Cho has ended.")
    await alice.frame.click(".modal .close, .modal button", "Close")
    await carol.reads("ⓘ Alice Ames ended this chat.")
    await carol.logs_out()
    await carol.log_in("carol@cc.acme.test")
    await carol.open_chat("Alice Ames", "alice@agents.acme.test")
    await carol.frame.shows(".chat-textarea")
    await carol.say("Are you still there?")
    await alice.reads("Are you still there?")
    assert not [text for text in await carol.messages() if "Lunch" in text]
