"""Which element belongs to which row of the policy table. Data; what needs a closer look is in ``classify``."""

import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final
from xml.etree.ElementTree import Element

from component.xml import STREAM_NS, XML_LANG, split

from .features import Feature

ANY: Final = "*"
"""As an element's name: every other element of the namespace."""

SID_NS = "urn:xmpp:sid:0"
MUC_USER_NS = "http://jabber.org/protocol/muc#user"
REPLY_NS = "urn:xmpp:reply:0"
RETRACT_NS = "urn:xmpp:message-retract:1"
CORRECT_NS = "urn:xmpp:message-correct:0"
REACTIONS_NS = "urn:xmpp:reactions:0"
FALLBACK_NS = "urn:xmpp:fallback:0"
OOB_NS = "jabber:x:oob"
SFS_NS = "urn:xmpp:sfs:0"
SIMS_NS = "urn:xmpp:sims:1"

FILE_NAMESPACES = frozenset({OOB_NS, SFS_NS, SIMS_NS, "urn:xmpp:reference:0"})
"""What a text may be the fallback of where a file is sent (XEP-0447 §3.1)."""

BODY = f"{{{STREAM_NS}}}body"
THREAD = f"{{{STREAM_NS}}}thread"
ROOM_JOIN = "{http://jabber.org/protocol/muc}x"
ATTACH_TO = "{urn:xmpp:message-attaching:1}attach-to"
FALLBACK = f"{{{FALLBACK_NS}}}fallback"

_MIX_PREFIX = "urn:xmpp:mix:"
_LANGUAGE = re.compile(r"[A-Za-z0-9]{1,8}(?:-[A-Za-z0-9]{1,8}){0,15}")

_ELEMENTS: dict[tuple[str, str], Feature] = {
    (STREAM_NS, "thread"): Feature.THREAD,
    (SID_NS, "origin-id"): Feature.ORIGIN_ID,
    (SID_NS, "stanza-id"): Feature.STANZA_ID,
    ("urn:xmpp:styling:0", "unstyled"): Feature.UNSTYLED,
    ("jabber:x:conference", "x"): Feature.ROOM_INVITATION,
    ("http://jabber.org/protocol/muc", "x"): Feature.ROOM_JOIN,
    (OOB_NS, ANY): Feature.FILE,
    (SFS_NS, ANY): Feature.FILE,
    (SIMS_NS, ANY): Feature.FILE,
    ("urn:xmpp:stickers:0", ANY): Feature.FILE_DETAIL,
    ("urn:xmpp:bob", ANY): Feature.FILE_DETAIL,
    ("urn:xmpp:thumbs:1", ANY): Feature.FILE_DETAIL,
    ("urn:xmpp:file:metadata:0", ANY): Feature.FILE_DETAIL,
    ("urn:xmpp:esfs:0", ANY): Feature.ENCRYPTED_FILE,
    ("urn:xmpp:jingle-message:0", "propose"): Feature.CALL_OFFER,
    ("urn:xmpp:jingle-message:0", ANY): Feature.CALL_NOTICE,
    ("urn:xmpp:call-invites:0", "invite"): Feature.CALL_OFFER,
    ("urn:xmpp:call-invites:0", ANY): Feature.CALL_NOTICE,
    ("http://jabber.org/protocol/ibb", ANY): Feature.CALL_NOTICE,
    ("http://jabber.org/protocol/chatstates", "gone"): Feature.GONE,
    ("http://jabber.org/protocol/chatstates", ANY): Feature.CHAT_STATE,
    ("urn:xmpp:rtt:0", ANY): Feature.REAL_TIME_TEXT,
    ("urn:xmpp:receipts", ANY): Feature.RECEIPT,
    ("urn:xmpp:chat-markers:0", ANY): Feature.MARKER,
    ("urn:xmpp:mds:displayed:0", ANY): Feature.MARKER,
    ("http://jabber.org/protocol/xhtml-im", ANY): Feature.XHTML,
    ("urn:xmpp:markup:0", ANY): Feature.MARKUP,
    ("urn:xmpp:content", ANY): Feature.TYPED_CONTENT,
    (CORRECT_NS, "replace"): Feature.CORRECTION,
    (RETRACT_NS, "retract"): Feature.RETRACTION,
    (REPLY_NS, "reply"): Feature.REPLY,
    (FALLBACK_NS, "fallback"): Feature.FALLBACK,
    (REACTIONS_NS, ANY): Feature.REACTION,
    ("urn:xmpp:message-moderate:0", ANY): Feature.MODERATION,
    ("urn:xmpp:message-moderate:1", ANY): Feature.MODERATION,
    ("urn:xmpp:attention:0", ANY): Feature.ATTENTION,
    ("http://jabber.org/protocol/pubsub#event", ANY): Feature.PEP_EVENT,
    ("http://jabber.org/protocol/nick", ANY): Feature.NICK,
    ("urn:xmpp:forward:0", ANY): Feature.WRAPPER,
    ("urn:xmpp:carbons:2", ANY): Feature.WRAPPER,
    ("urn:xmpp:mam:2", ANY): Feature.WRAPPER,
    ("urn:xmpp:delay", ANY): Feature.WRAPPER,
    ("urn:xmpp:privilege:1", ANY): Feature.WRAPPER,
    ("urn:xmpp:privilege:2", ANY): Feature.WRAPPER,
    ("urn:xmpp:openpgp:0", ANY): Feature.ENCRYPTED,
    ("jabber:x:encrypted", ANY): Feature.ENCRYPTED,
    ("jabber:x:signed", ANY): Feature.ENCRYPTED,
    ("urn:xmpp:eme:0", ANY): Feature.ENCRYPTION_MARK,
}
ELEMENTS: Mapping[tuple[str, str], Feature] = MappingProxyType(_ELEMENTS)
"""``(namespace, element name)`` -> feature, for elements whose name says it all."""

OMEMO = frozenset({"eu.siacs.conversations.axolotl", "urn:xmpp:omemo:1", "urn:xmpp:omemo:2"})
"""XEP-0384, in the versions that clients speak."""


LONGEST_KNOWN = 200
"""Characters of a tag that is remembered: nobody fills the memory with names."""


def named(tag: str) -> Feature:
    """The feature that an element's tag names, without a look at what is in it."""
    return _known(tag) if len(tag) <= LONGEST_KNOWN else _named(tag)


def _named(tag: str) -> Feature:
    namespace, name = split(tag)
    if namespace.startswith(_MIX_PREFIX):
        return Feature.MIX
    return ELEMENTS.get((namespace, name)) or ELEMENTS.get((namespace, ANY)) or Feature.UNKNOWN


_known = lru_cache(maxsize=1024)(_named)


def language(tag: str) -> str | None:
    """A language tag; what is none says nothing (RFC 5646 §2.1)."""
    return tag if _LANGUAGE.fullmatch(tag) else None


def language_of(text: Element) -> str | None:
    """The language that a text says it is in."""
    return language(text.get(XML_LANG, ""))
