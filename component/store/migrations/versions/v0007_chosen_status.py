"""The statuses that people chose to show (P3)."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "chosen_status",
        sa.Column("account_id", Id, sa.ForeignKey("account.id"), primary_key=True, autoincrement=False),
        sa.Column("status", sa.Text, nullable=False),
    )
