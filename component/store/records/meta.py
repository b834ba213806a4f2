"""Single values of the whole database. The first migration makes them all."""

from sqlalchemy import BigInteger, Connection, bindparam, cast, delete, select, text, update

from ..prepared import Prepared
from ..schema import meta

ID_KEY = "id_key"
NEXT_MESSAGE_ID = "next_message_id"
NEXT_CONVERSATION_ID = "next_conversation_id"
DELIVERED_UP_TO = "delivered_up_to"
INDEXED_UP_TO = "indexed_up_to"
FOLDED_BY = "folded_by"
SETTLED_UP_TO = "settled_up_to"
EJABBERD_LIFE = "ejabberd_life"
COPIED = "copied"
"""There only in a copy that was not opened yet (`sqlite_backup`)."""

COPY_PROGRESS = "copy_progress"
"""There only while everything is copied into this database (`copying`)."""

MARK_COPY = f"INSERT INTO meta (key, value) VALUES ('{COPIED}', '1') ON CONFLICT (key) DO UPDATE SET value = '1'"

_GET = select(meta.c.value).where(meta.c.key == bindparam("of"))
_TAKE = delete(meta).where(meta.c.key == bindparam("of"))
_PUT = update(meta).where(meta.c.key == bindparam("of")).values(value=bindparam("new"))
_PUT_NEW = "INSERT INTO meta (key, value) VALUES (:of, :new) ON CONFLICT (key) DO UPDATE SET value = excluded.value"
_RAISE = Prepared(
    update(meta)
    .where(meta.c.key == bindparam("of"), cast(meta.c.value, BigInteger) < bindparam("least"))
    .values(value=bindparam("new")),
    *("new", "of", "least"),
)


def get(connection: Connection, key: str) -> str:
    value: str = connection.execute(_GET, {"of": key}).scalar_one()
    return value


def get_number(connection: Connection, key: str) -> int:
    return int(get(connection, key))


def put(connection: Connection, key: str, value: str) -> None:
    connection.execute(_PUT, {"of": key, "new": value})


def find(connection: Connection, key: str) -> str | None:
    """None if it is not there."""
    return connection.execute(_GET, {"of": key}).scalar_one_or_none()


def put_new(connection: Connection, key: str, value: str) -> None:
    """The same, whether it was there or not."""
    connection.execute(text(_PUT_NEW), {"of": key, "new": value})


def put_number(connection: Connection, key: str, number: int) -> None:
    put(connection, key, str(number))


def mark_copy(connection: Connection) -> None:
    """This database is one, of another that may have gone on."""
    connection.execute(text(MARK_COPY))


def take_out(connection: Connection, key: str) -> bool:
    """Remove it; was it there?"""
    return connection.execute(_TAKE, {"of": key}).rowcount > 0


def raise_number(connection: Connection, key: str, least: int) -> None:
    """Make it ``least``, unless it is more already."""
    _RAISE.run(connection, [(str(least), key, least)])
