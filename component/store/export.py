"""Everything of a tenant, message by message, in bounded memory (A8)."""

from functools import cache
from typing import Any

from sqlalchemy import CompoundSelect, Connection, Select, Table, bindparam, literal_column, or_, select, union_all

from .archived_messages import ArchivedMessage, select_messages
from .schema import account, conversation, held_message, message

CHUNK = 500
"""Messages read at a time."""

_ACCOUNT = select(account.c.id).where(account.c.jid == bindparam("account")).scalar_subquery()


def next_messages(connection: Connection, tenant: str, account: str | None, after: int) -> list[ArchivedMessage]:
    """Some of the tenant's messages after that number, by rising number: withdrawn ones too, and those that a hold
    keeps; only those of one bare account, if that is given."""
    values = {"tenant": tenant, "account": account, "after": after, "most": CHUNK}
    return [ArchivedMessage(*row) for row in connection.execute(_statement(account is not None), values)]


@cache
def _statement(one_account: bool) -> CompoundSelect[Any]:
    """Both tables are walked by rising number, and merged while walking: the first column is the number."""
    parts = [_part(table, one_account) for table in (message, held_message)]
    return union_all(*parts).order_by(literal_column("1")).limit(bindparam("most"))


def _part(table: Table, one_account: bool) -> Select[Any]:
    part = (
        select_messages(table)
        .join(conversation, conversation.c.id == table.c.conversation_id)
        .where(table.c.id > bindparam("after"), conversation.c.tenant == bindparam("tenant"))
    )
    if one_account:
        part = part.where(or_(table.c.sender_id == _ACCOUNT, table.c.receiver_id == _ACCOUNT))
    return part
