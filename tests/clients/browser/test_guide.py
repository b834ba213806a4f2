"""The demo page's guide says what is so for those who are on its sides, and Converse.js shows nothing that is not."""

import pytest

from tests.clients.browser.conftest import Visit
from tests.support.demo import ALICE, BOB, DemoPage

pytestmark = pytest.mark.long

CAROL, ERIN = "carol@cc.acme.test", "erin@work.acme.test"


async def step(demo: DemoPage, name: str) -> str:
    """All that a step says and offers."""
    (text,) = await demo.page.texts(f"li[data-step={name}]")
    return text


async def choose(demo: DemoPage, left: str, right: str) -> None:
    """Nobody logs in."""
    await demo.page.choose("#left .who", left)
    await demo.page.choose("#right .who", right)


async def test_steps_speak_of_those_who_are_there(visit: Visit) -> None:
    demo = await visit()
    assert "Bob sees Alice plainly available" in await step(demo, "presence")
    await choose(demo, CAROL, ALICE)
    assert "Carol and Alice are both agents" in await step(demo, "presence")
    assert "Carol and Alice find the agents of their groups" in await step(demo, "contacts")
    for name in ("formatted", "file", "group-chat", "history"):
        assert (await step(demo, name)).endswith("For a Work user and an agent: choose one of each.")
    await choose(demo, BOB, ERIN)
    for name in ("contacts", "text", "presence"):
        assert (await step(demo, name)).endswith("without the bridge: choose an agent on one side.")
    await choose(demo, ALICE, ALICE)
    assert (await step(demo, "text")).endswith("For two people: choose somebody else on one side.")


async def test_what_both_have_to_see_is_done_when_both_have_seen_it(visit: Visit) -> None:
    demo = await visit()
    await demo.left.log_in(BOB)
    await demo.left.contacts("Alice Ames")
    assert await demo.page.texts("li.done") == []
    await demo.right.log_in(ALICE)
    await demo.page.shows("li.done[data-step=contacts]")
    await demo.left.open_chat("Alice Ames")
    await demo.right.open_chat("Bob Berg")
    await demo.left.say("Is the price list out?")
    await demo.right.reads("Is the price list out?")
    assert await demo.page.texts("li.done[data-step=text]") == []
    await demo.right.say("Since today.")
    await demo.page.shows("li.done[data-step=text]")


async def test_on_a_phone_a_step_and_what_comes_of_it_are_on_the_screen(visit: Visit) -> None:
    """A side stands right below the steps, the other beside it: nothing has to be scrolled down to."""
    demo = await visit(width=390, height=844)
    log_in = "() => document.querySelector('[data-step=log-in] button').getBoundingClientRect().left"
    assert 0 <= await demo.page.evaluate(log_in) < 100
    await demo.page.click("button", "Log in Bob and Alice")
    await demo.page.shows("#left.ready")
    await demo.page.shows("#right.ready")
    await demo.press("text", "Let them greet each other")
    await demo.left.reads("How can I help?")
    await demo.press("file", "Send a file as Bob")
    await demo.guide_says("file", "Alice got:")
    for selector in ("#left iframe", "#right iframe", "li[data-step=file] output"):
        seen = await demo.page.evaluate(
            """selector => {
                const place = document.querySelector(selector);
                place.scrollIntoView({block: "nearest", inline: "nearest"});
                const {top, bottom, left, right} = place.getBoundingClientRect();
                return left >= 0 && right <= innerWidth && top >= 0 && bottom <= innerHeight;
            }""",
            selector,
        )
        assert seen, selector
        assert await demo.page.evaluate("() => scrollY") == 0


async def test_no_ticks_beside_messages(visit: Visit) -> None:
    """C9: there are no receipts. Converse.js draws a tick on whatever has come."""
    demo = await visit()
    await demo.log_in()
    await demo.left.open_chat("Alice Ames")
    await demo.right.open_chat("Bob Berg")
    await demo.left.say("Good morning!")
    await demo.right.reads("Good morning!")
    drawn = "() => document.querySelectorAll('.chat-msg__receipt').length"
    assert await demo.right.frame.evaluate(drawn) > 0
    assert await demo.right.frame.texts(".chat-msg__receipt") == []


async def test_the_console_stays_empty(visit: Visit) -> None:
    """A fresh log-in on both sides, text, and emoji, which Converse.js would keep in an agent's account."""
    demo = await visit()
    await demo.log_in()
    await demo.left.open_chat("Alice Ames")
    await demo.right.open_chat("Bob Berg")
    for number in range(3):
        await demo.right.say(f"👍 {number}")
        await demo.left.reads(f"{number}")
    await demo.left.frame.click(".toggle-emojis")
    await demo.left.frame.shows("converse-emoji-picker .emoji-picker__header")
    assert demo.page.problems == []
