"""Everything that one agent wrote to Work users and got from them, as one sequence, whatever the number of chats."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from .bounds import Bounds

# As in `chats`: from a message on there are as many as the numbers say, less those withdrawn since.
_FROM_ON = """
    coalesce((
        SELECT history.length - m.owner_seq + 1 - (
            SELECT count(*) FROM message w
            WHERE w.owner_id = history.owner_id AND w.withdrawn_at IS NOT NULL AND w.id > m.id
        )
        FROM message m
        WHERE m.owner_id = history.owner_id AND m.withdrawn_at IS NULL AND m.id {beyond}
        ORDER BY m.id LIMIT 1
    ), 0)"""

_COUNT = text(f"""
SELECT CASE WHEN :first <= 1 THEN visible ELSE {_FROM_ON.format(beyond=">= :first")} END
    - {_FROM_ON.format(beyond="> :last")}
FROM history WHERE owner_id = :viewer
""")

_NEAREST = """
SELECT id FROM message
WHERE owner_id = :viewer AND withdrawn_at IS NULL AND id BETWEEN :first AND :last
ORDER BY id {order} LIMIT :limit
"""
_FORWARDS = text(_NEAREST.format(order="ASC"))
_BACKWARDS = text(_NEAREST.format(order="DESC"))


@dataclass(frozen=True, slots=True)
class WholeHistory:
    """All visible messages between the agent's account ``viewer`` and Work users."""

    viewer: int

    def count(self, connection: Connection, bounds: Bounds) -> int:
        """How many messages there are within ``bounds``."""
        row = {"viewer": self.viewer, "first": bounds.first, "last": bounds.last}
        return connection.scalar(_COUNT, row) or 0

    def nearest(self, connection: Connection, bounds: Bounds, limit: int, backwards: bool) -> Sequence[int]:
        """The first numbers within ``bounds``, or the last ones by falling number if ``backwards``."""
        row = {"viewer": self.viewer, "first": bounds.first, "last": bounds.last, "limit": limit}
        return connection.scalars(_BACKWARDS if backwards else _FORWARDS, row).all()
