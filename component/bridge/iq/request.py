"""An info/query as those see it who answer it."""

from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element

from component.model import Party, Side, Tenant
from component.policy.reasons import Reason
from component.services.archive_answers import Question
from component.xep.rsm import BadQuery

Known = Element | Reason | BadQuery | None
"""The payload of a result, a refusal, or a result without payload."""

Answer = Known | Question | Coroutine[Any, Any, Known]
"""Also what an archive has to answer, or what takes time."""


ELEMENT_BYTES = 300
"""What one element takes in memory besides its texts, as Python 3.11 to 3.13 have it."""


def weight(iq: Element) -> int:
    """About the bytes that an iq takes in memory while it waits: of many small elements, more than on the wire."""
    total = 0
    for element in iq.iter():
        texts = (element.text, element.tail, *element.attrib.values())
        total += ELEMENT_BYTES + len(element.tag) + sum(len(text) for text in texts if text)
    return total


@dataclass(frozen=True, slots=True)
class Request:
    """An iq from one of ``party``'s clients, whose full address is ``client``, to an address of their tenant.

    ``address`` is bare, ``resource`` the rest of it.
    """

    type: str
    payload: Element
    party: Party
    client: str
    address: str
    resource: str
    tenant: Tenant

    @property
    def what(self) -> tuple[str, str]:
        return self.type, self.payload.tag

    @property
    def node(self) -> str:
        """Which part of the address service discovery is asked about; empty for the whole."""
        return self.payload.get("node", "")

    @property
    def side(self) -> Side:
        """Whose faces live on the host that is asked."""
        return Side.AGENT if self.address.rpartition("@")[2] == self.tenant.agent_faces else Side.WORK
