"""How often links were opened: counted in their rows, and entered into the audit log from time to time.

A line for each time would let whoever has one link fill the disk. So a link gets a line when it is first opened, and
then one for all of an hour.
"""

import json
from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, bindparam, func, or_, select, update

from .audit_log import write_entries
from .changes import Audit
from .schema import IS_TO_ENTER, link

EVERY_US = 3_600_000_000
"""Between two lines about one link."""

ACTOR = "web"
ACTION = "link.opened"

_COUNT = (
    update(link)
    .where(link.c.id == bindparam("of"))
    .values(
        opened=link.c.opened + bindparam("times"),
        first_opened_at=func.coalesce(link.c.first_opened_at, bindparam("at")),
        last_opened_at=bindparam("at"),
    )
)
_DUE = select(link.c.id).where(
    IS_TO_ENTER, or_(link.c.entered_at.is_(None), link.c.entered_at <= bindparam("entered_before"))
)
_TO_ENTER = select(link.c.id, link.c.tenant, link.c.opened - link.c.entered, link.c.last_opened_at)


def is_one_of(column: Column[Any], values: Collection[object]) -> ColumnElement[bool]:
    """Any number of values, in one parameter."""
    return column.in_(select(func.json_each(json.dumps(list(values))).table_valued("value").c.value))


def count(connection: Connection, opened: Mapping[int, int], at: int) -> None:
    """Links of these numbers were opened so many times more; enter what is due into the audit log."""
    if opened:
        connection.execute(_COUNT, [{"of": id, "times": times, "at": at} for id, times in opened.items()])
    _enter(connection, connection.scalars(_DUE, {"entered_before": at - EVERY_US}).all(), at)


def enter_rest(connection: Connection, ids: Collection[int]) -> None:
    """These links are about to go: enter what of them is not in the audit log yet."""
    _enter(connection, ids, None)


def _enter(connection: Connection, ids: Collection[int], at: int | None) -> None:
    found = connection.execute(_TO_ENTER.where(IS_TO_ENTER, is_one_of(link.c.id, ids))).all()
    if not found:
        return
    write_entries(connection, [_entry(*row) for row in found])
    values = {"entered": link.c.opened, "entered_at": at}
    connection.execute(update(link).where(is_one_of(link.c.id, [id for id, *_ in found])).values(values))


def _entry(id: int, tenant: str, times: int, last: int) -> Audit:
    return Audit(last, tenant, ACTOR, ACTION, f"link {id}", f"{times} times" if times > 1 else "")
