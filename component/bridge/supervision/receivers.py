"""Who gets copies of one message."""

from collections.abc import Callable, Sequence
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

    def without(self, unwanted: Callable[[Party], bool]) -> "Receivers":
        def wanted(party: Party | None) -> Party | None:
            return None if party is None or unwanted(party) else party

        watchers = [party for party in self.watchers if not unwanted(party)]
        return Receivers(watchers, wanted(self.sender), wanted(self.receiver))

    def __bool__(self) -> bool:
        return bool(self.watchers or self.sender or self.receiver)
