"""The statuses that people chose to show (P3)."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, bindparam, delete, insert, select

from .changes import ChooseStatus
from .schema import account, chosen_status

_DELETE = delete(chosen_status).where(chosen_status.c.account_id == bindparam("owner"))
_ALL = select(account.c.jid, chosen_status.c.status).join_from(chosen_status, account)


def save_statuses(connection: Connection, changes: Sequence[ChooseStatus], accounts: Mapping[str, int]) -> None:
    """The last choice of an account counts."""
    last = {accounts[change.account]: change.status for change in changes}
    connection.execute(_DELETE, [{"owner": owner} for owner in last])
    wanted = [{"account_id": owner, "status": status} for owner, status in last.items() if status]
    if wanted:
        connection.execute(insert(chosen_status), wanted)


def chosen_statuses(connection: Connection) -> dict[str, str]:
    """The name of the chosen status by bare account."""
    return {jid: status for jid, status in connection.execute(_ALL)}
