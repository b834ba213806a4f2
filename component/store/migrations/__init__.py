"""Bringing the tables to the newest form, by Alembic. A new migration is a new file in ``versions``.

For a database that is there already each is a transaction of its own: who is stopped between two goes on there at the
next start.
"""

from pathlib import Path

from sqlalchemy import Connection, inspect, text


def migrate(connection: Connection) -> None:
    """Bring the tables to the newest form.

    :raises SchemaTooNew: a later version has written the database
    :raises SQLAlchemyError: one of the migrations could not be done; those before it are
    """
    with connection.begin():
        found = _revision(connection)
    if found != _newest():
        # Only now, as nearly every start finds its tables as they should be: these libraries take 10 MB.
        from .upgrade import upgrade

        upgrade(connection, found)


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision


def _newest() -> str:
    """They lie in files ``vREVISION_NAME.py``, of rising numbers."""
    return max(path.name for path in Path(__file__).parent.glob("versions/v*.py"))[1:].partition("_")[0]
