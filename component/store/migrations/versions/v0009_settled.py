"""What ejabberd is sure to have on disk, and which start of ejabberd it was that messages were delivered to."""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.execute("INSERT INTO meta (key, value) SELECT 'settled_up_to', value FROM meta WHERE key = 'delivered_up_to'")
    op.execute("INSERT INTO meta (key, value) VALUES ('ejabberd_life', '')")
