"""What can be asked of the store: small values, written as one when they are submitted as one.

Times are integer microseconds since 1970, UTC. Accounts are real bare addresses; the store turns them into
numbers by itself.
"""

from dataclasses import dataclass, field
from typing import final


@dataclass(frozen=True, slots=True)
class OpenConversation:
    """A conversation between two accounts.

    ``kind`` is ``joined`` (an agent, always ``first``, and a Work user: one for each pair, it never ends, V4)
    or ``desk`` (two agents, any number for a pair, V1 and V2).
    """

    id: int
    tenant: str
    kind: str
    first: str
    second: str
    opened_at: int


@final
class NewMessage:
    """One archived message (A5). Its number inside the conversation is given by the store.

    ``sender`` is the full real address that sent it, ``receiver`` the address it was sent to: a face, perhaps
    with a resource. ``owner`` is the agent's account in a joined conversation and None between two agents.
    ``payload`` is the XML text of the child elements as they are delivered, without a stanza-id, and ``body`` all that
    they say, in all languages. ``sent_payload`` is the XML of the children as their sender wrote them, if that is
    something else. ``client_id`` is the stanza's id and ``origin_id`` that of XEP-0359, both as they came; ``seen_id``
    and ``seen_origin_id`` are what others see in their places, if that is something else.
    """

    def __init__(
        self,
        id: int,
        conversation_id: int,
        sent_at: int,
        sender: str,
        receiver: str,
        sender_account: str,
        receiver_account: str,
        owner: str | None,
        payload: str,
        body: str | None = None,
        client_id: str | None = None,
        origin_id: str | None = None,
        type: str = "chat",
        sent_payload: str | None = None,
        seen_id: str | None = None,
        seen_origin_id: str | None = None,
    ) -> None:
        self.id = id
        self.conversation_id = conversation_id
        self.sent_at = sent_at
        self.sender = sender
        self.receiver = receiver
        self.sender_account = sender_account
        self.receiver_account = receiver_account
        self.owner = owner
        self.payload = payload
        self.body = body
        self.client_id = client_id
        self.origin_id = origin_id
        self.type = type
        self.sent_payload = sent_payload
        self.seen_id = seen_id
        self.seen_origin_id = seen_origin_id

    @property
    def as_written(self) -> str:
        """The children as their sender knows them."""
        return self.payload if self.sent_payload is None else self.sent_payload


@dataclass(frozen=True, slots=True)
class DeliveredUpTo:
    """ejabberd has taken all messages up to this id; they are not delivered again after a crash.

    One mark, not one on each message: messages leave in the order of their ids, and a mark on each would
    double what is written.

    ``settled`` is a mark of the same kind, behind the first: what came up to it would not be lost with ejabberd either.
    """

    id: int
    settled: int = 0


@dataclass(frozen=True, slots=True)
class Withdraw:
    """This message came back undelivered: it leaves every view, for good."""

    id: int
    at: int


@dataclass(frozen=True, slots=True)
class EndConversation:
    """V2. A conversation that ended before keeps its first end."""

    id: int
    at: int
    reason: str


@dataclass(frozen=True, slots=True)
class Subscribe:
    """``account`` sees the presence of ``face`` from now on. Repeating it changes nothing."""

    account: str
    face: str


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """``account`` sees the presence of ``face`` no longer."""

    account: str
    face: str


@dataclass(frozen=True, slots=True)
class NoteContacts:
    """All that is to be remembered of the contacts of ``account`` (D2); an empty text is nothing."""

    account: str
    notes: str


@dataclass(frozen=True, slots=True)
class ChooseStatus:
    """The status that ``account`` shows whatever its clients say (P3), by its name; None if that is over."""

    account: str
    status: str | None


@dataclass(frozen=True, slots=True)
class NewLink:
    """What a link of the web part opens (C5, C10), until ``expires_at``; submit it with its message.

    ``token`` is what nobody can guess, ``kind`` is ``page`` (``content`` is sanitised HTML), ``file`` (``content`` is
    the address of the upload) or ``transcript``. ``title`` heads the page; ``sender`` is the name of the face that sent
    it, as readers see it. The link lives no longer than message ``message_id`` is in a view. ``account`` is the bare
    account it was made for, if there is no message.
    """

    token: str = field(repr=False)
    tenant: str
    kind: str
    made_at: int
    expires_at: int
    title: str
    content: str = field(repr=False)
    message_id: int | None = None
    sender: str = ""
    account: str | None = None


@dataclass(frozen=True, slots=True)
class Supersede:
    """The message ``by`` corrects or retracts an earlier one; if it corrects it, it ``is_version`` of it from now on.

    That is the newest before it that ``sender_account`` sent in the conversation under the client id or origin id
    ``reference``: some clients number from one after every start. The links of all its versions open nothing any more.
    """

    conversation_id: int
    sender_account: str
    reference: str
    by: int
    at: int
    is_version: bool


@dataclass(frozen=True, slots=True)
class Audit:
    """One line of the audit log, which nobody can change.

    ``actor`` is a bare account, ``operator NAME`` for the command line, or ``web`` for whoever has a link; ``action``
    is like ``link.revoked``; ``subject`` is what it was done to, like ``link 17``; ``detail`` is text or JSON.
    """

    at: int
    tenant: str
    actor: str
    action: str
    subject: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class NewChatFace:
    """The two accounts are seen under ``local_part`` by who watches them. Repeating it changes nothing."""

    local_part: str
    tenant: str
    first: str
    second: str


@dataclass(frozen=True, slots=True)
class StartWatch:
    """``watcher``, a bare account, watches what ``scope`` and ``value`` name, from the beginning of what is open."""

    watcher: str
    tenant: str
    scope: str
    value: str
    at: int


@dataclass(frozen=True, slots=True)
class StopWatch:
    watcher: str
    scope: str
    value: str


@dataclass(frozen=True, slots=True)
class WatchBehind:
    """The watcher has not got what came after the message ``behind``; None: they have got all."""

    watcher: str
    scope: str
    value: str
    behind: int | None


Change = (
    OpenConversation
    | NewMessage
    | DeliveredUpTo
    | Withdraw
    | EndConversation
    | Subscribe
    | Unsubscribe
    | NoteContacts
    | ChooseStatus
    | NewLink
    | Supersede
    | Audit
    | NewChatFace
    | StartWatch
    | StopWatch
    | WatchBehind
)
