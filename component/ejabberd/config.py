"""ejabberd's configuration, made from deskbridge's own so that the two cannot drift (O2). Pure.

``complete`` is the whole ``ejabberd.yml`` of a new server, ``part`` what an existing one must add. Both print the same
pieces; ``complete`` only puts more beside them.
"""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from component.ejabberd.modules import WORK_MODULES, bridge_rule, desk_modules, work_grants
from component.ejabberd.yaml import Node, dump, note
from component.model import Settings

LOOPBACK = "127.0.0.1"
API_COMMANDS = ("add_rosteritem", "delete_rosteritem", "get_roster", "user_resources", "status")
"""All that deskbridge asks ejabberd's HTTP API for."""

SECRET_PLACEHOLDER = "the content of deskbridge's secret_file"

_HEADER = """\
# ejabberd.yml for deskbridge, made by `deskbridge ejabberd-config`. Change deskbridge's configuration, not this.
#
# ejabberd must find the guard, ejabberd/mod_desk_guard.erl: compile it with erlc, and in ejabberdctl.cfg set
# ERL_OPTIONS="-pa DIRECTORY-OF-THE-BEAM". Without it ejabberd refuses to start, and it should.

"""
_PART_HEADER = """\
# What an existing ejabberd.yml must add for deskbridge, made by `deskbridge ejabberd-config --part`. Keep it as a file
# of its own, named in ejabberd.yml:
#
#   include_config_file:
#     - /etc/ejabberd/deskbridge.yml
#
# ejabberd adds it to its own lists. The Work hosts are taken to be served already, with mod_roster, and mod_mam if
# Work users shall have a history. The listener for clients must take stanzas larger than deskbridge's limit of
# {stanza_bytes} bytes (max_stanza_size), so that deskbridge refuses them politely.
#
# ejabberd must find the guard, ejabberd/mod_desk_guard.erl: compile it with erlc, and in ejabberdctl.cfg set
# ERL_OPTIONS="-pa DIRECTORY-OF-THE-BEAM". Without it ejabberd refuses to start, and it should.

"""


@dataclass(frozen=True, slots=True)
class Site:
    """What a complete configuration needs to know besides deskbridge's own. The defaults suit Debian's ejabberd.

    ``http_url`` is how clients reach the HTTP listener, through a web server in front of it; ``@HOST@`` stands for
    the virtual host. ``extra_commands`` opens more of the HTTP API: for demonstrations and tests only.
    """

    client_ip: str = "::"
    client_port: int = 5222
    http_port: int = 5280
    http_url: str = "https://@HOST@"
    certificate: str | None = "/etc/ejabberd/ejabberd.pem"
    spool: str = "/var/lib/ejabberd"
    bytes_per_second: int | None = 500_000
    extra_commands: tuple[str, ...] = ()
    loglevel: str = "info"


def complete(settings: Settings, site: Site = Site(), *, with_secret: bool) -> str:
    """A whole ``ejabberd.yml``. Without the secret a placeholder stands in its place."""
    hosts = [host for tenant in settings.tenants for host in (tenant.work_host, tenant.desk_host)]
    pieces: dict[str, Node] = {
        "hosts": hosts,
        "loglevel": site.loglevel,
        **_storage(site),
        **_security(site),
        "listen": [*_client_listeners(settings, site), *_our_listeners(settings, with_secret)],
        "acl": {"local": {"user_regexp": ""}, **_acl(settings)},
        "access_rules": {"local": {"allow": "local"}, **_access_rules(settings)},
        "api_permissions": {**_console_permission(), **_api_permission(site.extra_commands)},
        **_shapers(site),
        note("modules", "The Work hosts' modules."): {**WORK_MODULES, "mod_http_upload": _upload(site)},
        **_host_modules(settings),
    }
    return _HEADER + dump(pieces)


def part(settings: Settings, *, with_secret: bool) -> str:
    """Only what an existing server must add, to be included by its ``ejabberd.yml``."""
    pieces: dict[str, Node] = {
        "hosts": [tenant.desk_host for tenant in settings.tenants],
        "listen": _our_listeners(settings, with_secret),
        "acl": _acl(settings),
        "access_rules": _access_rules(settings),
        "api_permissions": _api_permission(()),
        **_host_modules(settings),
    }
    return _PART_HEADER.format(stanza_bytes=settings.limits.stanza_bytes) + dump(pieces)


def stream_limit(settings: Settings) -> int:
    """Bytes of the largest stanza ejabberd takes. Twice deskbridge's own limit: a stream that breaks it is closed,
    whereas deskbridge answers with a stanza error (C18)."""
    return 2 * settings.limits.stanza_bytes


# --- both -----------------------------------------------------------------------------------------------------------


