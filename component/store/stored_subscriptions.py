"""Who is subscribed to the presence of which face (P5)."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, bindparam, delete, insert, select

from .changes import Subscribe, Unsubscribe
from .schema import account, subscription

_DELETE = delete(subscription).where(
    subscription.c.watcher_id == bindparam("watcher"), subscription.c.face == bindparam("of")
)
_ALL = select(account.c.jid, subscription.c.face).join_from(subscription, account)


def save_subscriptions(
    connection: Connection, changes: Sequence[Subscribe | Unsubscribe], accounts: Mapping[str, int]
) -> None:
    """The last change of a pair counts."""
    last = {(accounts[change.account], change.face): change for change in changes}
    connection.execute(_DELETE, [{"watcher": watcher, "of": face} for watcher, face in last])
    wanted = [
        {"watcher_id": watcher, "face": face}
        for (watcher, face), change in last.items()
        if isinstance(change, Subscribe)
    ]
    if wanted:
        connection.execute(insert(subscription), wanted)


def subscriptions(connection: Connection) -> list[tuple[str, str]]:
    """Every ``(account, face)``."""
    return list(connection.execute(_ALL))
