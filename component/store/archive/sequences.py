"""How many messages there are in a sequence: a conversation, or all of one agent's history with Work users.

Numbers in it have no holes. So the visible ones from a message on are as many as the difference of the last visible
number and its own says, less those withdrawn between the two. That costs a few steps, however long the sequence is.
"""

_VISIBLE = """
    coalesce((
        SELECT (
            SELECT n.{seq} FROM message n
            WHERE n.{key} = {of} AND n.withdrawn_at IS NULL ORDER BY n.id DESC LIMIT 1
        ) - m.{seq} + 1 - CASE WHEN EXISTS (
            SELECT 1 FROM message w WHERE w.{key} = {of} AND w.withdrawn_at IS NOT NULL AND w.id > m.id
        ) THEN (
            SELECT count(*) FROM message w
            WHERE w.{key} = {of} AND w.withdrawn_at IS NOT NULL AND w.id > m.id AND w.id < (
                SELECT n.id FROM message n
                WHERE n.{key} = {of} AND n.withdrawn_at IS NULL ORDER BY n.id DESC LIMIT 1
            )
        ) ELSE 0 END
        FROM message m
        WHERE m.{key} = {of} AND m.withdrawn_at IS NULL AND m.id {beyond}
        ORDER BY m.id LIMIT 1
    ), 0)"""


def visible_messages(beyond: str, seq: str, key: str, of: str) -> str:
    """SQL: how many visible messages there are with an id that is ``beyond``, like ``> :last``, in the sequence where
    the column ``key`` is ``of``, and ``seq`` has their numbers."""
    return _VISIBLE.format(beyond=beyond, seq=seq, key=key, of=of)
