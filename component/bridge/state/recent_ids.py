"""Messages taken not long ago, so that a client's second try of one is not delivered twice (A5)."""

from collections import deque
from collections.abc import Iterator

REMEMBERED_US = 600 * 1_000_000
RECONNECT_US = 120 * 1_000_000
"""A session that begins so long after another was lost goes on with it."""

_MOST = 50_000

Key = tuple[str, str, str]
"""Sender's account, receiver's account, and the id that the sender's client gave the message."""


class _Taken:
    """One message. ``resource`` is None for one that an earlier run of the bridge took."""

    def __init__(self, key: Key, content: int, resource: str | None, at: int) -> None:
        self.key = key
        self.content = content
        self.resource = resource
        self.at = at


class _Pair:
    """What one account has sent to another, in order. ``next_try`` is from where on, after a reconnect, what comes may
    be a second try; None if nothing is."""

    def __init__(self) -> None:
        self.taken: deque[_Taken] = deque()
        self.next_try: int | None = None


class Recent:
    """Remembers messages for ten minutes. Times are in us.

    A client sends a message again with the same id and the same content. The same does a client that counts its
    messages from one after each start and says *ok* twice, so that alone tells nothing. It is a second try if

    * it comes from the same session, and nothing has come from that account to that receiver in between; or
    * the client had lost its session and is back: what it repeats stands in the order of what was taken, and comes
      before anything new for that receiver.

    A client that has logged out knows what has become of its messages. So nothing that it says later is a second try
    of what it said before. And of a client that does not show itself nobody tells whether its session is the same
    still: scripts that log in for each message are such. So what it says is no second try, unless its account has lost
    a session lately.
    """

    def __init__(self) -> None:
        self._pairs: dict[str, dict[str, _Pair]] = {}  # by sender and receiver
        self._in_order: deque[_Taken] = deque()
        self._lost: dict[str, int] = {}  # when accounts lost their last session
        self._all_lost = -RECONNECT_US - 1

    @property
    def remembered(self) -> int:
        """Messages."""
        return len(self._in_order)

    def add(self, key: Key, content: str, now: int, resource: str | None) -> None:
        """A message was taken. One without id is no second try of any other, and no other is one of it."""
        taken = _Taken(key, hash(content), resource, now)
        pairs = self._pairs.setdefault(key[0], {})
        pair = pairs.get(key[1])
        if pair is None:
            pair = pairs[key[1]] = _Pair()
        pair.taken.append(taken)
        pair.next_try = None
        self._in_order.append(taken)
        while len(self._in_order) > _MOST or now - self._in_order[0].at > REMEMBERED_US:
            self._remove(self._in_order.popleft())

    def has(self, key: Key, content: str, now: int, resource: str, shown: bool) -> bool:
        """Whether this is a second try of a message that was taken. ``shown``: its session shows itself."""
        pair = self._pairs.get(key[0], {}).get(key[1])
        if pair is None or not key[2]:
            return False
        if not shown and now - max(self._lost.get(key[0], self._all_lost), self._all_lost) > RECONNECT_US:
            return False
        digest = hash(content)
        if pair.next_try is None:
            last = pair.taken[-1]
            return last.key[2] == key[2] and last.resource in (resource, None) and _same(last, digest, now)
        for place in range(pair.next_try, len(pair.taken)):
            taken = pair.taken[place]
            if taken.key[2] == key[2] and _same(taken, digest, now):
                pair.next_try = place
                return True
        return False

    def forget(self, key: Key) -> None:
        """It was not delivered after all: the next try counts as the first."""
        for taken in list(self._of(key[0])):
            if taken.key == key:
                self._remove(taken)

    # Sessions

    def began(self, account: str, resource: str, now: int) -> None:
        """A session of this account began. Soon after another was lost, it may repeat what that one had said."""
        lost = max(self._lost.pop(account, self._all_lost), self._all_lost)
        if now - lost > RECONNECT_US:
            self._forget_session(account, resource)
            return
        for pair in self._pairs.get(account, {}).values():
            pair.next_try = 0

    def ended(self, account: str, resource: str, now: int, goodbye: bool) -> None:
        """A session ended: with a good-bye of the client's, or it was lost."""
        if goodbye:
            self._forget_session(account, resource)
            return
        self._lost[account] = now
        if len(self._lost) > _MOST:
            self._lost = {name: at for name, at in self._lost.items() if now - at <= RECONNECT_US}

    def all_lost(self, now: int) -> None:
        """The stream to ejabberd was lost, or this run begins: perhaps all sessions were."""
        self._all_lost = now

    def _forget_session(self, account: str, resource: str) -> None:
        for taken in list(self._of(account)):
            if taken.resource == resource:
                self._remove(taken)

    # Keeping

    def _of(self, account: str) -> Iterator[_Taken]:
        for pair in self._pairs.get(account, {}).values():
            yield from pair.taken

    def _remove(self, taken: _Taken) -> None:
        """It may be gone already."""
        sender, receiver, _ = taken.key
        pairs = self._pairs.get(sender, {})
        pair = pairs.get(receiver)
        if pair is None or taken not in pair.taken:
            return
        place = pair.taken.index(taken)
        del pair.taken[place]
        if pair.next_try is not None and place < pair.next_try:
            pair.next_try -= 1
        if not pair.taken:
            del pairs[receiver]
            if not pairs:
                del self._pairs[sender]


def _same(taken: _Taken, digest: int, now: int) -> bool:
    return taken.content == digest and now - taken.at <= REMEMBERED_US
