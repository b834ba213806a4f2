"""Chat faces, who watches what, and the conversations of agents in their order (S1 to S3)."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "chat_face",
        sa.Column("local_part", sa.Text, primary_key=True),
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("first_id", Id, sa.ForeignKey("account.id"), nullable=False),
        sa.Column("second_id", Id, sa.ForeignKey("account.id"), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "watch",
        sa.Column("watcher_id", Id, sa.ForeignKey("account.id"), primary_key=True, autoincrement=False),
        sa.Column("scope", sa.Text, sa.CheckConstraint("scope IN ('chat', 'group', 'all')"), primary_key=True),
        sa.Column("value", sa.Text, primary_key=True),
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("started_at", sa.BigInteger, nullable=False),
        sa.Column("behind", sa.BigInteger),
        sqlite_with_rowid=False,
    )
    op.create_index("conversation_desk", "conversation", ["tenant", "id"], sqlite_where=sa.text("kind = 'desk'"))
