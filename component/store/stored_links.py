"""Links on disk: what they open, and when they are dead (C5, C10).

A link is live until it expires or is revoked, and as long as its message is in a view. Dead ones stay for a while, for
operators who ask who opened them.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, delete, exists, insert, or_, select, text, update

from .changes import NewLink
from .link_openings import enter_rest, is_one_of
from .retention_holds import is_held
from .schema import IS_VISIBLE, account, held_message, link, message

CHUNK = 200
"""Links listed or removed at a time."""


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
_OF_MESSAGES = text("""
SELECT id FROM link
WHERE message_id IN (SELECT value FROM json_each(:ids)) AND message_id NOT IN (SELECT id FROM held_message)
""")
_EXPIRED = text(f"""
SELECT l.id FROM link AS l
WHERE l.expires_at < :before
    AND NOT EXISTS (SELECT 1 FROM message AS m WHERE m.id = l.message_id AND {is_held("l.tenant")})
    AND NOT EXISTS (SELECT 1 FROM held_message AS m WHERE m.id = l.message_id)
ORDER BY l.expires_at LIMIT :most
""")


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


def remove_of_messages(connection: Connection, ids: Collection[int]) -> None:
    """Remove the links of these messages, which are deleted already, but for those that a hold keeps (A8)."""
    values = {"ids": json.dumps(list(ids))}
    _remove(connection, connection.scalars(_OF_MESSAGES, values).all())


def remove_expired(connection: Connection, before: int) -> int:
    """Remove some of the links that expired before that time, unless a hold keeps their message; how many."""
    found = connection.scalars(_EXPIRED, {"before": before, "most": CHUNK}).all()
    _remove(connection, found)
    return len(found)


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


def _remove(connection: Connection, ids: Collection[int]) -> None:
    if ids:
        enter_rest(connection, ids)
        connection.execute(delete(link).where(is_one_of(link.c.id, ids)))


def _conditions(which: Which) -> Iterator[ColumnElement[bool]]:
    if which.tenant is not None:
        yield link.c.tenant == which.tenant
    if which.message_id is not None:
        yield link.c.message_id == which.message_id
    if which.ids is not None:
        yield is_one_of(link.c.id, which.ids)
    if which.tokens is not None:
        yield is_one_of(link.c.token, which.tokens)
    if which.person is not None:
        yield _is_of(which.person)


def _is_of(person: str) -> ColumnElement[bool]:
    number = select(account.c.id).where(account.c.jid == person).scalar_subquery()
    took_part = (
        exists().where(table.c.id == link.c.message_id, or_(table.c.sender_id == number, table.c.receiver_id == number))
        for table in (message, held_message)
    )
    return or_(link.c.account_id == number, *took_part)
