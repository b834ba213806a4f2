"""From the archive to the receiver: what is on disk goes out, what ejabberd has routed is ticked off.

A message counts as delivered when ejabberd is known to have routed it. What is on disk beyond that point is
sent again after a crash or a lost stream; clients tell the copies by their ids (A5).
"""

import asyncio
import logging
from datetime import UTC, datetime

from component.model import Party, Side
from component.stanza.archive_id import Role, archive_id
from component.stanza.message import delay, envelope, stanza_id
from component.store.archive import ArchivedMessage
from component.store.changes import DeliveredUpTo, NewMessage
from component.store.errors import StoreError
from component.store.store import Store

from .link import Link, LinkDown

log = logging.getLogger(__name__)


def outgoing(
    message: NewMessage | ArchivedMessage, sender: Party, receiver: Party, instance: str, late: bool = False
) -> str:
    """An archived message as its receiver gets it. ``late`` adds when it was sent.

    An agent is told the id under which their own archive has it (A6). For a Work user, whose archive is
    ejabberd's, the id is that of the face's archive; either way it comes back to us if the message bounces.
    """
    by = receiver.account if receiver.side is Side.AGENT else sender.face
    content = [message.payload, stanza_id(by, archive_id(instance, message.id, Role.RECEIVER))]
    if late:
        stamp = datetime.fromtimestamp(message.sent_at / 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        content.append(delay(sender.face, stamp))
    return envelope(sender.face, receiver.account, message.type, message.client_id, *content)


class Delivery:
    """Sends archived messages in the order of their ids.

    While it is shut (no stream, or the truth about who is logged in not known yet) nothing is sent: the
    messages stay on disk and ``recover`` brings them.
    """

    def __init__(self, link: Link, store: Store) -> None:
        self._link = link
        self._store = store
        self._sent = store.delivered_up_to
        self._news = asyncio.Event()
        self.is_open = False

    def send(self, id: int, text: str) -> None:
        """Send the archived message ``id``, unless shut."""
        if self.is_open:
            self.resend(id, text)

    def resend(self, id: int, text: str) -> None:
        """Send it even while shut: for what is recovered."""
        self._link.send(text)
        self.skip(id)

    def skip(self, id: int) -> None:
        """There is nothing more to do for the message ``id``."""
        self._sent = max(self._sent, id)
        self._news.set()

    async def run(self) -> None:
        """Tick off what ejabberd has routed, one barrier at a time, until cancelled."""
        while True:
            await self._news.wait()
            self._news.clear()
            sent = self._sent
            try:
                await self._link.barrier()
                await self._store.submit(DeliveredUpTo(sent))
            except LinkDown:
                continue
            except StoreError as problem:
                log.warning("could not note what was delivered (it may be sent again): %s", problem)
