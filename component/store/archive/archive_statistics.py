"""What the archive holds, in numbers. It costs a few steps for each conversation, not for each message."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, text

from ..dialects import SIZE
from .sequences import visible_messages


@dataclass(frozen=True, slots=True)
class TenantStatistics:
    """``messages`` counts all that views draw on, withdrawn ones too; ``held`` those that only a hold keeps.

    ``accounts`` have taken part in a conversation of which something is left. ``oldest`` and ``newest`` are the times
    of messages in views, in us.
    """

    messages: int
    held: int
    conversations: int
    accounts: int
    oldest: int | None
    newest: int | None


@dataclass(frozen=True, slots=True)
class Statistics:
    """``size`` of the database in bytes, without what was written in the last moments; by name, each tenant."""

    size: int
    tenants: Mapping[str, TenantStatistics]


_VISIBLE = visible_messages(">= 0", "seq", "conversation_id", "c.id")
_TENANTS = text(f"""
WITH
chat (tenant, messages, oldest, newest, held) AS (
    SELECT
        tenant,
        {_VISIBLE} + (SELECT count(*) FROM message WHERE conversation_id = c.id AND withdrawn_at IS NOT NULL),
        (SELECT min(id) FROM message WHERE conversation_id = c.id AND withdrawn_at IS NULL),
        (SELECT max(id) FROM message WHERE conversation_id = c.id AND withdrawn_at IS NULL),
        (SELECT count(*) FROM held_message WHERE conversation_id = c.id)
    FROM conversation AS c
),
total (tenant, messages, held, conversations, oldest, newest) AS (
    SELECT tenant, CAST(sum(messages) AS BIGINT), CAST(sum(held) AS BIGINT), count(*), min(oldest), max(newest)
    FROM chat GROUP BY tenant
),
people (tenant, id) AS (
    SELECT tenant, first_id FROM conversation UNION SELECT tenant, second_id FROM conversation
),
crowd (tenant, accounts) AS (SELECT tenant, count(*) FROM people GROUP BY tenant)
SELECT
    tenant, messages, held, conversations, accounts,
    (SELECT sent_at FROM message WHERE id = oldest),
    (SELECT sent_at FROM message WHERE id = newest)
FROM total JOIN crowd USING (tenant) ORDER BY tenant
""")


def statistics(connection: Connection) -> Statistics:
    """The numbers of every tenant that has a conversation."""
    size: int = connection.execute(text(SIZE[connection.dialect.name])).scalar_one()
    return Statistics(size, {tenant: TenantStatistics(*numbers) for tenant, *numbers in connection.execute(_TENANTS)})
