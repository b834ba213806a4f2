"""What a stanza can carry, as far as the policy tells it apart."""

from enum import Enum, auto


class Feature(Enum):
    """One row of the policy table each."""

    # Members are compared by identity. Enum's own hash is of the name, and in Python: dozens of calls for each message.
    __hash__ = object.__hash__

    BODY = auto()
    THREAD = auto()
    ORIGIN_ID = auto()
    UNSTYLED = auto()
    GROUP_CHAT = auto()
    ROOM_INVITATION = auto()
    ROOM_JOIN = auto()
    MULTICAST = auto()
    MIX = auto()
    MEDIATED_INVITATION = auto()
    FILE = auto()
    FILE_ANNOUNCED = auto()
    FILE_ELSEWHERE = auto()
    FILE_DETAIL = auto()
    ENCRYPTED_FILE = auto()
    CALL_OFFER = auto()
    CALL_NOTICE = auto()
    CHAT_STATE = auto()
    GONE = auto()
    REAL_TIME_TEXT = auto()
    RECEIPT = auto()
    MARKER = auto()
    XHTML = auto()
    MARKUP = auto()
    TYPED_CONTENT = auto()
    CORRECTION = auto()
    RETRACTION = auto()
    REPLY = auto()
    FALLBACK = auto()
    REACTION = auto()
    MODERATION = auto()
    ATTENTION = auto()
    PEP_EVENT = auto()
    NICK = auto()
    WRAPPER = auto()
    STANZA_ID = auto()
    ENCRYPTED = auto()
    ENCRYPTION_MARK = auto()
    ENCRYPTION_NOTICE = auto()
    OVERSIZE = auto()
    OVER_RATE = auto()
    UNKNOWN = auto()


RICH = frozenset({Feature.XHTML, Feature.MARKUP, Feature.TYPED_CONTENT})
"""Formatted content."""

FILES = frozenset({Feature.FILE, Feature.FILE_ANNOUNCED, Feature.FILE_ELSEWHERE, Feature.FILE_DETAIL})
"""What describes files, or a part of one."""
