"""All conversations of two agents are found: what one of them takes back may have been said in an earlier one."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_index(
        "conversation_desk_of_pair",
        "conversation",
        ["first_id", "second_id"],
        sqlite_where=sa.text("kind = 'desk'"),
    )
