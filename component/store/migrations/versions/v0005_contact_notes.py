"""What deskbridge put into people's contact lists."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0003"

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "contact_notes",
        sa.Column("account_id", Id, sa.ForeignKey("account.id"), primary_key=True, autoincrement=False),
        sa.Column("notes", sa.Text, nullable=False),
    )
