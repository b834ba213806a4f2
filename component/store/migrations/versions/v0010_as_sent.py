"""What senders wrote beside what was delivered, the ids that others see, and what is a version of what."""

import re
from collections.abc import Iterator
from typing import Any
from xml.sax.saxutils import escape

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

# As they were written: in values there is none of the signs < > ", in texts no <.
REPLY = re.compile('(<reply xmlns="urn:xmpp:reply:0"[^>]* to=")([^"]*)')
ORIGIN_ID = re.compile('(<origin-id xmlns="urn:xmpp:sid:0" id=")[^"]*')
ESCAPED = {'"': "&quot;", "'": "&apos;", "\n": "&#10;", "\r": "&#13;", "\t": "&#9;"}


def upgrade() -> None:
    for name, type in (
        ("sent_payload", sa.Text),
        ("seen_id", sa.Text),
        ("seen_origin_id", sa.Text),
        ("version_of", sa.BigInteger),
    ):
        op.add_column("message", sa.Column(name, type))
    op.add_column("held_message", sa.Column("sent_payload", sa.Text))
    for table in ("message", "held_message"):
        _find_what_was_sent(table)
    _find_versions()
    for name, columns in (
        ("message_by_seen_id", ["conversation_id", "seen_id"]),
        ("message_by_seen_origin_id", ["conversation_id", "seen_origin_id"]),
        ("message_versions", ["version_of"]),
    ):
        op.create_index(name, "message", columns, sqlite_where=sa.text(f"{columns[-1]} IS NOT NULL"))
    op.drop_index("link_of_correction", "link")
    op.drop_column("link", "corrects")


def _find_what_was_sent(table: str) -> None:
    """Until now it was made of what was delivered, whenever the sender asked."""
    connection = op.get_bind()
    rows = connection.exec_driver_sql(
        "SELECT m.id, m.payload, m.origin_id, m.receiver, sender.jid, receiver.jid"
        f" FROM {table} AS m JOIN account AS sender ON sender.id = m.sender_id"
        " JOIN account AS receiver ON receiver.id = m.receiver_id"
        " WHERE m.payload LIKE '%urn:xmpp:reply:0%' OR m.origin_id LIKE '%@%'"
    ).all()
    sent = [(payload, id) for id, payload in _sent(rows)]
    if sent:
        connection.exec_driver_sql(f"UPDATE {table} SET sent_payload = ? WHERE id = ?", sent)


def _sent(rows: Any) -> Iterator[tuple[int, str]]:
    for id, payload, origin_id, receiver, sender_account, receiver_account in rows:
        sent = payload
        if reply := REPLY.search(payload):
            # Its author is named as the receiver knows them: by their own account, or by the sender's face.
            to_receiver = reply[2] == _escaped(receiver_account)
            sent = _with(sent, reply, receiver.partition("/")[0] if to_receiver else sender_account)
        if origin_id is not None and (named := ORIGIN_ID.search(sent)):
            sent = _with(sent, named, origin_id)
        yield id, sent


def _with(payload: str, found: re.Match[str], value: str) -> str:
    return f"{payload[: found.end(1)]}{_escaped(value)}{payload[found.end() :]}"


def _escaped(value: str) -> str:
    return escape(value, ESCAPED)


def _find_versions() -> None:
    """As far as there are links to revoke."""
    connection = op.get_bind()
    rows = connection.exec_driver_sql(
        "SELECT DISTINCT m.id, m.conversation_id, m.sender_id, link.corrects"
        " FROM link JOIN message AS m ON m.id = link.message_id WHERE link.corrects IS NOT NULL ORDER BY m.id"
    ).all()
    for id, conversation, sender, reference in rows:
        connection.exec_driver_sql(
            "UPDATE message SET version_of = ("
            " SELECT coalesce(m.version_of, m.id) FROM message AS m"
            " WHERE m.conversation_id = ? AND m.sender_id = ? AND ? IN (m.client_id, m.origin_id) AND m.id < ?"
            " ORDER BY m.id DESC LIMIT 1) WHERE id = ?",
            (conversation, sender, reference, id, id),
        )
