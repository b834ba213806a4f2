"""Messages as they leave: built anew from what may pass, so that nothing else can be in them."""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from types import MappingProxyType
from typing import final
from xml.etree.ElementTree import Element

from component.model import Party, Side
from component.policy.elements import (
    BODY,
    CORRECT_NS,
    FALLBACK,
    FALLBACK_NS,
    MUC_USER_NS,
    REPLY_NS,
    RETRACT_NS,
    SID_NS,
    THREAD,
    language,
)
from component.policy.marks import plain_text, told
from component.xml import STREAM_NS, XML_LANG, attribute, child, split, stanza, text

HINTS_NS = "urn:xmpp:hints"
DELAY_NS = "urn:xmpp:delay"
STORE = f'<store xmlns="{HINTS_NS}"/>'
"""Asks the receiver's server to keep the message, although it may have no text (XEP-0334 §4.3)."""

REPLY = f"{{{REPLY_NS}}}reply"
ORIGIN_ID = f"{{{SID_NS}}}origin-id"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NUMBER = re.compile(r"[0-9]{1,9}")

Clean = Callable[[str], str | None]
"""What of a value may cross; None is nothing."""


def opaque(id: str) -> str:
    """An id, which clients are free to make as they like. One that may hold a real address crosses as its digest,
    the same wherever it is named, so that it refers as well as before (AD2)."""
    return id if "@" not in id else hashlib.blake2b(id.encode(), digest_size=16).hexdigest()


def _anything(value: str) -> str:
    return value


def _matching(pattern: re.Pattern[str]) -> Clean:
    return lambda value: value if pattern.fullmatch(value) else None


@dataclass(frozen=True, slots=True)
class Shape:
    """The attributes, the text and the children that an element keeps; ``text`` None keeps none."""

    attributes: Mapping[str, Clean] = field(default_factory=dict)
    text: Clean | None = None
    children: Mapping[str, "Shape"] = field(default_factory=dict)


_RANGE = Shape({"start": _matching(_NUMBER), "end": _matching(_NUMBER)})


def _shapes(named: Clean) -> Mapping[str, Shape]:
    """``named`` is what becomes of ids."""
    id = Shape({"id": named})
    shapes = {
        BODY: Shape({XML_LANG: language}, text=plain_text),
        THREAD: Shape({"parent": named}, text=named),
        ORIGIN_ID: id,
        "{urn:xmpp:styling:0}unstyled": Shape(),
        f"{{{CORRECT_NS}}}replace": id,
        f"{{{RETRACT_NS}}}retract": id,
        FALLBACK: Shape(
            {"for": _anything},
            # The subject's part is kept too: a mark without parts would say that all of the message is a fallback.
            children={f"{{{FALLBACK_NS}}}{part}": _RANGE for part in ("body", "subject")},
        ),
    }
    return MappingProxyType(shapes)


SHAPES = _shapes(opaque)
"""Every element that can reach the other side, but for ``reply``. What has no shape here cannot be built."""

OWN_SHAPES = _shapes(_anything)
"""The same for the archive of who sent it, whose clients know their ids as they made them."""


def written(element: Element, shapes: Mapping[str, Shape] = SHAPES, inherited: str = STREAM_NS) -> str:
    """The text of ``element`` in its shape, as a child of a message, or of what ``inherited`` is the namespace of.
    Raises ``KeyError`` for one that has no shape."""
    shape = shapes[element.tag]
    name, head = _names(element.tag, inherited)
    for key, clean in shape.attributes.items():
        value = element.get(key)
        kept = None if value is None else clean(value)
        if kept is not None:
            head += f' {"xml:lang" if key == XML_LANG else key}="{attribute(kept)}"'
    inner = text(shape.text(element.text) or "") if shape.text and element.text else ""
    if shape.children:
        namespace, _ = split(element.tag)
        for part in element:
            if part.tag in shape.children:
                inner += written(part, shape.children, namespace)
    return f"{head}>{inner}</{name}>" if inner else f"{head}/>"


def reply(author: str, id: str) -> str:
    """A ``<reply/>`` to the message ``id`` of ``author`` (XEP-0461 §3.1)."""
    return f'<reply xmlns="{REPLY_NS}" id="{attribute(id)}" to="{attribute(author)}"/>'


