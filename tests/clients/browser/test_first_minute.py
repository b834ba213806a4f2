"""A newcomer's first minute on the demo page."""

from tests.clients.browser.conftest import Visit
from tests.support.demo import DemoProcess

GREETING, ANSWER = "Good morning, Alice!", "Good morning, Bob. How can I help?"


async def test_the_first_minute(visit: Visit, demonstration: DemoProcess) -> None:
    """D2, P1, P3, C1, AD2: a click for each side; contacts, presence and text are there; no account crosses."""
    assert f"Open  {demonstration.url}" in demonstration.log.read_text()
    demo = await visit()
    await demo.page.click("button", "Log in Bob and Alice")
    bob, alice = demo.left, demo.right
    agents = await bob.contacts("Alice Ames", "Dan Diaz")
    assert agents["Agents"] == ["Alice Ames", "Carol Cho", "Dan Diaz", "Sue Shah"]
    await alice.contacts("Bob Berg", "Carol Cho")
    await bob.sees("Alice Ames", "This contact is online")
    await alice.sees("Bob Berg", "This contact is online")
    await bob.open_chat("Alice Ames")
    await alice.open_chat("Bob Berg")
    await bob.say("Is the price list out?")
    await alice.reads("Is the price list out?")
    await alice.say("See the intranet.")
    await bob.reads("See the intranet.")
    assert "alice@agents.acme.test" in await bob.everything()
    assert not demo.page.strangers()
    assert not demo.page.problems
    assert "alice@cc.acme.test" not in await bob.everything()
    assert "bob@work.acme.test" not in await alice.everything()
