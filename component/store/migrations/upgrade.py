"""Running migrations."""

from contextlib import nullcontext

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from ..store_errors import SchemaTooNew


def upgrade(connection: Connection, found: str | None) -> None:
    """Bring the tables, which have the form ``found``, to the newest form.

    :raises SchemaTooNew: a later version has written the database
    :raises SQLAlchemyError: it could not be done
    """
    config = Config()
    config.set_main_option("script_location", "component.store:migrations")
    scripts = ScriptDirectory.from_config(config)
    if found is not None and found not in {script.revision for script in scripts.walk_revisions()}:
        raise SchemaTooNew(
            f"the database has schema {found}, which this version of deskbridge does not know "
            f"(it knows up to {scripts.get_current_head()}); run the version that wrote it, or a later one"
        )
    config.attributes["connection"] = connection
    # A new database comes into being at once. An older one may be large: what was done of it stays done.
    with connection.begin() if found is None else nullcontext():
        command.upgrade(config, "head")
