"""Contact lists as people see them."""

import asyncio
from xml.etree.ElementTree import Element

from tests.support.client import XmppClient
from tests.support.faces import face

SECONDS = 60.0

Standing = tuple[str, frozenset[str], str]
"""Name, groups, subscription."""

List = dict[str, Standing]
"""By the contact's address; without the service."""


def contact(who: str, name: str, *groups: str, subscription: str = "to") -> List:
    """How the person behind this account stands in a list."""
    return {face(who): (name, frozenset(groups), subscription)}


async def contacts_of(client: XmppClient) -> List:
    items = await client.roster()
    return {address: _standing(item) for address, item in items.items() if "@" in address}


async def sees_contacts(client: XmppClient, *wanted: List, seconds: float = SECONDS) -> None:
    """Wait until the client's list is exactly this, besides the service."""
    expected = {address: standing for some in wanted for address, standing in some.items()}
    try:
        async with asyncio.timeout(seconds):
            while (found := await contacts_of(client)) != expected:
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(f"{client.name} has\n{found}\ninstead of\n{expected}") from None


def _standing(item: Element) -> Standing:
    groups = frozenset(group.text or "" for group in item)
    return item.get("name", ""), groups, item.get("subscription", "")
