"""Lines for one watcher of a conversation that wait, until they have been told what was said before (S2)."""

from collections import deque
from collections.abc import Callable

Key = tuple[str, int]
"""The watcher's account and the number of the conversation."""


class Held:
    """``send`` takes stanza text. What is held is lost with the process, and told again: its watch is behind."""

    def __init__(self, send: Callable[[str], None]) -> None:
        self._send = send
        self._waiting: dict[Key, deque[str]] = {}

    def hold(self, key: Key) -> None:
        """Nothing goes to this watcher from now on but what they are told of the past."""
        self._waiting.setdefault(key, deque())

    def send(self, key: Key, text: str) -> None:
        """Now, or in its turn."""
        waiting = self._waiting.get(key)
        if waiting is None:
            self._send(text)
        else:
            waiting.append(text)

    def next(self, key: Key) -> str | None:
        """What waits longest. None if nothing does: from then on it is sent at once."""
        waiting = self._waiting.get(key)
        if waiting:
            return waiting.popleft()
        self._waiting.pop(key, None)
        return None

    def drop(self, key: Key) -> None:
        """What waits is not for this watcher any more."""
        self._waiting.pop(key, None)

    def clear(self) -> None:
        self._waiting.clear()
