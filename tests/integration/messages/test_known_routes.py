"""Two people chat until the bridge remembers their route. Then something changes, and holds for the next message:
what is remembered of a chat lets nothing pass that may not (D1, M1 to M8, C18)."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import pytest_asyncio

from tests.integration.messages.conftest import LogIn, Reconfigure
from tests.support.bridge import PEOPLE, BridgeProcess
from tests.support.client import XmppClient
from tests.support.matching import message, text_of
from tests.support.scripts import ALICE, BOB, CAROL, DAN, LENA, refused, send, talk, unanswered

FORBIDDEN = "auth/forbidden"
LOGGED_OUT = "wait/recipient-unavailable"
GONE = "<gone xmlns='http://jabber.org/protocol/chatstates'/>"

LENA_WITHOUT_WORK = PEOPLE.replace('agent = "lena"\nwork = "lena"', 'agent = "lena"')

People = Callable[[str], Awaitable[None]]


@pytest_asyncio.fixture(loop_scope="package")
async def people(bridge: BridgeProcess) -> AsyncIterator[People]:
    """``await people(text)``: a reload with other people in acme, for one script."""

    async def people(text: str) -> None:
        bridge.write_people("acme", text)
        await bridge.reload()

    yield people
    await people(PEOPLE)


async def chat(one: XmppClient, other: XmppClient, face_of_one: str, face_of_other: str) -> None:
    """Until all that can be remembered is."""
    for _ in range(2):
        await talk(one, other, face_of_other)
        await talk(other, one, face_of_one)


class TestAReload:
    """D1"""

    @pytest.mark.parametrize("mode", [1, 2])
    async def test_of_the_mode(self, bob: XmppClient, alice: XmppClient, reconfigure: Reconfigure, mode: int) -> None:
        await chat(bob, alice, BOB, ALICE)
        await reconfigure(mode=mode)
        await refused(bob, await bob.say(ALICE, "x"), ALICE, FORBIDDEN)
        await refused(alice, await alice.say(BOB, "x"), BOB, FORBIDDEN)
        await reconfigure()
        await chat(bob, alice, BOB, ALICE)

    async def test_of_the_limits(self, bob: XmppClient, alice: XmppClient, reconfigure: Reconfigure) -> None:
        """C18"""
        await chat(bob, alice, BOB, ALICE)
        await reconfigure(limits={"body_chars": 10})
        await refused(bob, await bob.say(ALICE, "more than ten"), ALICE, "modify/policy-violation")
        await reconfigure()
        await talk(bob, alice, ALICE)

    async def test_that_takes_somebody_away(self, bob: XmppClient, carol: XmppClient, people: People) -> None:
        """Whoever they write to, and whoever writes to them."""
        await chat(bob, carol, BOB, CAROL)
        await people(PEOPLE.replace('[[people]]\nname = "Bob Berg"\nwork = "bob"\n', ""))
        await refused(bob, await bob.say(CAROL, "x"), CAROL, FORBIDDEN)
        await refused(carol, await carol.say(BOB, "x"), BOB, "cancel/item-not-found")
        await people(PEOPLE)
        await chat(bob, carol, BOB, CAROL)

    async def test_of_the_groups(self, alice: XmppClient, carol: XmppClient, people: People) -> None:
        """M3, M6: the conversation goes on, and no other begins."""
        await chat(alice, carol, ALICE, CAROL)
        await people(PEOPLE.replace('work = "alice.ames"\ngroups = ["sales"]', 'work = "alice.ames"'))
        await chat(alice, carol, ALICE, CAROL)
        await send(alice, CAROL, GONE)
        await carol.expect(message(body="ⓘ Alice Ames ended this chat."))
        await refused(carol, await carol.say(ALICE, "x"), ALICE, FORBIDDEN)

    async def test_that_gives_a_licence(self, bob: XmppClient, log_in: LogIn, people: People) -> None:
        """A4: her Work account has no copies before, and has them from then on."""
        await people(LENA_WITHOUT_WORK)
        lena = await log_in("lena@cc.acme.test")
        await chat(bob, lena, BOB, LENA)
        await people(PEOPLE)
        at_work = await log_in("lena@work.acme.test")
        await bob.say(LENA, "for both of you")
        copy = await at_work.expect(message())
        assert (text_of(copy, "body") or "").endswith("for both of you")
        await people(LENA_WITHOUT_WORK)
        await talk(bob, lena, LENA)
        await unanswered(at_work)


class TestALogOut:
    async def test_of_the_receiver(self, bob: XmppClient, log_in: LogIn, bridge: BridgeProcess) -> None:
        """M1"""
        carol = await log_in("carol@cc.acme.test")
        await chat(bob, carol, BOB, CAROL)
        await carol.logout()
        await bridge.people_are(2)
        await refused(bob, await bob.say(CAROL, "x"), CAROL, LOGGED_OUT)
        again = await log_in("carol@cc.acme.test")
        await chat(bob, again, BOB, CAROL)


class TestTheEndOfAConversation:
    async def test_ends_the_right_to_answer(self, lena: XmppClient, dan: XmppClient) -> None:
        """M6: Lena is out of Dan's reach, but for an answer."""
        for _ in range(2):
            await chat(lena, dan, LENA, DAN)
            await send(lena, DAN, GONE)
            await dan.expect(message(body="ⓘ Lena Lund ended this chat."))
            await refused(dan, await dan.say(LENA, "x"), LENA, FORBIDDEN)
