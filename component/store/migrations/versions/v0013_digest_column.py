"""A digest of each client's id, eight bytes that have room in an index (`records.digests`)."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.add_column("message", sa.Column("client_digest", sa.BigInteger))
    op.execute("INSERT INTO meta (key, value) VALUES ('digests_up_to', '0')")
