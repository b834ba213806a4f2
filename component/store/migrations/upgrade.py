"""Running migrations."""

import logging
import time
from collections.abc import Iterator

from alembic import command
from alembic.config import Config
from alembic.script import Script, ScriptDirectory
from sqlalchemy import Connection

from ..store_errors import SchemaTooNew
from .baseline import create

log = logging.getLogger(__name__)

SLICE = 2_000
"""Rows that are changed at a time."""

SAY_SECONDS = 10.0
"""Between two lines in the log about a migration that takes long."""


def upgrade(connection: Connection, found: str | None) -> None:
    """Bring the tables, which have the form ``found``, to the newest form.

    :raises SchemaTooNew: a later version has written the database
    :raises SQLAlchemyError: it could not be done
    """
    config = Config()
    config.set_main_option("script_location", "component.store:migrations")
    config.attributes["connection"] = connection
    scripts = ScriptDirectory.from_config(config)
    if found is None:
        # A new database comes into being at once.
        with connection.begin():
            if connection.dialect.name == "postgresql":
                create(connection, scripts)
            else:
                command.upgrade(config, "head")
        return
    if found not in {script.revision for script in scripts.walk_revisions()}:
        raise SchemaTooNew(
            f"the database has schema {found}, which this version of deskbridge does not know "
            f"(it knows up to {scripts.get_current_head()}); run the version that wrote it, or a later one"
        )
    ahead = [*scripts.iterate_revisions("head", found)][::-1]
    for number, script in enumerate(ahead, 1):
        name = f"migration {script.revision} of the database, {number} of {len(ahead)}"
        log.info("%s", name)
        _prepare(connection, script, name)
        command.upgrade(config, script.revision)
    log.info("the database has been migrated from schema %s to %s", found, ahead[-1].revision)


def _prepare(connection: Connection, script: Script, name: str) -> None:
    """What a migration does in small transactions of its own, of so many rows, before its last one. Its function
    ``prepare(connection, slice)`` gives the part that is done, from 0 to 1, after each. Being stopped in the middle, it
    goes on there."""
    if not hasattr(script.module, "prepare"):
        return
    parts: Iterator[float] = script.module.prepare(connection, SLICE)
    said = time.monotonic()
    for part in parts:
        if time.monotonic() - said >= SAY_SECONDS:
            log.info("%s: %.0f %% is done", name, part * 100)
            said = time.monotonic()
