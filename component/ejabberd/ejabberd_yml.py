"""ejabberd's configuration, made from deskbridge's own so that the two cannot differ (O2). Pure.

``complete`` is the whole ``ejabberd.yml`` of a new server, ``part`` what an existing one must add. Both print the same
sections; ``complete`` adds those that only a server of deskbridge's own needs.
"""

import ipaddress
from collections.abc import Iterable
from urllib.parse import urlsplit

from component.model import Settings

from . import site
from .modules import bridge_rule, desk_modules, work_discovery, work_grants
from .site import LOOPBACK, Site
from .yaml import Node, dump, note

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
"""In bytes. Lists and forms of deskbridge itself must fit."""

GUARD = """\
# ejabberd must find the guard, mod_desk_guard.beam: compile ejabberd/mod_desk_guard.erl with erlc, and set
# ERL_OPTIONS="-pa FOLDER-OF-THE-BEAM +sss 8192" in ejabberdctl.cfg. ejabberd refuses to start without it, as it
# should. The larger stack (+sss) keeps a client from crashing ejabberd with one deeply nested stanza.
"""
COMPLETE_HEADER = f"""\
# ejabberd.yml for deskbridge, made by `deskbridge ejabberd-config`. For changes that deskbridge's configuration
# covers (hosts, ports, limits), change that and print this again.
#
{GUARD}
"""
PART_HEADER = f"""\
# What an existing ejabberd.yml must add for deskbridge, made by `deskbridge ejabberd-config --part`. Keep it as a
# file of its own, named in ejabberd.yml; ejabberd joins the lists:
#
#   include_config_file:
#     - /etc/ejabberd/deskbridge.yml
#
# The Work hosts are taken to be served already, with mod_roster, and with mod_mam if Work users shall have a
# history. If they have mod_http_upload, its option `access` must allow the services as well as `local`, here
# {{bridges}}, so that deskbridge learns where uploads are and can hide whose they are.
# The listener for clients must take stanzas of max_stanza_size {{stanza_limit}} or more, so that
# deskbridge can refuse large ones politely.
#
# If ejabberd has its accounts in SQL, its hosts must not share tables: either new_sql_schema is true (from 25.10 on
# sql_schema_multihost), or each desk host gets a database of its own (sql_database) in host_config below. Else hosts
# share their accounts, and bob of one logs in as bob of the other.
#
# Clients offer Work users the search for agents only where the server lists its host, so mod_disco, which ejabberd
# lets no two files configure, should have there as one of its extra_domains:
#
{{services}}#
{GUARD}
"""
HOST_CONFIG = note("host_config", "The desk hosts have modules of their own, and no others.")
APPEND_HOST_CONFIG = note("append_host_config", "What deskbridge may do on the Work hosts.")


def stanza_limit(settings: Settings) -> int:
    """Bytes of the largest stanza that ejabberd takes.

    Twice deskbridge's own limit: deskbridge answers a stanza that is too large with an error (C18), ejabberd closes the
    stream.
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
    """The services; a component has the address of its host."""
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
    """For ``append_host_config``, which adds to a host's modules. A ``new`` server has no others."""
    return {
        t.work_host: {"modules": {**work_grants(t), **(work_discovery(t) if new else {})}} for t in settings.tenants
    }


def _address(host: str | None) -> str:
    """Listeners need an address. A name, such as ``localhost``, counts as this machine."""
    try:
        return str(ipaddress.ip_address(host or LOOPBACK))
    except ValueError:
        return LOOPBACK


def complete(settings: Settings, own: Site = Site(), *, with_secret: bool) -> str:  # noqa: B008
    """A whole ``ejabberd.yml``. ``with_secret`` puts the component's secret in, else there is a placeholder."""
    hosts = [host for tenant in settings.tenants for host in (tenant.work_host, tenant.desk_host)]
    limit = stanza_limit(settings)
    desk = desk_hosts(settings)
    of_hosts = {host: {**site.host_storage(own, host), **desk.get(host, {})} for host in hosts}
    document: dict[str, Node] = {
        "hosts": hosts,
        "loglevel": own.loglevel,
        **site.storage(own),
        **site.security(own),
        "listen": [*site.client_listeners(own, limit), *bridge_listeners(settings, with_secret)],
        "acl": {"local": {"user_regexp": ""}, **acl(settings)},
        "access_rules": {"local": {"allow": "local"}, **access_rules(settings)},
        "api_permissions": {**site.console_permission(), **api_permission(own.extra_commands)},
        **site.shapers(own),
        note("modules", "The Work hosts' modules."): site.work_modules(own, settings),
        HOST_CONFIG: {host: options for host, options in of_hosts.items() if options},
        APPEND_HOST_CONFIG: work_hosts(settings, new=True),
    }
    return COMPLETE_HEADER + dump(document)


def part(settings: Settings, *, with_secret: bool) -> str:
    """Only what an existing server must add, to be included by its ``ejabberd.yml``."""
    document: dict[str, Node] = {
        "hosts": [tenant.desk_host for tenant in settings.tenants],
        "listen": bridge_listeners(settings, with_secret),
        "acl": acl(settings),
        "access_rules": access_rules(settings),
        "api_permissions": api_permission(),
        HOST_CONFIG: desk_hosts(settings),
        APPEND_HOST_CONFIG: work_hosts(settings, new=False),
    }
    bridges = " and ".join(f"`allow: {bridge_rule(tenant)}`" for tenant in settings.tenants)
    services = "".join(f"#   {tenant.work_host}: {tenant.service}\n" for tenant in settings.tenants)
    header = PART_HEADER.format(stanza_limit=stanza_limit(settings), bridges=bridges, services=services)
    return header + dump(document)
