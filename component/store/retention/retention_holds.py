"""Holds: what must be kept although its time is over (A8)."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, bindparam, insert, select, update

from ..changes import Audit
from ..records.accounts import Accounts
from ..records.audit_log import write_entries
from ..schema import account, hold


@dataclass(frozen=True, slots=True)
class Hold:
    """What of ``tenant`` is to be kept: the chats of the bare account ``account``, or of everybody if that is None,
    from the time ``start`` to ``end``, both inclusive, or open. ``by`` placed it at ``at``: an actor of the audit log.
    Times are in us.
    """

    tenant: str
    reason: str
    by: str
    at: int
    account: str | None = None
    start: int | None = None
    end: int | None = None


@dataclass(frozen=True, slots=True)
class StoredHold:
    """A hold with its number, and who lifted it when, if it is over."""

    id: int
    hold: Hold
    lifted_by: str | None
    lifted_at: int | None


def is_held(tenant: str) -> str:
    """SQL: does a hold keep the message ``m``, which is of the tenant that this SQL names?"""
    return f"""EXISTS (
    SELECT 1 FROM hold
    WHERE hold.tenant = {tenant} AND hold.lifted_at IS NULL
        AND (hold.account_id IS NULL OR hold.account_id IN (m.sender_id, m.receiver_id))
        AND (hold.from_us IS NULL OR hold.from_us <= m.sent_at) AND (hold.to_us IS NULL OR hold.to_us >= m.sent_at)
)"""


IS_HELD = is_held(":tenant")
"""Does a hold keep the message ``m`` of ``:tenant``?"""

_IN_FORCE = hold.c.lifted_at.is_(None)
_ALL = (
    select(
        hold.c.id,
        hold.c.lifted_by,
        hold.c.lifted_at,
        hold.c.tenant,
        hold.c.reason,
        hold.c.placed_by,
        hold.c.placed_at,
        account.c.jid,
        hold.c.from_us,
        hold.c.to_us,
    )
    .join_from(hold, account, hold.c.account_id == account.c.id, isouter=True)
    .where(hold.c.tenant == bindparam("of"))
    .order_by(hold.c.id)
)
_LIFT = (
    update(hold)
    .where(hold.c.id == bindparam("of"), hold.c.tenant == bindparam("whose"), _IN_FORCE)
    .values(lifted_by=bindparam("who"), lifted_at=bindparam("when"))
)


def place(connection: Connection, new: Hold) -> int:
    """Write the hold down, in the audit log too; its number. The account need not have written anything yet."""
    known = Accounts().intern(connection, [] if new.account is None else [new.account])
    row = {
        "tenant": new.tenant,
        "account_id": None if new.account is None else known[new.account],
        "from_us": new.start,
        "to_us": new.end,
        "reason": new.reason,
        "placed_by": new.by,
        "placed_at": new.at,
    }
    id: int = connection.execute(insert(hold).returning(hold.c.id), row).scalar_one()
    write_entries(connection, [Audit(new.at, new.tenant, new.by, "hold.placed", f"hold {id}", _described(new))])
    return id


def _described(new: Hold) -> str:
    """For the audit log, as JSON."""
    about = {"reason": new.reason, "account": new.account, "from": _readable(new.start), "to": _readable(new.end)}
    return json.dumps({key: value for key, value in about.items() if value is not None}, ensure_ascii=False)


def _readable(us: int | None) -> str | None:
    return None if us is None else datetime.fromtimestamp(us / 1_000_000, UTC).isoformat(timespec="seconds")


def lift(connection: Connection, tenant: str, id: int, by: str, at: int) -> bool:
    """End the hold, and write that into the audit log; what it kept goes with the next purge. False if the tenant has
    none of that number in force."""
    values = {"of": id, "whose": tenant, "who": by, "when": at}
    lifted = connection.execute(_LIFT, values).rowcount == 1
    if lifted:
        write_entries(connection, [Audit(at, tenant, by, "hold.lifted", f"hold {id}")])
    return lifted


def holds(connection: Connection, tenant: str) -> list[StoredHold]:
    """All holds of the tenant there ever were, in the order in which they were placed."""
    rows = connection.execute(_ALL, {"of": tenant})
    return [StoredHold(id, Hold(*fields), by, at) for id, by, at, *fields in rows]
