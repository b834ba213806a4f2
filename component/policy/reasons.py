"""Why a stanza is refused: one named reason a rule, with the answer its sender gets.

Conditions are those of RFC 6120 §8.3.3. The texts are read by people who chat, so each says what is
wrong and what to do, and none says anything about the receiver that the sender may not know (R4).
"""

from dataclasses import dataclass
from enum import Enum

COMMANDS_NS = "http://jabber.org/protocol/commands"


@dataclass(frozen=True, slots=True)
class Answer:
    """``spec`` is the rule, ``type`` and ``condition`` the stanza error, ``text`` for the human.

    ``detail`` is the namespace and name of a condition that the protocol in question adds (RFC 6120 §8.3.4).
    """

    spec: str
    type: str
    condition: str
    text: str
    detail: tuple[str, str] | None = None


def _cancel(condition: str, spec: str, text: str) -> Answer:
    return Answer(spec, "cancel", condition, text)


def _bad_command(detail: str, text: str) -> Answer:
    """XEP-0050 §4.4"""
    return Answer("D4", "modify", "bad-request", text, (COMMANDS_NS, detail))


class Reason(Enum):
    """Every refusal there is. ``Reason.X.value`` is the ``Answer``."""

    NO_SUCH_FACE = _cancel("item-not-found", "C2", "Nobody can be reached at this address.")
    STRANGER = Answer("M9", "auth", "forbidden", "Only people of this organisation can write to this address.")
    SENDER_OFFLINE = Answer("M8", "auth", "forbidden", "You are not logged in. Log in, then send the message again.")
    OWN_FACE = _cancel("not-allowed", "M10", "This address is your own. You cannot send messages to yourself here.")
    COLLEAGUE = _cancel(
        "not-allowed",
        "M11",
        "This address is for agents only. Write to your colleague at their usual address.",
    )
    AGENTS_NOT_JOINED = Answer(
        "M1", "auth", "forbidden", "Your organisation does not offer chats with contact-centre agents."
    )
    WORK_NOT_JOINED = Answer(
        "M2", "auth", "forbidden", "Your organisation does not offer chats between agents and Work users."
    )
    OUTSIDE_GROUPS = Answer(
        "M3",
        "auth",
        "forbidden",
        "You can write to agents of your own groups only. This agent is in none of them.",
    )
    NOT_A_PERSON = _cancel("service-unavailable", "M7", "This is the address of a service. Write to a person instead.")
    RECEIVER_OFFLINE = Answer(
        "M1",
        "wait",
        "recipient-unavailable",
        "This agent is logged out. Your message was not delivered and will not be delivered later; "
        "send it again when the agent is online.",
    )
    UNDELIVERABLE = Answer(
        "A5",
        "wait",
        "recipient-unavailable",
        "Your message could not be delivered. Send it again later.",
    )
    GROUP_CHAT = _cancel(
        "not-allowed", "C3", "Group chats are not possible here: agents chat with one person at a time."
    )
    SAME_LANGUAGE = Answer(
        "C1",
        "modify",
        "policy-violation",
        "This message has several texts in one language, of which the other side would see only one. Send each of them "
        "as a message of its own.",
    )
    FILE = Answer(
        "C5",
        "modify",
        "policy-violation",
        "Files cannot be sent here. Put the file where the other side can reach it and send its address as text.",
    )
    NOT_ON_THE_WEB = Answer(
        "C5",
        "modify",
        "policy-violation",
        "This file cannot be passed on, because it has no plain web address. Upload it, and send its http or https "
        "address, without a password in it.",
    )
    ENCRYPTED_FILE = Answer(
        "C6",
        "modify",
        "policy-violation",
        "Encrypted files cannot be sent here. Switch encryption off for this chat and send the file again.",
    )
    NO_PLAIN_TEXT = Answer(
        "C10",
        "modify",
        "policy-violation",
        "This message has no plain text, which is needed here. Send it again as plain text.",
    )
    LIVE_TRANSFER = _cancel("service-unavailable", "C7", "Calls and direct file transfers are not possible here.")
    ENCRYPTED = Answer(
        "C16",
        "modify",
        "policy-violation",
        "Encrypted messages cannot be delivered here. Switch encryption off for this chat and send the message again.",
    )
    WATCHED_CHAT = _cancel(
        "not-allowed",
        "S2",
        "You are watching this chat, and nobody reads what you write here. Write to one of the two at their own "
        "address.",
    )
    AGENT_CHAT = _cancel(
        "not-allowed",
        "A4",
        "This chat shows what you say as an agent, and nobody reads what you write here. Log in as {account} and write "
        "to {face}.",
    )
    NOT_A_REQUEST = Answer(
        "C17",
        "modify",
        "bad-request",
        "A request has to be of type get or set and to hold exactly one element.",
    )
    TOO_MANY_REQUESTS = Answer(
        "R6",
        "wait",
        "resource-constraint",
        "Too many of your requests are waiting for an answer. Ask again in a moment.",
    )
    ANSWER_TOO_LARGE = Answer(
        "R5", "modify", "policy-violation", "The answer is too large to be sent. Ask for less at once."
    )
    NO_SUCH_SERVICE = _cancel("service-unavailable", "C17", "This address does not offer that.")
    BAD_FORM = Answer("D4", "modify", "bad-request", "The form was not filled in as it asks for.")
    NO_SUCH_NODE = _cancel("item-not-found", "D3", "This address has no such part.")
    SEARCH_TOO_OFTEN = Answer(
        "R2", "wait", "resource-constraint", "You are searching too often. Wait a moment, then search again."
    )
    NO_SUCH_COMMAND = _cancel("item-not-found", "D4", "There is no such command here.")
    COMMAND_FORBIDDEN = Answer("D4", "auth", "forbidden", "This command is not for you.")
    UNKNOWN_ACTION = _bad_command("malformed-action", "This is no action of a command.")
    BAD_ACTION = _bad_command("bad-action", "The command cannot do that now. Run it from the beginning.")
    BAD_SESSION = _bad_command("bad-sessionid", "This command is no longer running. Run it from the beginning.")
    BAD_PAYLOAD = _bad_command("bad-payload", "The form was not filled in as it asks for. Run the command again.")
    SESSION_EXPIRED = Answer(
        "D4",
        "cancel",
        "not-allowed",
        "This command has been waiting for too long. Run it from the beginning.",
        (COMMANDS_NS, "session-expired"),
    )
    REQUEST_FAILED = Answer(
        "R3", "wait", "internal-server-error", "This cannot be done right now. Try again in a moment."
    )
    NOT_YOUR_ARCHIVE = Answer("A6", "auth", "forbidden", "Everybody can read the history of their own account only.")
    HISTORY_UNAVAILABLE = Answer(
        "R3", "wait", "resource-constraint", "The history cannot be read right now. Try again in a moment."
    )
    TOO_LARGE = Answer(
        "C18",
        "modify",
        "policy-violation",
        "This message is too long. Send it in several shorter messages.",
    )
    TOO_FAST = Answer(
        "C18", "wait", "resource-constraint", "You are sending too fast. Wait a moment, then send it again."
    )
    OVERLOADED = Answer(
        "R3",
        "wait",
        "resource-constraint",
        "The message could not be taken right now and was not delivered. Send it again in a moment.",
    )

    @property
    def spec(self) -> str:
        return self.value.spec
