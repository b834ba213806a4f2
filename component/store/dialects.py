"""The few expressions that SQLite and PostgreSQL write differently, by the name of SQLAlchemy's dialect."""

from collections.abc import Mapping

POSTGRESQL = "postgresql://"
"""How the URL of a database of PostgreSQL's begins."""

LEAST: Mapping[str, str] = {"sqlite": "min", "postgresql": "least"}
GREATEST: Mapping[str, str] = {"sqlite": "max", "postgresql": "greatest"}
SIZE: Mapping[str, str] = {
    "sqlite": "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()",
    "postgresql": "SELECT pg_database_size(current_database())",
}
"""The bytes of the database."""

LISTS_OF_NUMBERS = """
CREATE FUNCTION json_each(list text, OUT value bigint) RETURNS SETOF bigint LANGUAGE sql IMMUTABLE
AS 'SELECT CAST(element AS bigint) FROM jsonb_array_elements_text(CAST(list AS jsonb)) AS element'
"""
"""Makes PostgreSQL understand ``SELECT value FROM json_each(:numbers)``, any number of numbers in one value, as SQLite
does."""

LAST_NUMBER: Mapping[str, str] = {
    "sqlite": "SELECT max(coalesce((SELECT seq FROM sqlite_sequence WHERE name = '{table}'), 0),"
    " coalesce((SELECT max(id) FROM {table}), 0))",
    "postgresql": "SELECT last_value FROM pg_sequences"
    " WHERE schemaname || '.' || sequencename = pg_get_serial_sequence('{table}', 'id')",
}
"""The highest number that was given to a row of the table."""

NUMBER_ON: Mapping[str, tuple[str, ...]] = {
    "sqlite": (
        # Tables without AUTOINCREMENT go on behind their last row by themselves.
        "UPDATE sqlite_sequence SET seq = max(seq, :number) WHERE name = '{table}'",
        "INSERT INTO sqlite_sequence (name, seq) SELECT '{table}', :number WHERE NOT EXISTS"
        " (SELECT 1 FROM sqlite_sequence WHERE name = '{table}') AND EXISTS (SELECT 1 FROM sqlite_master"
        " WHERE name = '{table}' AND sql LIKE '%AUTOINCREMENT%')",
    ),
    "postgresql": ("SELECT setval(pg_get_serial_sequence('{table}', 'id'), :number)",),
}
"""Rows of the table are numbered on behind ``:number``."""
