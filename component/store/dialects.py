"""The few expressions that SQLite and PostgreSQL write differently, by the name of SQLAlchemy's dialect."""

from collections.abc import Mapping

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