def _our_listeners(settings: Settings, with_secret: bool) -> list[Node]:
    secret = settings.xmpp.secret if with_secret else SECRET_PLACEHOLDER
    faces = [host for tenant in settings.tenants for host in tenant.component_hosts]
    return [
        {
            note("port", "deskbridge: one stream carries all its component hosts."): settings.xmpp.port,
            "ip": _loopback(settings.xmpp.host),
            "module": "ejabberd_service",
            "access": "all",
            "max_stanza_size": stream_limit(settings),
            "hosts": {face: {"password": secret} for face in faces},
        },
        {
            note("port", "The HTTP API, for deskbridge alone: never open it to others."): _api_port(settings),
            "ip": _loopback(urlsplit(settings.ejabberd.api_url).hostname),
            "module": "ejabberd_http",
            "request_handlers": {_api_path(settings): "mod_http_api"},
        },
    ]


def _acl(settings: Settings) -> dict[str, Node]:
    return {bridge_rule(tenant): {"server": tenant.service} for tenant in settings.tenants}


def _access_rules(settings: Settings) -> dict[str, Node]:
    rules = (bridge_rule(tenant) for tenant in settings.tenants)
    return {rule: {"allow": rule} for rule in rules}


def _api_permission(extra_commands: Iterable[str]) -> dict[str, Node]:
    commands = [*API_COMMANDS, *extra_commands]
    return {"deskbridge": {"from": "mod_http_api", "who": {"ip": "127.0.0.0/8"}, "what": commands}}


def _host_modules(settings: Settings) -> dict[str, Node]:
    """``host_config`` replaces a host's modules, ``append_host_config`` adds to them."""
    desk = {t.desk_host: {"s2s_access": "none", "modules": desk_modules(t)} for t in settings.tenants}
    work = {t.work_host: {"modules": work_grants(t)} for t in settings.tenants}
    return {
        note("host_config", "The desk hosts have modules of their own, and no others."): desk,
        note("append_host_config", "What deskbridge may do on the Work hosts."): work,
    }


def _loopback(host: str | None) -> str:
    """Listeners want an address; whatever else names this machine means loopback."""
    try:
        return str(ipaddress.ip_address(host or LOOPBACK))
    except ValueError:
        return LOOPBACK


def _api_port(settings: Settings) -> int:
    return urlsplit(settings.ejabberd.api_url).port or 80


def _api_path(settings: Settings) -> str:
    return urlsplit(settings.ejabberd.api_url).path.rstrip("/") or "/"


# --- complete only --------------------------------------------------------------------------------------------------


def _storage(site: Site) -> dict[str, Node]:
    return {
        note("default_db", "Accounts, rosters and archives in one durable file."): "sql",
        "sql_type": "sqlite",
        "sql_database": f"{site.spool}/ejabberd.sqlite",
        note("new_sql_schema", "Several virtual hosts share the database."): True,
        "auth_password_format": "scram",
    }


def _security(site: Site) -> dict[str, Node]:
    pieces: dict[str, Node] = {"disable_sasl_mechanisms": ["digest-md5", "X-OAUTH2"]}
    if site.certificate:
        pieces["certfiles"] = [site.certificate]
    pieces[note("s2s_access", "One organisation: no federation with other servers.")] = "none"
    return pieces


def _client_listeners(settings: Settings, site: Site) -> list[Node]:
    limit = stream_limit(settings)
    clients: dict[str, Node] = {
        note("port", "XMPP clients."): site.client_port,
        "ip": site.client_ip,
        "module": "ejabberd_c2s",
        "access": "all",
        "shaper": "clients",
        "max_stanza_size": limit,
    }
    if site.certificate:
        clients["starttls_required"] = True
    web: dict[str, Node] = {
        note("port", "WebSocket and uploads, for a web server in front of it that adds TLS."): site.http_port,
        "ip": LOOPBACK,
        "module": "ejabberd_http",
        "request_handlers": {"/ws": "ejabberd_http_ws", "/upload": "mod_http_upload"},
    }
    return [clients, web]


def _upload(site: Site) -> Node:
    """The virtual hosts share an address, so the path must tell them apart."""
    return {"docroot": f"{site.spool}/upload", "put_url": f"{site.http_url}/upload/@HOST@"}


def _console_permission() -> dict[str, Node]:
    return {"console": {"from": "ejabberd_ctl", "who": "all", "what": "*"}}


def _shapers(site: Site) -> dict[str, Node]:
    if site.bytes_per_second is None:
        return {"shaper_rules": {"clients": "none"}}
    rate = site.bytes_per_second
    return {
        "shaper": {"clients": {"rate": rate, "burst_size": 4 * rate}},
        "shaper_rules": {"clients": "clients"},
    }
