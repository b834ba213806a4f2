"""The first tables: accounts, conversations, messages, subscriptions.

Spelled out rather than taken from ``schema``, which goes on changing.
"""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _create_meta()
    _create_accounts()
    _create_conversations()
    _create_messages()
    _create_subscriptions()


def _create_meta() -> None:
    meta = op.create_table(
        "meta",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )
    values = {
        # Tells this database's ids from those of another one that took its place.
        "id_key": secrets.token_hex(16),
        "next_message_id": "1",
        "next_conversation_id": "1",
        "delivered_up_to": "0",
    }
    op.bulk_insert(meta, [{"key": key, "value": value} for key, value in values.items()])


def _create_accounts() -> None:
    op.create_table(
        "account",
        sa.Column("id", Id, primary_key=True),
        sa.Column("jid", sa.Text, nullable=False, unique=True),
    )


def _create_conversations() -> None:
    op.create_table(
        "conversation",
        sa.Column("id", Id, primary_key=True, autoincrement=False),
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, sa.CheckConstraint("kind IN ('joined', 'desk')"), nullable=False),
        sa.Column("first_id", Id, sa.ForeignKey("account.id"), nullable=False),
        sa.Column("second_id", Id, sa.ForeignKey("account.id"), nullable=False),
        sa.Column("opened_at", sa.BigInteger, nullable=False),
        sa.Column("ended_at", sa.BigInteger),
        sa.Column("end_reason", sa.Text),
        sa.Column("length", sa.BigInteger, nullable=False),
        sa.Column("visible", sa.BigInteger, nullable=False),
        sa.CheckConstraint("kind = 'desk' OR ended_at IS NULL", name="joined_never_ends"),
    )
    _index("conversation_joined", ["first_id", "second_id"], where="kind = 'joined'", unique=True)
    _index("conversation_open_desk", ["id"], where="kind = 'desk' AND ended_at IS NULL")


def _create_messages() -> None:
    op.create_table(
        "history",
        sa.Column("owner_id", Id, sa.ForeignKey("account.id"), primary_key=True, autoincrement=False),
        sa.Column("length", sa.BigInteger, nullable=False),
        sa.Column("visible", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "message",
        sa.Column("id", Id, primary_key=True, autoincrement=False),
        sa.Column("conversation_id", Id, sa.ForeignKey("conversation.id"), nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("owner_id", Id, sa.ForeignKey("account.id")),
        sa.Column("owner_seq", sa.BigInteger),
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
        sa.CheckConstraint("owner_id IN (sender_id, receiver_id)", name="owner_takes_part"),
    )
    _index("message_in_conversation", ["conversation_id", "id"], where="withdrawn_at IS NULL")
    _index("message_in_history", ["owner_id", "id"], where="owner_id IS NOT NULL AND withdrawn_at IS NULL")
    op.create_index("message_by_time", "message", ["sent_at", "id"])
    op.create_index("message_by_client_id", "message", ["conversation_id", "client_id"])
    other_origin_id = "message.origin_id IS NOT message.client_id"
    _index("message_by_origin_id", ["conversation_id", "origin_id"], where=other_origin_id)


def _create_subscriptions() -> None:
    op.create_table(
        "subscription",
        sa.Column("watcher_id", Id, sa.ForeignKey("account.id"), primary_key=True, autoincrement=False),
        sa.Column("face", sa.Text, primary_key=True),
        sqlite_with_rowid=False,
    )


def _index(name: str, columns: list[str], *, where: str, unique: bool = False) -> None:
    table = name.split("_")[0]
    condition = sa.text(where)
    op.create_index(name, table, columns, unique=unique, sqlite_where=condition, postgresql_where=condition)
