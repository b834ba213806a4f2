"""The pieces of ``ejabberd.yml`` that every server with deskbridge needs, new or existing."""

import ipaddress
from collections.abc import Iterable
from urllib.parse import urlsplit

from component.model import Settings

from .modules import bridge_rule, desk_modules, work_discovery, work_grants
from .site import LOOPBACK
from .yaml import Node, note

API_COMMANDS = (
    "add_rosteritem",
    "delete_rosteritem",
    "get_roster",
    "user_resources",
    "connected_users_vhost",
    "status",
)
"""All that deskbridge asks ejabberd's HTTP API for."""

SECRET_PLACEHOLDER = "the content of deskbridge's secret_file"


SMALLEST_STANZA_LIMIT = 128 * 1024
"""In bytes. What deskbridge itself says, in lists and forms, is not to be too large."""


def stanza_limit(settings: Settings) -> int:
    """Bytes of the largest stanza that ejabberd takes.

    Twice deskbridge's own limit: deskbridge answers what is too large with a stanza error (C18), ejabberd closes
    the stream.
    """
    return max(2 * settings.limits.stanza_bytes, SMALLEST_STANZA_LIMIT)


def api_port(settings: Settings) -> int:
    return urlsplit(settings.ejabberd.api_url).port or 80


def bridge_listeners(settings: Settings, with_secret: bool) -> list[Node]:
    secret = settings.xmpp.secret if with_secret else SECRET_PLACEHOLDER
    faces = [host for tenant in settings.tenants for host in tenant.component_hosts]
    api = urlsplit(settings.ejabberd.api_url)
    return [
        {
            note("port", "deskbridge: one stream carries all its component hosts."): settings.xmpp.port,
            "ip": _address(settings.xmpp.host),
            "module": "ejabberd_service",
            "access": "all",
            "max_stanza_size": stanza_limit(settings),
            "hosts": {face: {"password": secret} for face in faces},
        },
        {
            note("port", "The HTTP API, for deskbridge alone: never open it to others."): api_port(settings),
            "ip": _address(api.hostname),
            "module": "ejabberd_http",
            "request_handlers": {api.path.rstrip("/") or "/": "mod_http_api"},
        },
    ]


def acl(settings: Settings) -> dict[str, Node]:
    """Who the services are: a component has the address of its host."""
    return {bridge_rule(tenant): {"server": tenant.service} for tenant in settings.tenants}


def access_rules(settings: Settings) -> dict[str, Node]:
    rules = (bridge_rule(tenant) for tenant in settings.tenants)
    return {rule: {"allow": rule} for rule in rules}


def api_permission(extra_commands: Iterable[str] = ()) -> dict[str, Node]:
    commands = [*API_COMMANDS, *extra_commands]
    return {"deskbridge": {"from": "mod_http_api", "who": {"ip": "127.0.0.0/8"}, "what": commands}}


def desk_hosts(settings: Settings) -> dict[str, dict[str, Node]]:
    """For ``host_config``, where a host's modules replace all others."""
    return {t.desk_host: {"s2s_access": "none", "modules": desk_modules(t)} for t in settings.tenants}


def work_hosts(settings: Settings, *, new: bool) -> dict[str, Node]:
    """For ``append_host_config``, which adds to a host's modules. A ``new`` server has all of them from here."""
    return {
        t.work_host: {"modules": {**work_grants(t), **(work_discovery(t) if new else {})}} for t in settings.tenants
    }


def _address(host: str | None) -> str:
    """Listeners want an address. A name, such as ``localhost``, is taken to mean this machine."""
    try:
        return str(ipaddress.ip_address(host or LOOPBACK))
    except ValueError:
        return LOOPBACK
