"""One face and many watchers, on a real ejabberd: told once, in order, with chat in between (P2, R2)."""

import asyncio
import itertools
from collections.abc import AsyncIterator

import pytest

from component.bridge.stream.paced_presence import LANES, SLICE
from tests.support.bridge import PEOPLE, BridgeProcess
from tests.support.client import XmppClient
from tests.support.faces import ALICE, BOB, CAROL, SERVICE, face, gone, shows, watch
from tests.support.log_ins import LogIn
from tests.support.matching import message, presence, text_of
from tests.support.server import TestServer

SIZE = (LANES + 1) * SLICE
"""More than are told at once."""

CHANGES = 6
WATCHERS = [f"watcher{number}@cc.acme.test" for number in range(SIZE)]
AGENT = '\n[[people]]\nname = "Watcher {0}"\nagent = "watcher{0}"\ngroups = ["sales"]\n'


@pytest.fixture(scope="module")
async def crowd(ejabberd: TestServer, bridge: BridgeProcess) -> AsyncIterator[list[XmppClient]]:
    """Agents of Alice's group who are logged in and watch her."""
    bridge.write_people("acme", PEOPLE + "".join(map(AGENT.format, range(SIZE))))
    for account in WATCHERS:  # all at once, a busy machine takes too long for the first
        await ejabberd.register(account)
    await bridge.reload()
    clients = [await ejabberd.client(account) for account in WATCHERS]
    for client in clients:
        await client.login()
        await client.expect(presence(sender=SERVICE))
        await watch(client, ALICE)
    yield clients
    await asyncio.gather(*(client.logout() for client in clients))
    bridge.write_people("acme", PEOPLE)
    await bridge.reload()


_numbers = itertools.count(1)


async def change(alice: XmppClient) -> int:
    """Alice's status is a number that only grows."""
    number = next(_numbers)
    await alice.set_presence(show="dnd", status=str(number))
    return number


async def has_seen_her_go(client: XmppClient, newest: int) -> list[int]:
    """Wait for that; the numbers that came before, which ended with the newest."""
    await client.expect(gone(ALICE))
    client.forget()
    told = [text_of(stanza, "status") or "" for stanza in client.received if shows(ALICE)(stanza)]
    numbers = [int(status) for status in told if status.isdigit()]
    assert numbers[-1] == newest
    return numbers


def only_grow(numbers: list[int]) -> bool:
    return numbers == sorted(set(numbers))


async def test_everybody_is_told_of_each_change_once(login: LogIn, crowd: list[XmppClient]) -> None:
    alice = await login(ALICE)
    changes = []
    for _ in range(3):
        changes.append(await change(alice))
        for client in crowd:
            await client.expect(shows(ALICE, status=str(changes[-1])))
    await alice.logout()
    for client in crowd:
        numbers = await has_seen_her_go(client, changes[-1])
        assert numbers[-3:] == changes and only_grow(numbers)


async def test_changes_in_quick_succession_end_with_the_newest(login: LogIn, crowd: list[XmppClient]) -> None:
    """Chat between others goes on meanwhile."""
    alice, bob, carol = await login(ALICE), await login(BOB), await login(CAROL)
    sent = []
    for _ in range(CHANGES):
        newest = await change(alice)
        sent += [await bob.say(face(CAROL), "Is the price list out?") for _ in range(5)]
    for id in sent:
        await carol.expect(message(id=id))
    arrived = [stanza.get("id") for stanza in carol.received if stanza.get("id") in sent]
    assert arrived == sent
    await alice.logout()
    for client in crowd:
        assert only_grow(await has_seen_her_go(client, newest))


async def test_who_logs_in_meanwhile_sees_the_current_status_and_nothing_older(
    login: LogIn, crowd: list[XmppClient]
) -> None:
    """ejabberd asks for them with a probe, whose answer may overtake what is held back."""
    alice = await login(ALICE)
    first = await change(alice)

    async def log_in(account: str) -> XmppClient:
        phone = await login(account, "phone")
        await phone.expect(shows(ALICE))
        return phone

    logging_in = [asyncio.create_task(log_in(account)) for account in WATCHERS[::5]]
    for _ in range(CHANGES):
        newest = await change(alice)
    phones = await asyncio.gather(*logging_in)
    await alice.logout()
    for phone in phones:
        numbers = await has_seen_her_go(phone, newest)
        assert numbers[0] >= first and numbers == sorted(numbers)
    for client in crowd:
        await has_seen_her_go(client, newest)
