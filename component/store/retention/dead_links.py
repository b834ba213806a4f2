"""Links that go: with their messages, or some time after they expired (A8, C5)."""

import json
from collections.abc import Collection

from sqlalchemy import Connection, delete, text

from ..records.stored_links import enter_rest, is_one_of
from ..schema import link
from .retention_holds import is_held

SLICE_OF_LINKS = 200
"""Removed at a time."""

_OF_MESSAGES = text("""
SELECT id FROM link
WHERE message_id IN (SELECT value FROM json_each(:ids)) AND message_id NOT IN (SELECT id FROM held_message)
""")
_EXPIRED = text(f"""
SELECT l.id FROM link AS l
WHERE l.expires_at < :before
    AND NOT EXISTS (SELECT 1 FROM message AS m WHERE m.id = l.message_id AND {is_held("l.tenant")})
    AND NOT EXISTS (SELECT 1 FROM held_message AS m WHERE m.id = l.message_id)
ORDER BY l.expires_at LIMIT :most
""")


def remove_of_messages(connection: Connection, ids: Collection[int]) -> None:
    """Remove the links of these messages, which are deleted already, but for those that a hold keeps (A8)."""
    values = {"ids": json.dumps(list(ids))}
    _remove(connection, connection.scalars(_OF_MESSAGES, values).all())


def remove_expired(connection: Connection, before: int) -> int:
    """Remove some of the links that expired before that time, unless a hold keeps their message; how many."""
    found = connection.scalars(_EXPIRED, {"before": before, "most": SLICE_OF_LINKS}).all()
    _remove(connection, found)
    return len(found)


def _remove(connection: Connection, ids: Collection[int]) -> None:
    if ids:
        enter_rest(connection, ids)
        connection.execute(delete(link).where(is_one_of(link.c.id, ids)))
