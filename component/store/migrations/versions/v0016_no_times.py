"""Dates are found by halving, as times do not fall while ids rise: there is no index of times any more."""

from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.drop_index("message_by_time", "message")
