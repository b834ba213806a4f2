"""Links on disk: what they open, when they are dead, and how often they were opened (C5, C10).

A link is live until it expires or is revoked, and as long as its message is in a view. Dead ones stay for a while, for
operators who ask who opened them.

How often a link was opened is counted in its row, and entered into the audit log from time to time. A line for each
time would let whoever has one link fill the disk. So a link gets a line when it is first opened, and then one for all
of an hour.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, bindparam, exists, func, insert, or_, select, update

from ..changes import Audit, NewLink
from ..schema import IS_TO_ENTER, IS_VISIBLE, account, held_message, link, message
from .audit_log import write_entries

CHUNK = 200
"""Links listed at a time."""

EVERY_US = 3_600_000_000
"""Between two lines about one link."""

ACTOR = "web"
ACTION = "link.opened"


@dataclass(frozen=True, slots=True)
class StoredLink:
    """All of a link but what opens it and what it opens. ``shown``: its message, if it has one, is in a view.

    ``opened`` says how often it was, up to some seconds ago. Times are in us.
    """

    id: int
    tenant: str
    kind: str
    message_id: int | None
    made_at: int
    expires_at: int
    revoked_at: int | None
    title: str
    sender: str
    opened: int
    first_opened_at: int | None
    last_opened_at: int | None
    shown: bool

    def live(self, now: int) -> bool:
        """Does it open anything?"""
        return self.shown and self.revoked_at is None and now < self.expires_at


@dataclass(frozen=True, slots=True)
class FoundLink:
    """A link, and its ``content``: sanitised HTML, or a file's address."""

    link: StoredLink
    content: str


@dataclass(frozen=True, slots=True)
class Which:
    """A choice of links: every condition that is given has to hold. ``person`` is a bare account that sent or got the
    message, or for whom the link was made; ``ids`` are links' numbers."""

    tenant: str | None = None
    person: str | None = None
    message_id: int | None = None
    ids: Collection[int] | None = None
    tokens: Collection[str] | None = None


_SHOWN = or_(link.c.message_id.is_(None), exists().where(message.c.id == link.c.message_id, IS_VISIBLE))
_COLUMNS: tuple[ColumnElement[Any], ...] = tuple(
    _SHOWN.label("shown") if field.name == "shown" else link.c[field.name] for field in fields(StoredLink)
)
_FIND = select(link.c.content, *_COLUMNS).where(link.c.token == bindparam("of"))


def insert_links(connection: Connection, changes: Sequence[NewLink], accounts: Mapping[str, int]) -> None:
    connection.execute(insert(link), [_row(change, accounts) for change in changes])


def find(connection: Connection, token: str) -> FoundLink | None:
    """The link that this token opens, dead or live."""
    row = connection.execute(_FIND, {"of": token}).one_or_none()
    return None if row is None else FoundLink(StoredLink(*row[1:]), row[0])


def of_messages(connection: Connection, ids: Collection[int]) -> list[FoundLink]:
    """All links of these messages, dead ones too, by rising number."""
    statement = select(link.c.content, *_COLUMNS).where(is_one_of(link.c.message_id, ids)).order_by(link.c.id)
    return [FoundLink(StoredLink(*row), content) for content, *row in connection.execute(statement)]


def next_links(connection: Connection, which: Which, after: int) -> list[StoredLink]:
    """Some of these links after that number, by rising number."""
    statement = select(*_COLUMNS).where(link.c.id > after, *_conditions(which)).order_by(link.c.id).limit(CHUNK)
    return [StoredLink(*row) for row in connection.execute(statement)]


def revoke(connection: Connection, ids: Collection[int], at: int) -> None:
    """These links open nothing any more. Who was revoked before stays so since then."""
    connection.execute(update(link).where(is_one_of(link.c.id, ids), link.c.revoked_at.is_(None)).values(revoked_at=at))


def revoke_and_enter(connection: Connection, which: Which, by: str, at: int) -> list[StoredLink]:
    """Let these links open nothing any more, and write into the audit log that the actor ``by`` did that.

    Those that were not revoked before, as they were.

    In one transaction, however many there are: a list of links half revoked would be worse than a wait."""
    revoked: list[StoredLink] = []
    last = 0
    while chunk := next_links(connection, which, last):
        revoked += [link for link in chunk if link.revoked_at is None]
        last = chunk[-1].id
    revoke(connection, [link.id for link in revoked], at)
    if revoked:
        write_entries(connection, [Audit(at, link.tenant, by, "link.revoked", f"link {link.id}") for link in revoked])
    return revoked


def _row(change: NewLink, accounts: Mapping[str, int]) -> dict[str, Any]:
    return {
        "token": change.token,
        "tenant": change.tenant,
        "kind": change.kind,
        "message_id": change.message_id,
        "account_id": None if change.account is None else accounts[change.account],
        "made_at": change.made_at,
        "expires_at": change.expires_at,
        "title": change.title,
        "sender": change.sender,
        "content": change.content,
        "opened": 0,
        "entered": 0,
    }


def _conditions(which: Which) -> Iterator[ColumnElement[bool]]:
    if which.tenant is not None:
        yield link.c.tenant == which.tenant
    if which.message_id is not None:
        yield link.c.message_id == which.message_id
    if which.ids is not None:
        yield is_one_of(link.c.id, which.ids)
    if which.tokens is not None:
        yield link.c.token.in_(which.tokens)
    if which.person is not None:
        yield _is_of(which.person)


def _is_of(person: str) -> ColumnElement[bool]:
    number = select(account.c.id).where(account.c.jid == person).scalar_subquery()
    took_part = (
        exists().where(table.c.id == link.c.message_id, or_(table.c.sender_id == number, table.c.receiver_id == number))
        for table in (message, held_message)
    )
    return or_(link.c.account_id == number, *took_part)


# Openings

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


def is_one_of(column: Column[Any], numbers: Collection[int]) -> ColumnElement[bool]:
    """Any number of them, in one parameter."""
    return column.in_(select(func.json_each(json.dumps(list(numbers))).table_valued("value").c.value))


def count_openings(connection: Connection, opened: Mapping[int, int], at: int) -> None:
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
