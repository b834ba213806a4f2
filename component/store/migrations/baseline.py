"""The tables of a new database of PostgreSQL's: made in their newest form at once, as no older one was ever there."""

import secrets

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, insert

from ..schema import meta, metadata


def create(connection: Connection, scripts: ScriptDirectory) -> None:
    """In the transaction that is open."""
    _give_conditions()
    metadata.create_all(connection)
    connection.execute(insert(meta), [{"key": key, "value": value} for key, value in _first_values().items()])
    MigrationContext.configure(connection).stamp(scripts, "head")


def _give_conditions() -> None:
    """Those of the partial indexes, which the tables have for SQLite alone: to name PostgreSQL there would load its
    dialect, some MB, in every process."""
    for table in metadata.tables.values():
        for index in table.indexes:
            index.dialect_options["postgresql"]["where"] = index.dialect_options["sqlite"]["where"]


def _first_values() -> dict[str, str]:
    """As the migrations of SQLite leave them in a new database."""
    return {
        # Tells this database's ids from those of another one that took its place.
        "id_key": secrets.token_hex(16),
        "next_message_id": "1",
        "next_conversation_id": "1",
        "delivered_up_to": "0",
        "indexed_up_to": "0",
        "settled_up_to": "0",
        "ejabberd_life": "",
        "folded_by": "",
    }
