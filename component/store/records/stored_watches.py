"""Chat faces, and who watches what (S2), on disk."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, delete, select, text, update

from ..changes import NewChatFace, StartWatch, StopWatch, WatchBehind
from ..schema import account, chat_face, watch

_first, _second = account.alias("first"), account.alias("second")
_FACES = (
    select(chat_face.c.local_part, chat_face.c.tenant, _first.c.jid, _second.c.jid)
    .join_from(chat_face, _first, chat_face.c.first_id == _first.c.id)
    .join(_second, chat_face.c.second_id == _second.c.id)
)
_WATCHES = select(account.c.jid, watch.c.scope, watch.c.value, watch.c.behind).join_from(watch, account)
_THIS = (
    (watch.c.watcher_id == bindparam("watcher"))
    & (watch.c.scope == bindparam("of_scope"))
    & (watch.c.value == bindparam("of"))
)
_SAVE_FACE = text(
    "INSERT INTO chat_face (local_part, tenant, first_id, second_id) "
    "VALUES (:local_part, :tenant, :first_id, :second_id) ON CONFLICT DO NOTHING"
)
_START = text(
    "INSERT INTO watch (watcher_id, scope, value, tenant, started_at, behind) "
    "VALUES (:watcher_id, :scope, :value, :tenant, :started_at, :behind) ON CONFLICT DO NOTHING"
)
_STOP = delete(watch).where(_THIS)
_BEHIND = update(watch).where(_THIS).values(behind=bindparam("number"))


@dataclass(frozen=True, slots=True)
class StoredWatch:
    """``watcher`` is a bare account; see ``StartWatch`` and ``WatchBehind``."""

    watcher: str
    scope: str
    value: str
    behind: int | None


def save_chat_faces(connection: Connection, changes: Sequence[NewChatFace], accounts: Mapping[str, int]) -> None:
    """A chat face that is there already stays as it is."""
    rows = [
        {
            "local_part": change.local_part,
            "tenant": change.tenant,
            "first_id": accounts[change.first],
            "second_id": accounts[change.second],
        }
        for change in changes
    ]
    connection.execute(_SAVE_FACE, rows)


def save_watches(
    connection: Connection, changes: Sequence[StartWatch | StopWatch | WatchBehind], accounts: Mapping[str, int]
) -> None:
    """One after the other: they are rare."""
    for change in changes:
        key = {"watcher": accounts[change.watcher], "of_scope": change.scope, "of": change.value}
        match change:
            case StartWatch(tenant=tenant, at=at):
                row = {
                    "watcher_id": key["watcher"],
                    "scope": change.scope,
                    "value": change.value,
                    "tenant": tenant,
                    "started_at": at,
                    "behind": 0,
                }
                connection.execute(_START, row)
            case StopWatch():
                connection.execute(_STOP, key)
            case WatchBehind(behind=behind):
                connection.execute(_BEHIND, {**key, "number": behind})


def chat_faces(connection: Connection) -> list[tuple[str, str, str, str]]:
    """Every ``(local part, tenant, first account, second account)``."""
    return [tuple(row) for row in connection.execute(_FACES)]


def watches(connection: Connection) -> list[StoredWatch]:
    """Everything that somebody watches."""
    return [StoredWatch(*row) for row in connection.execute(_WATCHES)]
