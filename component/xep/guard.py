"""deskbridge's protocol with the guard in ejabberd (`mod_desk_guard.erl`). Proofs that the guard is in force: it
refuses them, and tells the component so. And two queries that no standard protocol has: whether it is still the same
ejabberd, and which messages an archive has."""

from xml.etree.ElementTree import Element

from component.xml import attribute

NAMESPACE = "urn:deskbridge:guard:1"
_REFUSED = f"{{{NAMESPACE}}}refused"
_ARCHIVE = f"{{{NAMESPACE}}}archive"
_HAS = f"{{{NAMESPACE}}}has"


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
