"""What chat faces answer to those whom they concern. Everybody else meets an address that nobody has (S2, A4)."""

from collections.abc import Callable, Mapping
from xml.etree.ElementTree import Element

from component.model import RESERVED_PREFIX, Party
from component.policy.decide import Refuse, refuse
from component.policy.may_watch import Chat, title
from component.policy.reasons import Reason
from component.policy.shown_presence import UNAVAILABLE, Seen
from component.services import disco
from component.services.abilities import INFO
from component.xep.presence_stanzas import PresenceText, plain
from component.xep.stanza_errors import error
from component.xep.vcard import VCARD, Details, vcard
from component.xml import serialise

from ..incoming import Incoming
from ..state.chat_faces import contact_of
from ..state.state import State
from ..stream.paced_presence import Broadcasts

THERE = Seen(True)
"""A chat face is always there: whom it shows may come and go."""

PING = "{urn:xmpp:ping}ping"

Answers = Mapping[tuple[str, str], Callable[[str, str], Element | None]]

ANSWERS: Answers = {
    ("get", PING): lambda name, address: None,
    ("get", INFO): lambda name, address: disco.chat_info(name),
    ("get", disco.ITEMS): lambda name, address: disco.no_items(),
    ("get", VCARD): lambda name, address: vcard(Details(name, address)),
}
"""``(type, tag of the payload)`` -> what answers it, given the name of the chat and its address."""


class ChatAnswers:
    """``send`` takes stanza text, ``broadcasts`` what goes to all. ``removed`` is told which account took which chat
    face out of its contacts."""

    def __init__(
        self,
        state: State,
        send: Callable[[str], None],
        broadcasts: Broadcasts,
        removed: Callable[[str, str], None],
    ) -> None:
        self._state = state
        self._send = send
        self._broadcasts = broadcasts
        self._removed = removed

    def seen_by(self, viewer: Party, address: str) -> Chat | None:
        return self._state.chat_faces.seen_by(viewer, address, self._state.world)

    # Messages

    def message(self, message: Incoming) -> bool:
        """Whether the message went to a chat face that its sender sees, and is refused: nobody would read it."""
        if message.over_rate or not message.address.startswith(RESERVED_PREFIX):
            return False
        viewer = self._state.world.account(message.account)
        chat = self.seen_by(viewer, message.address) if viewer else None
        if viewer is None or chat is None:
            return False
        reason, text = self._refusal(viewer, chat)
        if isinstance(refuse(reason, message.facts), Refuse):
            answer = reason.value
            self._send(serialise(error(message.element, answer.type, answer.condition, text)))
        return True

    def _refusal(self, viewer: Party, chat: Chat) -> tuple[Reason, str]:
        own = contact_of(viewer, chat)
        if own is None:
            return Reason.WATCHED_CHAT, Reason.WATCHED_CHAT.value.text
        agent, contact = own
        text = Reason.AGENT_CHAT.value.text.format(account=agent.account, face=contact.face)
        return Reason.AGENT_CHAT, text

    # Presence

    def presence(self, kind: str | None, viewer: Party, sender: str, address: str) -> bool:
        """Whether this was about a chat face that the viewer sees, and is dealt with."""
        if not address.startswith(RESERVED_PREFIX) or self.seen_by(viewer, address) is None:
            return False
        match kind:
            case "subscribe":
                self._state.watchers.add(viewer.account, address)
                self._send(plain("subscribed", address, viewer.account))
                self._broadcasts.answer(address, viewer.account, PresenceText(address, THERE))
            case "probe":
                self._state.watchers.add(viewer.account, address)
                self._broadcasts.answer(address, sender, PresenceText(address, THERE))
            case "unsubscribe":
                self._state.watchers.remove(viewer.account, address)
                self._removed(viewer.account, address)
                self._send(plain("unsubscribed", address, viewer.account))
            case _:
                return False
        return True

    def announce(self) -> None:
        """P6: the bridge is back."""
        self._tell(THERE)

    def farewell(self) -> None:
        """P8"""
        self._tell(UNAVAILABLE)

    def _tell(self, seen: Seen) -> None:
        for address in self._state.watchers.faces():
            if address.startswith(RESERVED_PREFIX):
                here = [
                    account for account in self._state.watchers.of(address) if self._state.sessions.connected(account)
                ]
                self._broadcasts.tell(address, here, PresenceText(address, seen))

    # Requests

    def request(self, type: str, payload: Element, viewer: Party, chat: Chat) -> Element | Reason | None:
        """The answer to an iq to a chat face; None is a result without payload."""
        answer = ANSWERS.get((type, payload.tag))
        if answer is None or payload.get("node"):
            return Reason.NO_SUCH_SERVICE
        return answer(title(viewer, chat), chat.face)