@lru_cache(maxsize=64)
def _names(tag: str, inherited: str) -> tuple[str, str]:
    """The name of an element, and the beginning of its text. Of elements in ``SHAPES``, so there are few."""
    namespace, name = split(tag)
    return name, f"<{name}" if namespace == inherited else f'<{name} xmlns="{namespace}"'


def envelope(sender: str, receiver: str, type: str, id: str | None, content: str) -> str:
    """The text of a message with ``content``, the text of its children; ``id`` is as the client gave it."""
    return own_envelope(sender, receiver, type, None if id is None else opaque(id), content)


def own_envelope(sender: str, receiver: str, type: str, id: str | None, content: str) -> str:
    """Like ``envelope``, for the one who gave the message its ``id``, and knows it by that."""
    named = f' id="{attribute(id)}"' if id is not None else ""
    head = f'<message from="{attribute(sender)}" to="{attribute(receiver)}" type="{attribute(type)}"{named}>'
    return f"{head}{content}</message>"


@final
class Envelope:
    """What all messages of one account to another have around their content; told once for two who chat.

    An agent is told the id under which their own archive has the message (A6). For a Work user, whose archive is
    ejabberd's, the id is that of the face's archive; either way it comes back to us if the message bounces. That
    archive takes a message without a text, such as a retraction, if the message asks for it (A9).
    """

    def __init__(self, sender: Party, receiver: Party) -> None:
        by = receiver.account if receiver.side is Side.AGENT else sender.face
        self._face = sender.face
        self._to_work = receiver.side is Side.WORK
        self._head = f'<message from="{attribute(sender.face)}" to="{attribute(receiver.account)}" type="'
        self._stanza_id = f'<stanza-id xmlns="{SID_NS}" by="{attribute(by)}" id="'

    def around(
        self, payload: str, body: str | None, type: str, client_id: str | None, archive_id: str, late: int | None = None
    ) -> str:
        """The text of the message. ``archive_id`` is that of its receiver; ``late`` is when it was sent, in us, if that
        is to be told. ``type`` is one of RFC 6121's, the other arguments are as the archive has them."""
        id = "" if client_id is None else f' id="{attribute(client_id if "@" not in client_id else opaque(client_id))}"'
        end = STORE if body is None and self._to_work else ""
        if late is not None:
            end += delay(self._face, late)
        # XEP-0359 §3
        return f'{self._head}{type}"{id}>{payload}{self._stanza_id}{archive_id}"/>{end}</message>'


def stanza_ids(element: Element) -> list[tuple[str, str]]:
    """Every ``(by, id)`` of a message's ``<stanza-id/>`` elements. Only to be believed from who is ``by``."""
    found = element.iterfind(f"{{{SID_NS}}}stanza-id")
    return [(part.get("by", ""), part.get("id", "")) for part in found]


def delay(by: str, at: int) -> str:
    """Says that the message was sent at the time ``at``, in us (XEP-0203)."""
    return f'<delay xmlns="{DELAY_NS}" from="{attribute(by)}" stamp="{stamp(at)}"/>'


def stamp(at: int) -> str:
    """A time in us as a DateTime of XEP-0082."""
    return (_EPOCH + timedelta(microseconds=at)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def minute(at: int) -> str:
    """A time in us as people read it, in UTC."""
    return (_EPOCH + timedelta(microseconds=at)).strftime("%Y-%m-%d %H:%M")


def second(at: int) -> str:
    """Like ``minute``, to the second."""
    return (_EPOCH + timedelta(microseconds=at)).strftime("%Y-%m-%d %H:%M:%S")


def notice(sender: str, receiver: str, words: str, id: str) -> Element:
    """A line from the bridge itself, which shows that it is, and which no archive keeps (XEP-0334 §4.2)."""
    element = stanza("message", sender, receiver, type="chat", id=id)
    child(element, "body", text=told(words))
    child(element, "no-store", HINTS_NS)
    return element


def decline(room: str, face: str, inviter: str | None, reason: str) -> Element:
    """The answer to a room that invited a face (XEP-0045 §7.8.2)."""
    element = stanza("message", face, room)
    user = child(element, "x", MUC_USER_NS)
    declined = child(user, "decline", MUC_USER_NS)
    if inviter:
        declined.set("to", inviter)
    child(declined, "reason", MUC_USER_NS, reason)
    return element
