"""What a face answers to those who may see it (D3, P7)."""

import asyncio
from collections.abc import Callable, Mapping
from xml.etree.ElementTree import Element

from component.config.photo import read_again
from component.model import Party
from component.policy.reasons import Reason
from component.services import about, disco
from component.services.abilities import INFO
from component.services.people_search import groups_of
from component.xep.vcard import PUBSUB, VCARD, Details, Picture, asks_vcard4, vcard, vcard4

from ..state.state import State
from .request import Answer, Request

PING = "{urn:xmpp:ping}ping"


class FaceAnswers:
    """``(type, tag of the payload)`` -> what answers it, for the face that was asked."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._answers: Mapping[tuple[str, str], Callable[[Request, Party], Answer]] = {
            ("get", PING): lambda request, face: None,
            ("get", about.VERSION): lambda request, face: about.version(),
            ("get", about.TIME): lambda request, face: about.time(),
            ("get", INFO): _info,
            ("get", disco.ITEMS): _items,
            ("get", VCARD): self._vcard,
            ("get", PUBSUB): self._vcard4,
        }

    def answer(self, request: Request, face: Party) -> Answer:
        answer = self._answers.get(request.what)
        return answer(request, face) if answer else Reason.NO_SUCH_SERVICE

    async def _vcard(self, request: Request, face: Party) -> Element:
        photo = face.person.photo
        # In a thread, as the disk may be slow.
        data = await asyncio.to_thread(read_again, photo) if photo else None
        # A card without a picture that is too large is better than none (R5).
        shown = data if data and len(data) < self._state.limits.stanza_bytes else None
        return vcard(self._details(request.party, face), Picture(photo.type, shown) if photo and shown else None)

    def _vcard4(self, request: Request, face: Party) -> Answer:
        if not asks_vcard4(request.payload):
            return Reason.NO_SUCH_SERVICE
        return vcard4(self._details(request.party, face))

    def _details(self, viewer: Party, face: Party) -> Details:
        groups = groups_of(self._state.world, viewer, face)
        return Details(face.name, face.face, face.tenant.name, face.person.title, groups)


def _info(request: Request, face: Party) -> Answer:
    return disco.face_info(request.party, face, request.resource, request.node)


def _items(request: Request, face: Party) -> Answer:
    return Reason.NO_SUCH_NODE if request.node else disco.no_items()
