"""What a stanza can carry, as far as the policy tells it apart."""

from enum import Enum


class Feature(Enum):
    """One row of the policy table each; the value says it in words."""

    # Members are compared by identity. Enum's own hash is of the name, and in Python: dozens of calls for each message.
    __hash__ = object.__hash__

    BODY = "text"
    SAME_LANGUAGE = "several texts in one language"
    THREAD = "the thread of a chat"
    ORIGIN_ID = "the client's own id"
    UNSTYLED = "a mark that a text is not styled"
    GROUP_CHAT = "a message to a group"
    ROOM_INVITATION = "an invitation to a room"
    ROOM_JOIN = "entering a room"
    MULTICAST = "a message to several people"
    MIX = "group chats by MIX"
    MEDIATED_INVITATION = "an invitation by a room"
    FILE = "a file on the web"
    FILE_ANNOUNCED = "a file that is not uploaded yet"
    FILE_ELSEWHERE = "a file that is not on the web"
    FILE_DETAIL = "pieces of files: thumbnails, sticker packs, data in the message itself"
    ENCRYPTED_FILE = "an encrypted file"
    CALL_OFFER = "an offer of a call or a live transfer"
    CALL_NOTICE = "what belongs to a call or a live transfer"
    CHAT_STATE = "typing notices"
    GONE = "the notice that a chat is over"
    REAL_TIME_TEXT = "text while it is typed"
    RECEIPT = "delivery receipts"
    MARKER = "read markers"
    XHTML = "formatted text (XHTML-IM)"
    MARKUP = "formatting of the text (markup)"
    TYPED_CONTENT = "formatted text (HTML, Markdown)"
    CORRECTION = "a correction"
    RETRACTION = "a retraction"
    REPLY = "a reply to what the other side can see"
    FALLBACK = "marks on texts for old clients"
    REACTION = "a reaction"
    MODERATION = "moderation"
    ATTENTION = "a request for attention"
    PEP_EVENT = "a personal event"
    NICK = "a nickname"
    WRAPPER = "forwarded, copied, archived or delayed messages inside"
    STANZA_ID = "archive ids"
    ENCRYPTED = "an encrypted message"
    ENCRYPTION_MARK = "a mark that a message is encrypted"
    ENCRYPTION_NOTICE = "keys for encryption"
    OVERSIZE = "a message that is too long"
    OVER_RATE = "messages that come too fast"
    UNKNOWN = "anything else"


RICH = frozenset({Feature.XHTML, Feature.MARKUP, Feature.TYPED_CONTENT})
"""Formatted content."""

NAMING = frozenset({Feature.THREAD, Feature.ORIGIN_ID, Feature.CORRECTION, Feature.RETRACTION, Feature.REPLY})
"""What holds the name of a message or of a chat, which clients make as they like."""

FILES = frozenset({Feature.FILE, Feature.FILE_ANNOUNCED, Feature.FILE_ELSEWHERE, Feature.FILE_DETAIL})
"""What describes files, or a part of one."""
