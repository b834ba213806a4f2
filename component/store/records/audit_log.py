"""The audit log: who looked at or took away what (S3, O5). It only grows; the database itself refuses anything else."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, Text, bindparam, insert, or_, select

from ..changes import Audit
from ..schema import audit

CHUNK = 500
"""Entries read at a time."""

_TENANT, _SUBJECT = (bindparam(name, type_=Text) for name in ("tenant", "subject"))
_NEXT = (
    select(audit)
    .where(
        audit.c.id > bindparam("after"),
        or_(_TENANT.is_(None), audit.c.tenant == _TENANT),
        or_(_SUBJECT.is_(None), audit.c.subject == _SUBJECT),
    )
    .order_by(audit.c.id)
    .limit(bindparam("most"))
)


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """A line of the log, with its number; the fields of ``Audit``."""

    id: int
    at: int
    tenant: str
    actor: str
    action: str
    subject: str
    detail: str


def write_entries(connection: Connection, entries: Sequence[Audit]) -> None:
    connection.execute(insert(audit), [asdict(entry) for entry in entries])


def next_entries(
    connection: Connection, after: int, tenant: str | None = None, subject: str | None = None
) -> list[AuditEntry]:
    """Some of the log after that number, oldest first; only of one tenant, or about one subject, if that is given."""
    values = {"after": after, "tenant": tenant, "subject": subject, "most": CHUNK}
    return [AuditEntry(*row) for row in connection.execute(_NEXT, values)]
