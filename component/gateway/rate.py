"""How fast one sender may send (C18): a token bucket each."""

from collections.abc import Callable

_PRUNE_ABOVE = 4096


class Buckets:
    """``rate`` tokens a second up to ``burst``, by name. ``clock`` gives seconds."""

    def __init__(self, rate: float, burst: int, clock: Callable[[], float]) -> None:
        self.rate = rate
        self.burst = burst
        self._clock = clock
        self._left: dict[str, tuple[float, float]] = {}

    def take(self, name: str) -> bool:
        """Whether ``name`` may do one more thing now."""
        now = self._clock()
        tokens, since = self._left.get(name, (float(self.burst), now))
        tokens = min(float(self.burst), tokens + (now - since) * self.rate)
        allowed = tokens >= 1
        self._left[name] = (tokens - 1 if allowed else tokens, now)
        if len(self._left) > _PRUNE_ABOVE:
            self._prune(now)
        return allowed

    def _prune(self, now: float) -> None:
        """Forget those whose bucket is full again: that is where everybody starts."""
        full = self.burst / self.rate
        self._left = {name: left for name, left in self._left.items() if now - left[1] < full}
