"""Client ids are found by their digests: there is no index of the ids themselves any more."""

from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.drop_index("message_by_client_id", "message")
