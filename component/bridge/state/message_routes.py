"""Who writes to whom: the two addresses of a message, and the people behind them."""

from typing import NamedTuple, Self

from component.directory.world import World
from component.jid import normalise
from component.model import Party

MOST_KNOWN = 20_000
LONGEST_KNOWN = 300
"""So many pairs of addresses, of so many characters, are cached: some MB."""


class Route(NamedTuple):
    """``account`` and ``address`` are bare and in the form that compares; ``resource`` is the sender's.

    ``sender`` is None if they have no business with the host addressed (R1, M9), ``receiver`` if no face is addressed.
    """

    world: World
    account: str
    resource: str
    address: str
    sender: Party | None
    receiver: Party | None

    @classmethod
    def of(cls, world: World, account: str, resource: str, address: str) -> Self:
        tenant = world.tenant_of_component_host(address.rpartition("@")[2])
        sender = world.account(account)
        if tenant is None or sender is None or sender.tenant is not tenant:
            return cls(world, account, resource, address, None, None)
        return cls(world, account, resource, address, sender, world.face(address))

    def now(self, world: World) -> "Route":
        """The same as the directory is now, which a reload may have changed while the message waited."""
        return self if self.world is world else Route.of(world, self.account, self.resource, self.address)


class Routes:
    """Finds routes. Those who chat write many messages, so theirs are remembered, as long as the directory stays."""

    def __init__(self) -> None:
        self._world: World | None = None
        self._known: dict[tuple[str, str], Route] = {}

    def find(self, world: World, sender: str, receiver: str) -> Route | None:
        """From addresses as they stand in a stanza; None if one of them is none."""
        if self._world is not world:
            self._world, self._known = world, {}
        known = self._known.get((sender, receiver))
        if known is not None:
            return known
        one, other = normalise(sender), normalise(receiver)
        if one is None or other is None:
            return None
        route = Route.of(world, *one, other[0])
        if len(sender) + len(receiver) <= LONGEST_KNOWN:
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            self._known[sender, receiver] = route
        return route
