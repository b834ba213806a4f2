"""Who gets copies of one message."""

from collections.abc import Sequence
from dataclasses import dataclass

from component.model import Party


@dataclass(frozen=True, slots=True)
class Receivers:
    """Who gets copies: ``watchers`` as supervisors; ``sender`` and ``receiver`` in the Work accounts of the two."""

    watchers: Sequence[Party]
    sender: Party | None
    receiver: Party | None

    @property
    def everybody(self) -> list[Party]:
        return [*self.watchers, *filter(None, (self.sender, self.receiver))]

    def __bool__(self) -> bool:
        return bool(self.watchers or self.sender or self.receiver)
