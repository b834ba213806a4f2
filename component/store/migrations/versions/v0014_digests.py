"""What is in the index by conversation: all messages, whether they are visible, their numbers, and the digests of their
clients' ids. In the index by owner are their numbers, too."""

from collections.abc import Iterator

from alembic import op
from sqlalchemy import Connection, text

from component.store.records.digests import digest

revision = "0014"
down_revision = "0013"

_MARK = text("SELECT CAST(value AS BIGINT) FROM meta WHERE key = 'digests_up_to'")
_RAISE_MARK = text("UPDATE meta SET value = CAST(:last AS TEXT) WHERE key = 'digests_up_to'")
_NEXT = text("SELECT id, client_id FROM message WHERE id > :mark ORDER BY id LIMIT :slice")
_SAVE = text("UPDATE message SET client_digest = :digest WHERE id = :id")
_NEWEST = text("SELECT max(id) FROM message")


def prepare(connection: Connection, slice: int) -> Iterator[float]:
    """The digests of messages that are there already, slice by slice; which part of them is done."""
    with connection.begin():
        newest: int = connection.scalar(_NEWEST) or 0
    while True:
        with connection.begin():
            mark = connection.scalar(_MARK)
            rows = connection.execute(_NEXT, {"mark": mark, "slice": slice}).all()
            if not rows:
                return
            digests = [{"id": id, "digest": digest(client_id)} for id, client_id in rows if client_id is not None]
            if digests:
                connection.execute(_SAVE, digests)
            last: int = rows[-1].id
            connection.execute(_RAISE_MARK, {"last": last})
        yield last / newest


def upgrade() -> None:
    op.drop_index("message_in_conversation", "message")
    op.create_index(
        "message_in_conversation", "message", ["conversation_id", "withdrawn_at", "id", "seq", "client_digest"]
    )
    op.drop_index("message_in_history", "message")
    op.create_index(
        "message_in_history",
        "message",
        ["owner_id", "id", "owner_seq"],
        sqlite_where=text("owner_id IS NOT NULL AND withdrawn_at IS NULL"),
    )
    op.execute("DELETE FROM meta WHERE key = 'digests_up_to'")
