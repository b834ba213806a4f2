"""The nouns everybody shares. A leaf: it imports nothing of ours and does no I/O.

Addresses are plain strings here, already normalised (lower-case local part and host).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from enum import Enum, StrEnum
from pathlib import Path

RESERVED_PREFIX = "chat-"
"""Local parts with this prefix belong to chat faces (AD3)."""

EVERYBODY = "*"
"""In ``Person.supervises``, and in choices of groups: every group of the tenant."""


class Side(StrEnum):
    """The two populations."""

    WORK = "work"
    AGENT = "agent"

    @property
    def other(self) -> "Side":
        return Side.AGENT if self is Side.WORK else Side.WORK


class Profile(StrEnum):
    """A tenant's version, which selects the column of the policy table."""

    V9_9 = "9.9"
    V9_10 = "9.10"


class Mode(Enum):
    """How a tenant is set up. Only mode 3 joins Work users and agents."""

    ONE = 1
    TWO = 2
    THREE = 3

    @property
    def joined(self) -> bool:
        return self is Mode.THREE


@dataclass(frozen=True, slots=True)
class Tenant:
    """One organisation. Hosts are bare domains; ``directory`` is an absolute path.

    ``work_suffix`` is added to the name of a Work face whose person has an agent face too, so that the two entries
    differ. ``time_zone`` is used for times on web pages, which show its IANA name.

    ``operators`` are bare accounts of the tenant that may run the operators' commands (D4), ``support_addresses`` URIs
    at which people get help (XEP-0157).
    """

    id: str
    name: str
    mode: Mode
    version: Profile
    work_host: str
    desk_host: str
    agent_faces: str
    work_faces: str
    directory: Path
    watch: bool = False
    watch_notice: bool = True
    work_suffix: str = " (Work)"
    retention_days: int = 0
    roster_limit: int = 500
    time_zone: tzinfo = UTC
    operators: frozenset[str] = frozenset()
    support_addresses: tuple[str, ...] = ()

    def account_host(self, side: Side) -> str:
        """The ejabberd virtual host on which that side logs in."""
        return self.work_host if side is Side.WORK else self.desk_host

    def face_host(self, side: Side) -> str:
        """The component host on which that side is seen by everybody else."""
        return self.work_faces if side is Side.WORK else self.agent_faces

    @property
    def component_hosts(self) -> tuple[str, str]:
        return (self.agent_faces, self.work_faces)

    @property
    def service(self) -> str:
        """The component host whose bare address tracks who is logged in, on both sides."""
        return self.agent_faces


@dataclass(frozen=True, slots=True)
class Team:
    """An agent group or a chat queue; ``watch`` switches watching on for its members (S1)."""

    id: str
    name: str
    watch: bool = False


@dataclass(frozen=True, slots=True)
class Photo:
    """A picture in a file: its media type, and the SHA-1 of its bytes in hexadecimal (XEP-0153 §2.1)."""

    path: Path
    type: str
    sha1: str


@dataclass(frozen=True, slots=True)
class Person:
    """One human being. ``work`` and ``agent`` are local parts; absent means no such licence."""

    name: str
    work: str | None = None
    agent: str | None = None
    title: str = ""
    groups: frozenset[str] = frozenset()
    queues: frozenset[str] = frozenset()
    supervises: frozenset[str] = frozenset()
    photo: Photo | None = None

    def local_part(self, side: Side) -> str | None:
        return self.work if side is Side.WORK else self.agent

    @property
    def is_supervisor(self) -> bool:
        return bool(self.supervises)


@dataclass(frozen=True, slots=True)
class Directory:
    """The people of one tenant at one moment. Immutable; replaced as a whole."""

    people: tuple[Person, ...]
    groups: Mapping[str, Team]
    queues: Mapping[str, Team]


@dataclass(frozen=True, slots=True)
class Party:
    """A person in one of their roles: one account, one face (AD1).

    ``has_namesake``: another face of the tenant has the same name.
    """

    tenant: Tenant
    side: Side
    person: Person
    has_namesake: bool = field(default=False, compare=False, repr=False)
    account: str = field(init=False, compare=False, repr=False)
    """The real bare address, which never crosses to others (AD2)."""
    face: str = field(init=False, compare=False, repr=False)
    """The bare address under which everybody else sees this party."""
    name: str = field(init=False, compare=False, repr=False)
    """The name that everybody else sees."""
    full_name: str = field(init=False, compare=False, repr=False)
    """The same where no address is shown: for namesakes, with the address of the face."""

    def __post_init__(self) -> None:
        """Addresses are computed once, as each message needs them a dozen times. Without the licence there is none."""
        local_part = self.person.local_part(self.side)
        if local_part is not None:
            object.__setattr__(self, "account", f"{local_part}@{self.tenant.account_host(self.side)}")
            object.__setattr__(self, "face", f"{local_part}@{self.tenant.face_host(self.side)}")
        is_second_face = self.side is Side.WORK and self.person.agent is not None
        suffix = self.tenant.work_suffix if is_second_face else ""
        object.__setattr__(self, "name", self.person.name + suffix if suffix else self.person.name)
        object.__setattr__(self, "full_name", f"{self.name} ({self.face})" if self.has_namesake else self.name)

    @property
    def is_operator(self) -> bool:
        """Whether this account is an operator of the tenant (D4)."""
        return self.account in self.tenant.operators


@dataclass(frozen=True, slots=True)
class RosterItem:
    """A contact in an account's roster, as ejabberd has it. ``subscription`` is ``none``, ``from``, ``to`` or ``both``
    (RFC 6121 §2.1.2.5); ``asks``: a subscription request to the contact is pending."""

    name: str = ""
    groups: frozenset[str] = frozenset()
    subscription: str = "none"
    asks: bool = False

    @property
    def sees(self) -> bool:
        """Whether the account gets the contact's presence."""
        return self.subscription in ("to", "both")


@dataclass(frozen=True, slots=True)
class XmppSettings:
    """The component stream (XEP-0114)."""

    host: str
    port: int
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class EjabberdSettings:
    """ejabberd's HTTP API, without a trailing slash."""

    api_url: str


@dataclass(frozen=True, slots=True)
class StorageSettings:
    """``sqlite:///FILE``, or ``postgresql://USER@HOST/DATABASE`` without a password; paths are absolute."""

    url: str


@dataclass(frozen=True, slots=True)
class WebSettings:
    """``listen`` is HOST:PORT; ``link_days`` the life of links to files and formatted messages."""

    listen: str = "127.0.0.1:8088"
    public_url: str = "http://127.0.0.1:8088"
    link_days: int = 30


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes of a stanza, characters of a body, messages a second of one sender (C18).

    ``logout_seconds`` is how long an account without a session still counts as logged in (P4).
    """

    stanza_bytes: int = 262_144
    body_chars: int = 20_000
    messages_per_second: float = 20
    burst: int = 40
    logout_seconds: float = 3.0


@dataclass(frozen=True, slots=True)
class Settings:
    """The whole configuration file, checked (O1)."""

    xmpp: XmppSettings
    ejabberd: EjabberdSettings
    storage: StorageSettings
    tenants: tuple[Tenant, ...]
    web: WebSettings = WebSettings()
    limits: Limits = Limits()
