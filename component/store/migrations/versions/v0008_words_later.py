"""Words are indexed after their messages, and an id that a client gave twice is indexed once."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    # Until now the words of every message came with it.
    op.execute("INSERT INTO meta (key, value) SELECT 'indexed_up_to', CAST(coalesce(max(id), 0) AS TEXT) FROM message")
    _merge_between()
    _index_other_origin_ids()


def _merge_between() -> None:
    """Parts of the index are merged between two batches, and eight of a size at a time, not while words are written."""
    for setting, value in (("automerge", 0), ("usermerge", 8)):
        op.execute(f"INSERT INTO message_text (message_text, rank) VALUES ('{setting}', {value})")


def _index_other_origin_ids() -> None:
    op.drop_index("message_by_origin_id", "message")
    other_origin_id = sa.text("origin_id IS NOT NULL AND message.origin_id IS NOT message.client_id")
    op.create_index(
        "message_by_origin_id", "message", ["conversation_id", "origin_id"],
        sqlite_where=other_origin_id, postgresql_where=other_origin_id,
    )  # fmt: skip
