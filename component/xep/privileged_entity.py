"""Privileged entities (XEP-0356): what a server grants, and messages in the name of its accounts."""

from xml.etree.ElementTree import Element

from component.xml import attribute, split

from .forwarding import forwarded

NAMESPACES = ("urn:xmpp:privilege:1", "urn:xmpp:privilege:2")
"""ejabberd 23.01 uses the first, later versions the second. For messages they are the same."""


ARCHIVED = frozenset({"urn:xmpp:privilege:2"})
"""The namespaces of servers that archive a message in an account's name, and copy it to the account's clients: ejabberd
does so from 23.10 on."""


def outgoing_granted(message: Element) -> str | None:
    """The namespace in which a server grants sending messages as its accounts; None if it does not (XEP-0356 §5.2)."""
    for privilege in message:
        namespace, name = split(privilege.tag)
        if name == "privilege" and namespace in NAMESPACES:
            for perm in privilege.iterfind(f"{{{namespace}}}perm"):
                if perm.get("access") == "message" and perm.get("type") == "outgoing":
                    return namespace
    return None


def in_the_name_of_an_account(message: str, component: str, server: str, namespace: str) -> str:
    """``message``, the text of a stanza from one of the server's bare accounts, as the ``component`` has to send it
    to the ``server`` (XEP-0356 §5.3). ``namespace`` is the one of the grant."""
    return (
        f'<message from="{attribute(component)}" to="{attribute(server)}">'
        f'<privilege xmlns="{namespace}">{forwarded(message)}</privilege></message>'
    )
