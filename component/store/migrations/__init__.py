"""Alembic migrations. ``sqlite.migrate`` has them run at start; a new one is a new file in ``versions``."""
