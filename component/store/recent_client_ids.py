"""With whom somebody had conversations, and when the last word was."""

from dataclasses import dataclass

from sqlalchemy import Connection, text


@dataclass(frozen=True, slots=True)
class RecentConversation:
    """``other`` is a bare account; ``last_at`` in us."""

    other: str
    last_at: int
    ended: bool


MOST_LATELY = 1_000
"""Conversations of agents of the tenant among which those of one account that ended are looked for."""

# Numbers rise with time, so that the highest of a conversation is its newest. It costs a few steps for each
# conversation of the account, none for each message. The conditions are those of the partial indexes.
_RECENT = text("""
WITH
me (id) AS (SELECT id FROM account WHERE jid = :account),
lately (id, first_id, second_id, ended_at, visible) AS (
    SELECT id, first_id, second_id, ended_at, visible FROM conversation
    WHERE kind = 'desk' AND tenant = :tenant ORDER BY id DESC LIMIT :lately
),
mine (id, other_id, ended_at, visible) AS (
    SELECT id, second_id, ended_at, visible FROM conversation
    WHERE kind = 'joined' AND first_id = (SELECT id FROM me)
    UNION ALL
    SELECT id, first_id, ended_at, visible FROM conversation
    WHERE kind = 'joined' AND second_id = (SELECT id FROM me)
    UNION ALL
    SELECT id, second_id, ended_at, visible FROM conversation
    WHERE kind = 'desk' AND ended_at IS NULL AND first_id = (SELECT id FROM me)
    UNION ALL
    SELECT id, first_id, ended_at, visible FROM conversation
    WHERE kind = 'desk' AND ended_at IS NULL AND second_id = (SELECT id FROM me)
    UNION ALL
    SELECT lately.id, CASE first_id WHEN me.id THEN second_id ELSE first_id END, ended_at, visible
    FROM lately, me WHERE ended_at IS NOT NULL AND me.id IN (first_id, second_id)
),
dated (other_id, ended_at, last_id) AS (
    SELECT other_id, ended_at, (
        SELECT m.id FROM message m WHERE m.conversation_id = mine.id AND m.withdrawn_at IS NULL
        ORDER BY m.id DESC LIMIT 1
    )
    FROM mine WHERE visible > 0
)
SELECT account.jid, message.sent_at, dated.ended_at IS NOT NULL
FROM dated JOIN message ON message.id = dated.last_id JOIN account ON account.id = dated.other_id
ORDER BY dated.last_id DESC LIMIT :limit OFFSET :offset
""")


def recent_conversations(
    connection: Connection, tenant: str, account: str, limit: int, offset: int = 0
) -> list[RecentConversation]:
    """The conversations of a bare account, those with the newest messages first; with agents, of those that ended only
    the later ones."""
    values = {"tenant": tenant, "account": account, "limit": limit, "offset": offset, "lately": MOST_LATELY}
    return [RecentConversation(other, at, bool(ended)) for other, at, ended in connection.execute(_RECENT, values)]
