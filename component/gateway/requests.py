"""Info/queries: those that hosts and faces answer themselves; none ever reaches the account behind (C17, P7)."""

import logging
import time
from collections.abc import Callable, Mapping
from typing import TypeVar
from xml.etree.ElementTree import Element

from component.addresses import normalise
from component.element import serialise, stanza
from component.model import Party, Tenant
from component.policy.contact import may_see
from component.policy.reasons import Reason
from component.services import disco
from component.stanza.errors import refusal

from .rate import Buckets
from .state import State

log = logging.getLogger(__name__)

Subject = TypeVar("Subject")
Answers = Mapping[str, Callable[[Subject], Element | None]]

PING = "{urn:xmpp:ping}ping"

HOST_ANSWERS: Answers[Tenant] = {
    PING: lambda tenant: None,
    disco.INFO: lambda tenant: disco.host_info(tenant.name),
    disco.ITEMS: lambda tenant: disco.no_items(),
}
FACE_ANSWERS: Answers[Party] = {
    PING: lambda face: None,
    disco.INFO: lambda face: disco.face_info(face.person.name),
    disco.ITEMS: lambda face: disco.no_items(),
}
"""Payload of an iq get -> what makes the payload of its result."""


class Requests:
    """Answers every iq of type get or set. ``send`` takes stanza text."""

    def __init__(self, state: State, send: Callable[[str], None]) -> None:
        self.buckets = Buckets(state.limits.messages_per_second, state.limits.burst, time.monotonic)
        self._state = state
        self._send = send

    def receive(self, iq: Element) -> None:
        if iq.get("type") not in ("get", "set"):
            return
        answer = self._answer(iq)
        if isinstance(answer, Reason):
            log.info("refused a request from %s by rule %s", iq.get("from"), answer.spec)
            self._send(serialise(refusal(iq, answer)))
            return
        result = stanza("iq", iq.get("to", ""), iq.get("from", ""), type="result", id=iq.get("id"))
        if answer is not None:
            result.append(answer)
        self._send(serialise(result))

    def _answer(self, iq: Element) -> Element | Reason | None:
        sender = normalise(iq.get("from", ""))
        receiver = normalise(iq.get("to", ""))
        if sender is None or receiver is None:
            return Reason.STRANGER
        address = receiver[0]
        tenant = self._state.world.tenant_of_component_host(address.rpartition("@")[2])
        party = self._state.world.account(sender[0])
        if tenant is None or party is None or party.tenant is not tenant:
            return Reason.STRANGER
        if not self.buckets.take(party.account):
            return Reason.TOO_FAST
        return self._of_face(iq, party, address) if "@" in address else _ask(HOST_ANSWERS, iq, tenant)

    def _of_face(self, iq: Element, asker: Party, address: str) -> Element | Reason | None:
        """Who may not see a face is told that there is none (P5)."""
        face = self._state.world.face(address)
        if face is None or not may_see(asker, face):
            return Reason.NO_SUCH_FACE
        return _ask(FACE_ANSWERS, iq, face)


def _ask(answers: Answers[Subject], iq: Element, subject: Subject) -> Element | Reason | None:
    payload = iq[0] if len(iq) else None
    if iq.get("type") != "get" or payload is None or payload.get("node") or payload.tag not in answers:
        return Reason.NO_SUCH_SERVICE
    return answers[payload.tag](subject)
