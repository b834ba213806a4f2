"""How fast one sender (C18) or visitor may come: a token bucket each."""

from collections.abc import Callable

from component.model import Limits

_FEW = 4096


class Buckets:
    """``limits`` is asked each time, so that a reload counts at once. ``clock`` gives seconds."""

    def __init__(self, limits: Callable[[], Limits], clock: Callable[[], float]) -> None:
        self._limits = limits
        self._clock = clock
        self._left: dict[str, tuple[float, float]] = {}
        self._prune_above = _FEW

    def take(self, name: str) -> bool:
        """Whether ``name`` may do one more thing now."""
        now, limits = self._clock(), self._limits()
        full = float(limits.burst)
        tokens, since = self._left.get(name, (full, now))
        tokens = min(full, tokens + (now - since) * limits.messages_per_second)
        allowed = tokens >= 1
        self._left[name] = (tokens - 1 if allowed else tokens, now)
        if len(self._left) > self._prune_above:
            self._prune(now - limits.burst / limits.messages_per_second)
        return allowed

    def _prune(self, long_ago: float) -> None:
        """Forget those whose bucket is full again: that is where everybody starts."""
        self._left = {name: left for name, left in self._left.items() if left[1] > long_ago}
        # Not again before there are twice as many, or thousands who are busy would cost a look at all for each stanza.
        self._prune_above = max(_FEW, 2 * len(self._left))
