"""Alembic migrations. ``database.migrate`` runs them at start; a new one is a new file in ``versions``."""
