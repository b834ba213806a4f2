"""deskbridge's protocol with the guard in ejabberd (`mod_desk_guard.erl`). Proofs that the guard is in force: it
refuses them, and tells the component so. And queries that no standard protocol has: whether it is still the same
ejabberd, which messages an archive has, and whether the component hosts are ours."""

from dataclasses import dataclass
from xml.etree.ElementTree import Element

from component.xml import attribute

NAMESPACE = "urn:deskbridge:guard:1"
_REFUSED = f"{{{NAMESPACE}}}refused"
_ARCHIVE = f"{{{NAMESPACE}}}archive"
_HAS = f"{{{NAMESPACE}}}has"
_CLAIM = f"{{{NAMESPACE}}}claim"
_TAKEN = f"{{{NAMESPACE}}}taken"


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a guard says to a claim: it ``ended`` so many older streams; or the hosts are those of the process that
    ``holder`` describes, which is ``newer`` if it has the same database."""

    ended: int
    holder: str
    newer: bool


def proof(id: str, sender: str, receiver: str, tell: str) -> str:
    """A message that bypasses the component ``tell``, and that the guard of the sender's host has to refuse. Without a
    guard nobody sees it: a receiver without a local part is a server."""
    return (
        f'<message from="{attribute(sender)}" to="{attribute(receiver)}" type="headline">'
        f'<proof xmlns="{NAMESPACE}" id="{attribute(id)}" tell="{attribute(tell)}"/></message>'
    )


def refused(message: Element) -> str | None:
    """The id of the proof that a guard has refused; None if the message does not say so."""
    told = message.find(_REFUSED)
    return None if told is None else told.get("id", "")


def address(desk_host: str) -> str:
    """The address for queries to the guard of a desk host, with any resource: ejabberd 24.10 to 24.12 drop what is sent
    to the host itself."""
    return f"{desk_host}/guard"


def question(account: str = "", since: int = 0) -> str:
    """Which messages the archive of ``account`` has since a time in us; without an account, whether it is still the
    same ejabberd."""
    return f'<archive xmlns="{NAMESPACE}" account="{attribute(account)}" since="{since}"/>'


def life(answer: Element) -> str | None:
    """An id that is different for each start of ejabberd; None if the guard does not answer."""
    archive = answer.find(_ARCHIVE) if answer.get("type") == "result" else None
    return None if archive is None else archive.get("life") or None


def archived(answer: Element) -> frozenset[str] | None:
    """The ids of the messages in the archive; None if the guard does not answer."""
    if life(answer) is None:
        return None
    return frozenset(found.get("id", "") for found in answer.iter(_HAS))


def claim(database: str, epoch: int, process: str, holder: str) -> str:
    """Says that the component hosts are those of this ``process``, which has the database since ``epoch``; ``holder``
    describes it."""
    return (
        f'<claim xmlns="{NAMESPACE}" database="{attribute(database)}" epoch="{epoch}" process="{process}" '
        f'holder="{attribute(holder)}"/>'
    )


def judgement(answer: Element) -> Judgement | None:
    """None if the guard does not say."""
    said = answer.find(_CLAIM) if answer.get("type") == "result" else None
    if said is None:
        return None
    taken = said.find(_TAKEN)
    if taken is None:
        return Judgement(int(said.get("ended", "0")), "", False)
    return Judgement(0, taken.get("holder") or "another process", taken.get("newer") == "true")
