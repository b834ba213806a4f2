"""Rate limits: a token bucket for each sender (C18) or visitor."""

from collections.abc import Callable

from component.model import Limits

_FEW = 4096


class Buckets:
    """``limits`` is called each time, so that a reload takes effect at once. ``clock`` gives seconds."""

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
        """Forget full buckets: a new one is full, too."""
        self._left = {name: left for name, left in self._left.items() if left[1] > long_ago}
        # Not again before there are twice as many, or with thousands of busy senders each stanza would look at all
        # buckets.
        self._prune_above = max(_FEW, 2 * len(self._left))
