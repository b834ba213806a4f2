"""Commands that are being answered: what has been said so far, until the next answer comes.

The id of a session must not change from step to step, as clients find it again by that (slixmpp, and so poezio). So it
cannot carry what was answered, and here that is kept: a few for each account, for a while.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from component.policy.reasons import Reason
from component.xep.forms import Answers, Field

LIFETIME_SECONDS = 1800.0
MOST_EACH = 4
"""Sessions of one account. Who begins another one loses the oldest."""

MOST_CHARS = 16_384
"""Of the answers in one session, which bounds what all accounts together can occupy."""

MOST_STEPS = 1_000
"""Forms answered and pages turned in one session."""

SWEEP_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class CommandSession:
    """``client`` is the full address that began it. ``fields`` is what was asked last, without its options;
    ``page``, that nothing was asked, but one page of several shown."""

    id: str
    account: str
    client: str
    node: str
    answers: tuple[Answers, ...] = ()
    fields: tuple[Field, ...] = ()
    page: bool = False
    until: float = 0.0

    @property
    def fits(self) -> bool:
        values = (value for given in self.answers for values in given.values() for value in values)
        return sum(map(len, values)) <= MOST_CHARS and len(self.answers) <= MOST_STEPS


class CommandSessions:
    """``clock`` gives seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._of: dict[str, dict[str, CommandSession]] = {}
        self._swept = clock()

    def new(self, account: str, client: str, node: str) -> CommandSession:
        return CommandSession(secrets.token_urlsafe(12), account, client, node)

    def deadline(self) -> float:
        return self._clock() + LIFETIME_SECONDS

    def take(self, id: str, account: str, client: str, node: str) -> CommandSession | Reason:
        """The session, out of here: who goes on with it puts it back. Nobody can go on with it twice at once."""
        mine = self._of.get(account, {})
        session = mine.get(id)
        if session is None or (session.client, session.node) != (client, node):
            return Reason.BAD_SESSION
        del mine[id]
        if not mine:
            del self._of[account]
        return session if session.until > self._clock() else Reason.SESSION_EXPIRED

    def put(self, session: CommandSession) -> None:
        self._sweep()
        mine = self._of.setdefault(session.account, {})
        mine[session.id] = session
        while len(mine) > MOST_EACH:
            del mine[next(iter(mine))]

    def __len__(self) -> int:
        return sum(map(len, self._of.values()))

    def _sweep(self) -> None:
        """Let go of those that nobody went on with."""
        now = self._clock()
        if now - self._swept < SWEEP_SECONDS:
            return
        self._swept = now
        for account, mine in list(self._of.items()):
            kept = {id: session for id, session in mine.items() if session.until > now}
            if kept:
                self._of[account] = kept
            else:
                del self._of[account]
