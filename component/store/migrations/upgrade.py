"""Running migrations."""

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from ..store_errors import SchemaTooNew


def upgrade(connection: Connection) -> None:
    """Bring the tables to the newest form, in the transaction that is open on ``connection``.

    :raises SchemaTooNew: a later version has written the database
    :raises SQLAlchemyError: it could not be done
    """
    config = Config()
    config.set_main_option("script_location", "component.store:migrations")
    _refuse_newer(connection, ScriptDirectory.from_config(config))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _refuse_newer(connection: Connection, scripts: ScriptDirectory) -> None:
    found = MigrationContext.configure(connection).get_current_revision()
    known = {script.revision for script in scripts.walk_revisions()}
    if found is not None and found not in known:
        raise SchemaTooNew(
            f"the database has schema {found}, which this version of deskbridge does not know "
            f"(it knows up to {scripts.get_current_head()}); run the version that wrote it, or a later one"
        )
