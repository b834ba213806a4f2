"""How conversations between agents end, and that the other side is told in one line (V2)."""

import secrets
from asyncio import Future
from collections.abc import Callable
from functools import partial

from component.model import Party, Side
from component.outgoing.message_stanzas import notice
from component.store.api import Store
from component.xml import serialise

from ..clock import now_us
from ..state.conversations import Conversation
from ..state.state import State

ENDED = "{name} ended this chat."
ENDED_BY_OPERATOR = "An operator ended this chat."
LOGGED_OUT = "{name} logged out. This chat has ended."


class Endings:
    """Ends conversations on disk first, then tells. ``send`` takes stanza text; ``ended`` is told what others see."""

    def __init__(
        self, state: State, store: Store, send: Callable[[str], None], ended: Callable[[Conversation, str], None]
    ) -> None:
        self._state = state
        self._store = store
        self._send = send
        self._ended = ended

    def by(self, party: Party, conversation: Conversation) -> None:
        """``party`` ended it, by XEP-0085 *gone* or by command."""
        self._end(conversation, party, "ended", ENDED)

    def logged_out(self, party: Party) -> None:
        """The agent is logged out, and with that all conversations with other agents end."""
        if party.side is Side.AGENT:
            for conversation in self._state.conversations.desk_of(party.account):
                self._end(conversation, party, "logged-out", LOGGED_OUT)

    def by_operator(self, conversation: Conversation) -> None:
        """Both sides are told, each by the other's face (D4)."""
        done = self._submit(conversation, "operator")
        done.add_done_callback(partial(self._tell_both, conversation))

    def undelivered(self, conversation: Conversation) -> None:
        """Its only message came back, so it never was one."""
        self._submit(conversation, "undelivered")

    def of_the_absent(self) -> None:
        """V3: after a time in which log-outs may have been missed."""
        for conversation in self._state.conversations.desk():
            for account in (conversation.first, conversation.second):
                if not self._state.sessions.logged_in(account):
                    party = self._state.world.account(account)
                    if party is None:
                        self._submit(conversation, "logged-out")
                    else:
                        self._end(conversation, party, "logged-out", LOGGED_OUT)
                    break

    def _end(self, conversation: Conversation, party: Party, reason: str, words: str) -> None:
        done = self._submit(conversation, reason)
        done.add_done_callback(partial(self._tell, party, conversation, words.format(name=party.name)))

    def _submit(self, conversation: Conversation, reason: str) -> Future[None]:
        return self._store.submit(self._state.conversations.end(conversation, reason, now_us()))

    def _tell_both(self, conversation: Conversation, done: Future[None]) -> None:
        done.exception()
        for account in (conversation.first, conversation.second):
            self._tell_one(conversation.other(account), account, ENDED_BY_OPERATOR)
        self._ended(conversation, ENDED_BY_OPERATOR)

    def _tell_one(self, sender: str, receiver: str, line: str) -> None:
        """Who is about to come back is told then."""
        self._state.sessions.when_certain(receiver, partial(self._tell_now, sender, receiver, line))

    def _tell_now(self, sender: str, receiver: str, line: str) -> None:
        face = self._state.world.face_of_account(sender)
        if face and self._state.sessions.is_there(receiver):
            self._send(serialise(notice(face, receiver, line, secrets.token_hex(8))))

    def _tell(self, party: Party, conversation: Conversation, line: str, done: Future[None]) -> None:
        """Should the end not have reached the disk, the conversation is over all the same: it is found open
        without its people at the next start, and ended then (V3)."""
        done.exception()
        self._tell_one(party.account, conversation.other(party.account), line)
        self._ended(conversation, line)
