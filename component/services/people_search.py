"""People search: whom somebody may see, with what they may know of them (XEP-0055, D2, D4)."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from component.directory.people_index import Finder
from component.directory.world import World
from component.model import Limits, Party, Side
from component.policy.may_write import may_see
from component.policy.reasons import Reason
from component.policy.shown_presence import known_groups
from component.xep.forms import Options
from component.xep.jabber_search import FoundPeople, offer, results, wanted
from component.xep.rsm import PageRequest, page, read

from .answer_size import fitting

USUAL = 50
"""Rows of a page, if the client does not say how many it wants."""

MOST = 100
SEARCHES = Limits(messages_per_second=5, burst=100)
"""How often one account may search. A search through ten thousand people takes 30 ms, one by name less than 1 ms
(R2)."""

MOST_BYTES = 100_000
"""Bytes of the texts of a page; with all elements a fifth of ejabberd's limit for a stanza (R5)."""

SLICE = 1_000
"""People checked in one turn of the event loop."""


class NoSuchPerson(ValueError):
    """The page is to begin at somebody who is not among the results."""


@dataclass(frozen=True, slots=True)
class Matches:
    """All results, in order, as positions in the finder."""

    finder: Finder
    places: Sequence[int]

    def page(self, wanted: PageRequest) -> tuple[list[Party], int]:
        """One page, and the position of its first row among all results. Raises ``NoSuchPerson``."""
        size = USUAL if wanted.max is None else min(wanted.max, MOST)
        low = self._after(wanted.after) if wanted.after else 0
        high = self._before(wanted.before) if wanted.before else len(self.places)
        if wanted.backwards:
            low = max(low, high - size)
        high = max(low, min(high, low + size))
        return [self.finder.parties[place] for place in self.places[low:high]], low

    def _after(self, face: str) -> int:
        anchor = self._anchor(face)
        return sum(place <= anchor for place in self.places)

    def _before(self, face: str) -> int:
        anchor = self._anchor(face)
        return sum(place < anchor for place in self.places)

    def _anchor(self, face: str) -> int:
        place = self.finder.place(face)
        if place is None:
            raise NoSuchPerson(face)
        return place


async def find(
    world: World, viewer: Party, side: Side, text: str = "", name: str = "", title: str = "", group: str = ""
) -> Matches:
    """Everybody of that side whom the viewer may see, and who matches all arguments that are not empty."""
    tenant = viewer.tenant
    finder = world.finder(tenant, side)
    known = known_groups(viewer, side, frozenset(world.directory(tenant).groups))
    places = []
    for number, place in enumerate(finder.find(text, name, title, group, known=known), 1):
        if may_see(viewer, finder.parties[place]):
            places.append(place)
        if number % SLICE == 0:
            await asyncio.sleep(0)
    return Matches(finder, places)


def groups_of(world: World, viewer: Party, face: Party) -> list[str]:
    """The names of a person's groups that the viewer may know."""
    return group_names(world, viewer, known_groups(viewer, face.side, face.person.groups))


def group_names(world: World, viewer: Party, ids: Iterable[str]) -> list[str]:
    groups = world.directory(viewer.tenant).groups
    return sorted(groups[id].name for id in ids if id in groups)


def group_options(world: World, viewer: Party, side: Side) -> Options:
    """The groups that the viewer can search by among people of that side."""
    groups = world.directory(viewer.tenant).groups
    known = known_groups(viewer, side, frozenset(groups))
    return sorted(((id, groups[id].name) for id in known), key=lambda option: option[1])


def fields(world: World, viewer: Party, side: Side) -> Element:
    """The search form of the host of that side's faces."""
    return offer(group_options(world, viewer, side))


async def answer(world: World, viewer: Party, side: Side, query: Element) -> Element | Reason:
    """The answer to a search. Raises ``BadQuery``."""
    sought = wanted(query)
    if sought is None:
        return Reason.BAD_FORM
    asked = read(query)
    if sought.nobody:
        matches = Matches(world.finder(viewer.tenant, side), ())
    else:
        matches = await find(world, viewer, side, name=sought.name, title=sought.title, group=sought.group)
    try:
        people, _ = matches.page(asked)
    except NoSuchPerson:
        return Reason.NO_SUCH_NODE
    found = [FoundPeople(one.face, one.name, one.person.title, groups_of(world, viewer, one)) for one in people]
    found = _shortened(found, asked.backwards)
    reply = results(found, sought.form, with_groups=bool(group_options(world, viewer, side)))
    first, last = (found[0].face, found[-1].face) if found else (None, None)
    if found or asked.max is not None:
        reply.append(page(first, last, len(matches.places)))
    return reply


def _shortened(found: list[FoundPeople], backwards: bool) -> list[FoundPeople]:
    """As many rows as fit into one answer, at least one; the last ones if ``backwards``, as clients go on from
    there."""
    nearest = found[::-1] if backwards else found
    texts = (" ".join((one.face, one.name, one.title, *one.groups)) for one in nearest)
    kept = nearest[: max(1, fitting(texts, MOST_BYTES))]
    return kept[::-1] if backwards else kept
