"""How many messages a conversation or a history has is told by the numbers of its first and its last one."""

from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.drop_table("history")
    for column in ("length", "visible"):
        op.drop_column("conversation", column)
