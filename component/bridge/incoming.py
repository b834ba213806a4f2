"""A message as it came from ejabberd: who sent it to whom, and what it carries."""

from collections.abc import Callable
from typing import final
from xml.etree.ElementTree import Element

from component.directory.world import World
from component.model import Party
from component.policy.classify import Facts, classify

from .state.message_routes import Route, Routes


@final
class Incoming:
    """A message, what it carries, and who wrote it to whom when it came.

    ``sender_online`` tells that its sender was known to be logged in then (M8): what a client said before it closed
    counts.
    """

    def __init__(
        self, element: Element, facts: Facts, route: Route, over_rate: bool = False, sender_online: bool = False
    ) -> None:
        self.element = element
        self.facts = facts
        self.route = route
        self.over_rate = over_rate
        self.sender_online = sender_online

    @property
    def account(self) -> str:
        """The sender's, bare."""
        return self.route.account

    @property
    def resource(self) -> str:
        """The sender's."""
        return self.route.resource

    @property
    def address(self) -> str:
        """Bare, that of the face, or of the service."""
        return self.route.address

    @property
    def sender_address(self) -> str:
        return f"{self.account}/{self.resource}" if self.resource else self.account

    @property
    def to_service(self) -> bool:
        return "@" not in self.address

    def parties(self, world: World) -> tuple[Party | None, Party | None]:
        """Sender and receiver as the directory is now, see `Route`."""
        route = self.route.now(world)
        return route.sender, route.receiver


def read(
    element: Element,
    routes: Routes,
    world: World,
    over_rate: Callable[[str], bool],
    online: Callable[[str], bool],
) -> Incoming | None:
    """None for a stanza whose addresses are none. ``over_rate`` and ``online`` are asked for the sender's bare
    address."""
    route = routes.find(world, element.get("from", ""), element.get("to", ""))
    if route is None:
        return None
    return Incoming(element, classify(element), route, over_rate(route.account), online(route.account))
