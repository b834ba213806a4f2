"""Links of the web part, and the audit log."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _create_links()
    _create_audit()


def _create_links() -> None:
    op.create_table(
        "link",
        sa.Column("id", Id, primary_key=True),
        sa.Column("token", sa.Text, nullable=False, unique=True),
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, sa.CheckConstraint("kind IN ('page', 'file', 'transcript')"), nullable=False),
        sa.Column("message_id", sa.BigInteger),
        sa.Column("account_id", Id, sa.ForeignKey("account.id")),
        sa.Column("made_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("revoked_at", sa.BigInteger),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("sender", sa.Text, nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("corrects", sa.Text),
        sa.Column("opened", sa.BigInteger, nullable=False),
        sa.Column("first_opened_at", sa.BigInteger),
        sa.Column("last_opened_at", sa.BigInteger),
        sa.Column("entered", sa.BigInteger, nullable=False),
        sa.Column("entered_at", sa.BigInteger),
        sqlite_autoincrement=True,
    )
    op.create_index("link_of_message", "link", ["message_id"], sqlite_where=sa.text("message_id IS NOT NULL"))
    op.create_index("link_of_correction", "link", ["corrects"], sqlite_where=sa.text("corrects IS NOT NULL"))
    op.create_index("link_by_expiry", "link", ["expires_at"])
    op.create_index("link_to_enter", "link", ["id"], sqlite_where=sa.text("opened > entered"))


def _create_audit() -> None:
    op.create_table(
        "audit",
        sa.Column("id", Id, primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
    )
    op.create_index("audit_by_time", "audit", ["tenant", "at"])
    refuse = "BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END"
    op.execute(f"CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit {refuse}")
    op.execute(f"CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit {refuse}")
    op.execute(
        "CREATE TRIGGER audit_no_replace BEFORE INSERT ON audit"
        f" WHEN EXISTS (SELECT 1 FROM audit WHERE id = NEW.id) {refuse}"
    )
