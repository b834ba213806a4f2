"""Addresses from outside, brought into the one form that every look-up compares (RFC 6122)."""

import re
from functools import lru_cache

_ANY_HOST = "host.invalid"
_LABEL = re.compile(r"[^\W_](?:(?:[^\W_]|-){0,61}[^\W_])?")


# Of such addresses every server makes what they are already. Labels with two hyphens in a row may be Punycode.
_WORD = r"[a-z][a-z0-9]{0,20}(?:-[a-z0-9]{1,20}){0,2}"
_PREPARED = re.compile(rf"((?:[a-z0-9._+-]{{1,256}}@)?{_WORD}(?:\.{_WORD}){{0,3}})(?:/([A-Za-z0-9._+:=#-]{{1,256}}))?")


@lru_cache(maxsize=4096)
def normalise(jid: str) -> tuple[str, str] | None:
    """``(bare address, resource)`` as XMPP compares them; the resource is ``""`` if absent.

    None for what is not an address. Also for the few addresses whose prepared form would change if it
    were prepared again (U+1D2C prepares to a capital A): two servers could read them as two people.
    """
    return _normalise(jid)


def _normalise(jid: str) -> tuple[str, str] | None:
    # Nearly all are plain. With thousands of people no cache is large enough, and libraries take their time.
    plain = _PREPARED.fullmatch(jid)
    return (plain[1], plain[2] or "") if plain else _normalise_any(jid)


def _normalise_any(jid: str) -> tuple[str, str] | None:
    from slixmpp import JID  # takes a tenth of a second; who reads the files seldom needs it

    try:
        prepared = JID(jid)
        stable = jid.isascii() or JID(prepared.bare).bare == prepared.bare
    except ValueError:
        return None
    return (prepared.bare, prepared.resource) if prepared.bare and stable else None


def local_part(text: str) -> str | None:
    """The part before the @ in its compared form; None if it cannot be one."""
    prepared = _normalise(f"{text}@{_ANY_HOST}")  # a directory would only flush the cache
    if prepared is None or prepared[1]:
        return None
    local, _, host = prepared[0].rpartition("@")
    return local if host == _ANY_HOST else None


def host(text: str) -> str | None:
    """A domain name, lower-cased; None if it is something else, such as an IP address or ``a_b.test``."""
    prepared = _normalise(text)
    if prepared is None or prepared[1] or "@" in text:
        return None
    name = prepared[0]
    labels = name.split(".")
    well_formed = len(name) <= 253 and all(map(_LABEL.fullmatch, labels)) and not labels[-1].isdecimal()
    return name if well_formed else None
