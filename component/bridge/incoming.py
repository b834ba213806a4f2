"""A message as it came from ejabberd: what it carries, and its route: who sent it to whom.

People who chat write many messages, so what is the same for each of them is determined once and cached as a `Route`,
which is valid as long as the directory is: the two people, their account and their face, the rule for the one writing
to the other (M1 to M6), whose archive the message is in, the head of the stanza that leaves. What changes from one
moment to the next, such as who is logged in or which conversation is open, is never part of a route.
"""

from typing import final
from xml.etree.ElementTree import Element

from prometheus_client import Counter

from component.directory.world import World
from component.jid import normalise
from component.model import Party, Side
from component.outgoing.message_stanzas import Envelope
from component.policy.classify import Facts
from component.policy.may_write import Pair, contact_rule
from component.policy.reasons import Reason

from .state.chat_faces import work_party
from .state.conversations import key_of

MOST_KNOWN = 10_000
LONGEST_KNOWN = 300
"""So many pairs of addresses, of so many characters, are cached: some 10 MB."""


@final
class Correspondents:
    """Two people of one tenant, of whom one writes to the other.

    ``conversation_key`` is that of their conversation. ``barred_apart`` is why the sender may not write to the receiver
    while they have none, ``barred_talking`` while one is open (M6); None if they may. ``owner`` is the agent in a chat
    with a Work user, by account; there is none between two agents. ``copied`` tells that somebody else may get copies.
    """

    def __init__(self, sender: Party, receiver: Party, world: World) -> None:
        self.sender = sender
        self.receiver = receiver
        self.conversation_key = key_of(sender, receiver)
        self.barred_apart: Reason | None = contact_rule(Pair(sender, receiver)).reason
        self.barred_talking: Reason | None = contact_rule(Pair(sender, receiver, conversation_open=True)).reason
        self.joined = sender.side is not receiver.side
        agent = (sender if sender.side is Side.AGENT else receiver).account
        self.owner: str | None = agent if self.joined else None
        both_sides = work_party(sender, world), work_party(receiver, world)
        self.copied = not self.joined or both_sides != (None, None)
        self.envelope = Envelope(sender, receiver)
        self.accepted: Counter | None = None
        """Counts what was accepted, once something was."""


@final
class Route:
    """``account`` and ``address`` are bare and in the form that compares; ``resource`` is the sender's.

    ``sender`` is None if they have no business with the host addressed (R1, M9), ``receiver`` if no face is addressed.
    ``people`` are both of them, None if one is.
    """

    def __init__(self, world: World, account: str, resource: str, address: str) -> None:
        self.world = world
        self.account = account
        self.resource = resource
        self.address = address
        self.sender_address = f"{account}/{resource}" if resource else account
        self.to_service = "@" not in address
        tenant = world.tenant_of_component_host(address.rpartition("@")[2])
        sender, receiver = world.account(account), None
        if tenant is None or sender is None or sender.tenant is not tenant:
            sender = None
        else:
            receiver = world.face(address)
        self.sender: Party | None = sender
        self.receiver: Party | None = receiver
        self.people = Correspondents(sender, receiver, world) if sender and receiver else None

    def now(self, world: World) -> "Route":
        """The same as the directory is now, which a reload may have changed while the message waited."""
        return self if self.world is world else Route(world, self.account, self.resource, self.address)


class Routes:
    """Finds routes. Those from a person's client to a person are cached, until the directory changes."""

    def __init__(self) -> None:
        self._world: World | None = None
        self._known: dict[tuple[str, str], Route] = {}

    def known(self, world: World, sender: str | None, receiver: str | None) -> Route | None:
        """The route for these addresses as they stand in a stanza, if it is cached."""
        if self._world is not world:
            self._world, self._known = world, {}
        return self._known.get((sender, receiver))  # type: ignore[arg-type]

    def find(self, world: World, sender: str, receiver: str) -> Route | None:
        """The same for any addresses; None if one of them is not an address."""
        known = self.known(world, sender, receiver)
        if known is not None:
            return known
        one, other = normalise(sender), normalise(receiver)
        if one is None or other is None:
            return None
        route = Route(world, *one, other[0])
        if route.people is not None and route.resource and len(sender) + len(receiver) <= LONGEST_KNOWN:
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            self._known[sender, receiver] = route
        return route


@final
class Incoming:
    """A message, what it carries, and who wrote it to whom. ``route`` is replaced if a reload changes it meanwhile.

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
