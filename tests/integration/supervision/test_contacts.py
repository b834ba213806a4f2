"""Each chat that somebody sees without taking part in it is a contact with a name, in any client (S2, A4)."""

import asyncio
from xml.etree.ElementTree import Element

import pytest

from tests.support.bridge import BridgeProcess
from tests.support.client import XmppClient
from tests.support.log_ins import Reconfigure
from tests.support.matching import presence
from tests.support.scripts import ALICE, CAROL, send, talk
from tests.support.watching import (
    ALICE_AND_CAROL,
    CHAT,
    PEOPLE,
    SALES,
    copies,
    copy,
    copy_at_work,
    face_of,
    name_of,
    stop_watching,
    watch,
)

BEGAN = "ⓘ Alice Ames and Carol Cho began a chat."


@pytest.fixture(autouse=True)
async def contacts_appear(reconfigure: Reconfigure) -> None:
    """In this tenant, unlike in other scripts."""
    await reconfigure(roster_limit=50)


async def chats(client: XmppClient) -> dict[str, tuple[str | None, list[str | None]]]:
    """Chat face -> its name and groups."""
    return {
        address: (item.get("name"), [group.text for group in item.iterfind("{*}group")])
        for address, item in (await client.roster()).items()
        if address.startswith(CHAT)
    }


def is_about(stanza: Element, address: str) -> bool:
    return face_of(stanza) == address or stanza.find(f".//*[@jid='{address}']") is not None


async def no_chats(client: XmppClient) -> None:
    async with asyncio.timeout(90):
        while await chats(client):  # noqa: ASYNC110 - ejabberd does not say when
            await asyncio.sleep(0.05)


async def test_of_a_supervisor(alice: XmppClient, carol: XmppClient, sue: XmppClient) -> None:
    """Before anything comes from it; online, and gone when it is not watched any more."""
    await talk(alice, carol, CAROL)
    await watch(sue, SALES)
    address = face_of((await copies(sue, BEGAN, "▸ Alice Ames: Hello"))[0])
    pushed = next(
        number for number, stanza in enumerate(sue.received) if stanza.find(f".//*[@jid='{address}']") is not None
    )
    first = next(number for number, stanza in enumerate(sue.received) if face_of(stanza) == address)
    assert pushed < first
    assert await chats(sue) == {address: (ALICE_AND_CAROL, ["Watched chats"])}
    await sue.expect(presence(sender=address, type=None))
    await stop_watching(sue)
    await no_chats(sue)


async def test_of_an_agent_at_work(alice: XmppClient, carol: XmppClient, alice_at_work: XmppClient) -> None:
    await carol.say(ALICE, "Hello")
    address = face_of(await copy_at_work(alice_at_work, "Hello"))
    assert (await chats(alice_at_work))[address] == ("Carol Cho (agent chat)", ["Agent chats"])


async def test_two_faces_of_one_person_have_two_names(carol: XmppClient) -> None:
    """AD1: in the list of contacts, in discovery and on the card."""
    names = {ALICE: "Alice Ames", "alice.ames@directory.acme.test": "Alice Ames (Work)"}
    async with asyncio.timeout(90):
        while not names.items() <= {face: item.get("name") for face, item in (await carol.roster()).items()}.items():  # noqa: ASYNC110
            await asyncio.sleep(0.2)
    assert {face: await name_of(carol, face) for face in names} == names


async def test_with_the_right_it_goes(
    alice: XmppClient, carol: XmppClient, sue: XmppClient, reconfigure: Reconfigure
) -> None:
    await talk(alice, carol, CAROL)
    await watch(sue, SALES)
    await copies(sue, BEGAN, "▸ Alice Ames: Hello")
    await reconfigure(PEOPLE.replace("watch = true", "watch = false"), roster_limit=50)
    await no_chats(sue)


async def test_one_that_was_removed_stays_away(
    alice: XmppClient, carol: XmppClient, sue: XmppClient, bridge: BridgeProcess
) -> None:
    """Until the next start."""
    await talk(alice, carol, CAROL)
    await watch(sue, SALES)
    address = face_of((await copies(sue, BEGAN, "▸ Alice Ames: Hello"))[0])
    item = f"<item jid='{address}' subscription='remove'/>"
    await sue.request(f"<iq type='set'><query xmlns='jabber:iq:roster'>{item}</query></iq>")
    await send(alice, CAROL, "<body>Still here</body>")
    await copy(sue, "▸ Alice Ames: Still here")
    assert await chats(sue) == {}
    await bridge.stop()
    await bridge.restart()
    await send(alice, CAROL, "<body>And again</body>")
    await copy(sue, "▸ Alice Ames: And again")
    assert await chats(sue) == {address: (ALICE_AND_CAROL, ["Watched chats"])}
