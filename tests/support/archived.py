"""What is on disk, read as an operator would: with SQL."""

import asyncio
from typing import Any

from tests.support.bridge import BridgeProcess
from tests.support.storage import execute


def query(bridge: BridgeProcess, sql: str, *values: object) -> list[Any]:
    """The rows of a query; single columns without their tuples."""
    return [row[0] if len(row) == 1 else row for row in execute(bridge.storage, sql, *values)]


def bodies(bridge: BridgeProcess, *ids: str) -> list[str]:
    """The archived texts of the messages that their clients gave these ids, in order."""
    marks = ", ".join("?" * len(ids))
    return query(bridge, f"SELECT body FROM message WHERE client_id IN ({marks}) ORDER BY id", *ids)


def conversations(bridge: BridgeProcess, one: str, other: str) -> list[tuple[int, str, str | None]]:
    """``(id, kind, why it ended)`` of the conversations of two accounts, in order."""
    return query(
        bridge,
        "SELECT c.id, c.kind, c.end_reason FROM conversation c JOIN account a ON a.id = c.first_id "
        "JOIN account b ON b.id = c.second_id WHERE (a.jid, b.jid) IN (VALUES (?, ?), (?, ?)) ORDER BY c.id",
        *(one, other, other, one),
    )


async def ticked_off(bridge: BridgeProcess) -> None:
    """Wait until all that is in the archive is known to have been delivered, and would not be sent again."""
    await _none(bridge, "message WHERE id > (SELECT CAST(value AS bigint) FROM meta WHERE key = 'delivered_up_to')")


async def all_ended(bridge: BridgeProcess) -> None:
    """Wait until no conversation between agents is open."""
    await _none(bridge, "conversation WHERE kind = 'desk' AND ended_at IS NULL")


def forget_delivery(bridge: BridgeProcess) -> None:
    """While it does not run: as if it had been killed before it knew that anything was delivered."""
    execute(bridge.storage, "UPDATE meta SET value = '0' WHERE key = 'delivered_up_to'")


async def _none(bridge: BridgeProcess, rows: str) -> None:
    async with asyncio.timeout(90):
        while query(bridge, f"SELECT count(*) FROM {rows}") != [0]:
            await asyncio.sleep(0.01)
