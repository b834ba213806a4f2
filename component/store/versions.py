"""Versions of a message: what corrects it, and what ends its links (C12, C13)."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, text

from .changes import Supersede
from .stored_conversations import OF_THE_PAIR

# Of the message meant, or of its first version: a correction of a correction is one of the first version too.
_FIRST_VERSION = text(f"""
WITH of_the_pair AS MATERIALIZED ({OF_THE_PAIR})
SELECT coalesce(version_of, id) FROM (
    SELECT id, version_of FROM message
    WHERE conversation_id IN (SELECT id FROM of_the_pair) AND client_id = :reference
        AND sender_id = :sender AND id < :by AND withdrawn_at IS NULL
    UNION ALL
    SELECT id, version_of FROM message
    WHERE conversation_id IN (SELECT id FROM of_the_pair) AND origin_id = :reference AND origin_id IS NOT client_id
        AND sender_id = :sender AND id < :by AND withdrawn_at IS NULL
)
ORDER BY id DESC LIMIT 1
""")
_NEW_VERSION = text("UPDATE message SET version_of = :first WHERE id = :by")
_REVOKE = text("""
UPDATE link SET revoked_at = :at
WHERE revoked_at IS NULL AND message_id < :by AND message_id IN (
    SELECT :first
    UNION ALL
    SELECT id FROM message WHERE version_of = :first AND version_of IS NOT NULL
)
""")


def supersede(connection: Connection, changes: Sequence[Supersede], accounts: Mapping[str, int]) -> None:
    """Rare, so one by one, in their order: each may be about the one before."""
    for change in changes:
        values = {
            "conversation": change.conversation_id,
            "sender": accounts[change.sender_account],
            "reference": change.reference,
            "by": change.by,
        }
        first = connection.scalar(_FIRST_VERSION, values)
        if first is None:
            continue
        if change.is_version:
            connection.execute(_NEW_VERSION, {"first": first, "by": change.by})
        connection.execute(_REVOKE, {"first": first, "by": change.by, "at": change.at})
