"""The shape of the configuration file (O1). What a key means is in ``component.model``."""

import re
from datetime import UTC, tzinfo
from typing import Annotated, Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, PlainValidator

from component import jid as addresses
from component.model import Mode, Profile

from .storage_urls import storage_url
from .table_shapes import OPTIONAL, Identifier, Name, Suffix, TableShape, Value, required, toml

HOST_KEYS = ("work_host", "desk_host", "agent_faces", "work_faces")

_LISTEN = re.compile(r"(?:\[[\da-fA-F:.]+\]|[^\s:\[\]]+):(\d{1,5})", re.ASCII)
_LAST_PORT = 65_535


def _host(text: str) -> str:
    host = addresses.host(text)
    if host is None:
        raise ValueError(f"must be a domain name such as chat.example.org, not {toml(text)}")
    return host


def _mode(value: object) -> Mode:
    if type(value) is not int or value not in (1, 2, 3):  # True == 1, 3.0 == 3
        raise ValueError(f"must be 1, 2 or 3, not {toml(value)}")
    return Mode(value)


def _profile(value: object) -> Profile:
    if not isinstance(value, str) or value not in list(Profile):
        known = " or ".join(f'"{profile}"' for profile in Profile)
        raise ValueError(f"must be {known}, with the quotes, not {toml(value)}")  # 9.10 is the number 9.1
    return Profile(value)


def _time_zone(value: object) -> tzinfo:
    """By its IANA name. UTC also works on a machine without time zones."""
    if value == str(UTC):
        return UTC
    try:
        return ZoneInfo(str(value))
    except (KeyError, ValueError, OSError) as problem:  # OSError: a folder of zones, such as Europe
        known = "a time zone that this machine knows (from Debian's package tzdata)"
        raise ValueError(f"must be {known}, such as Europe/Berlin, not {toml(value)}") from problem


def _web_address(text: str) -> str:
    try:
        url = urlsplit(text)
        good = url.scheme in ("http", "https") and url.hostname and url.port != 0
        good = good and not (url.query or url.fragment)
    except ValueError:  # a port that is none, half an IPv6 address
        good = False
    if not good:
        raise ValueError(f"must be an address such as http://127.0.0.1:8088, not {toml(text)}")
    return text.rstrip("/")


def _listen(text: str) -> str:
    match = _LISTEN.fullmatch(text)
    if not match or not 1 <= int(match[1]) <= _LAST_PORT:
        raise ValueError(f"must be HOST:PORT such as 127.0.0.1:8088, not {toml(text)}")
    return text


def _account(text: str) -> str:
    """Normalised. ``configuration`` checks that the host is one of the tenant's."""
    prepared = addresses.normalise(text)
    if prepared is None or prepared[1] or "@" not in prepared[0]:
        raise ValueError(f"must be the address of an account such as sue@work.acme.test, not {toml(text)}")
    return prepared[0]


def _contact_address(text: str) -> str:
    if urlsplit(text).scheme not in ("mailto", "xmpp", "https", "http", "tel"):
        raise ValueError(f"must be a URI such as mailto:help@acme.test, not {toml(text)}")
    return text


Host = Annotated[str, AfterValidator(_host)]
WebAddress = Annotated[Value, AfterValidator(_web_address)]
Account = Annotated[Value, AfterValidator(_account)]
ContactAddress = Annotated[Value, AfterValidator(_contact_address)]
Port = Annotated[int, Field(ge=1, le=_LAST_PORT)]
Positive = Annotated[int, Field(ge=1)]
Days = Annotated[int, Field(le=36_500)]
Table = dict[str, Any]


class FileShape(TableShape):
    """The top level."""

    xmpp: Table = required({})
    ejabberd: Table = required({})
    storage: Table = required({})
    web: Table = OPTIONAL
    limits: Table = OPTIONAL
    tenants: Annotated[list[Table], Field(min_length=1)] = required([])


class XmppShape(TableShape):
    host: Value = required("127.0.0.1")
    port: Port = required(5347)
    secret_file: Value = OPTIONAL


class EjabberdShape(TableShape):
    api_url: WebAddress = required("http://127.0.0.1:5281/api")


class StorageShape(TableShape):
    url: Annotated[Value, AfterValidator(storage_url)] = required("sqlite:///deskbridge.db")


class WebShape(TableShape):
    listen: Annotated[Value, AfterValidator(_listen)] = OPTIONAL
    public_url: WebAddress = OPTIONAL
    link_days: Annotated[Days, Field(ge=1)] = OPTIONAL


class LimitsShape(TableShape):
    stanza_bytes: Positive = OPTIONAL
    body_chars: Positive = OPTIONAL
    messages_per_second: Annotated[float, Field(gt=0, allow_inf_nan=False)] = OPTIONAL
    burst: Positive = OPTIONAL
    logout_seconds: Annotated[float, Field(ge=0, le=60)] = OPTIONAL


class TenantShape(TableShape):
    id: Identifier = required("acme")
    name: Name = required("Acme Ltd")
    mode: Annotated[Mode, PlainValidator(_mode)] = required(3)
    version: Annotated[Profile, PlainValidator(_profile)] = required("9.10")
    work_host: Host = required("work.acme.test")
    desk_host: Host = required("cc.acme.test")
    agent_faces: Host = required("agents.acme.test")
    work_faces: Host = required("directory.acme.test")
    directory: Value = required("acme.toml")
    watch: bool = OPTIONAL
    watch_notice: bool = OPTIONAL
    work_suffix: Suffix = OPTIONAL
    retention_days: Annotated[Days, Field(ge=0)] = OPTIONAL
    roster_limit: Annotated[int, Field(ge=0)] = OPTIONAL
    time_zone: Annotated[tzinfo, PlainValidator(_time_zone)] = OPTIONAL
    operators: list[Account] = OPTIONAL
    support_addresses: list[ContactAddress] = OPTIONAL


SECTIONS: dict[str, type[TableShape]] = {
    "xmpp": XmppShape,
    "ejabberd": EjabberdShape,
    "storage": StorageShape,
    "web": WebShape,
    "limits": LimitsShape,
}
