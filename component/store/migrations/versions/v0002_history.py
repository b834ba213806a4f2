"""What reading the archive needs: the words of messages, the withdrawn ones, holds.

Rows that are there already are indexed here: some ten seconds for a million messages.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _index_conversations()
    _index_withdrawn_messages()
    _index_words()
    _create_holds()
    _create_held_messages()


def _index_conversations() -> None:
    joined, open_desk = "kind = 'joined'", "kind = 'desk' AND ended_at IS NULL"
    _index("conversation_joined_by_work", ["second_id", "first_id"], where=joined)
    _index("conversation_open_by_first", ["first_id", "second_id"], where=open_desk)
    _index("conversation_open_by_second", ["second_id", "first_id"], where=open_desk)


def _index_withdrawn_messages() -> None:
    withdrawn = "withdrawn_at IS NOT NULL"
    _index("message_withdrawn_in_conversation", ["conversation_id", "id"], where=withdrawn)
    _index("message_withdrawn_in_history", ["owner_id", "id"], where=f"owner_id IS NOT NULL AND {withdrawn}")


def _index_words() -> None:
    op.execute(
        "CREATE VIRTUAL TABLE message_text USING fts5"
        "(scope, body, content = '', columnsize = 0, tokenize = 'unicode61 remove_diacritics 2')"
    )
    op.execute(
        "INSERT INTO message_text (rowid, scope, body)"
        " SELECT id, sender_id || ' ' || receiver_id, body FROM message WHERE body IS NOT NULL ORDER BY id"
    )


def _create_holds() -> None:
    op.create_table(
        "hold",
        sa.Column("id", Id, primary_key=True),
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("account_id", Id, sa.ForeignKey("account.id")),
        sa.Column("from_us", sa.BigInteger),
        sa.Column("to_us", sa.BigInteger),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("placed_by", sa.Text, nullable=False),
        sa.Column("placed_at", sa.BigInteger, nullable=False),
        sa.Column("lifted_by", sa.Text),
        sa.Column("lifted_at", sa.BigInteger),
    )


def _create_held_messages() -> None:
    op.create_table(
        "held_message",
        sa.Column("id", Id, primary_key=True, autoincrement=False),
        sa.Column("conversation_id", Id, sa.ForeignKey("conversation.id"), nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("sent_at", sa.BigInteger, nullable=False),
        sa.Column("sender", sa.Text, nullable=False),
        sa.Column("receiver", sa.Text, nullable=False),
        sa.Column("sender_id", Id, sa.ForeignKey("account.id"), nullable=False),
        sa.Column("receiver_id", Id, sa.ForeignKey("account.id"), nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("client_id", sa.Text),
        sa.Column("origin_id", sa.Text),
        sa.Column("body", sa.Text),
        sa.Column("payload", sa.Text, nullable=False),
        sa.Column("withdrawn_at", sa.BigInteger),
    )
    op.create_index("held_message_in_conversation", "held_message", ["conversation_id"])


def _index(name: str, columns: list[str], *, where: str) -> None:
    table = name.split("_")[0]
    op.create_index(name, table, columns, sqlite_where=sa.text(where))
