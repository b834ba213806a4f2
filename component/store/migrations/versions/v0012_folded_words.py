"""Words are folded before they come into their index, which begins anew: while deskbridge runs, and there is time."""

from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.execute("DROP TABLE message_text")
    op.execute(
        "CREATE VIRTUAL TABLE message_text USING fts5 (scope, body, content = '', columnsize = 0, tokenize = 'ascii')"
    )
    for setting, value in (("automerge", 0), ("usermerge", 8)):
        op.execute(f"INSERT INTO message_text (message_text, rank) VALUES ('{setting}', {value})")
    op.execute("UPDATE meta SET value = '0' WHERE key = 'indexed_up_to'")
    op.execute("INSERT INTO meta (key, value) VALUES ('folded_by', '')")
