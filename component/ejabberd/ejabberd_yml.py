"""ejabberd's configuration, made from deskbridge's own so that the two cannot drift (O2). Pure.

``complete`` is the whole ``ejabberd.yml`` of a new server, ``part`` what an existing one must add. Both print the
same pieces; ``complete`` only puts more beside them.
"""

from component.model import Settings

from . import ejabberd_yml_parts as pieces
from . import site
from .modules import bridge_rule
from .site import LOOPBACK, Site
from .yaml import Node, dump, note

__all__ = ["LOOPBACK", "Site", "complete", "part"]

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
# Clients offer Work users the search for agents only where the server lists its host, so mod_disco, which ejabberd
# lets no two files configure, should have there as one of its extra_domains:
#
{{services}}#
{GUARD}
"""
HOST_CONFIG = note("host_config", "The desk hosts have modules of their own, and no others.")
APPEND_HOST_CONFIG = note("append_host_config", "What deskbridge may do on the Work hosts.")


def complete(settings: Settings, own: Site = Site(), *, with_secret: bool) -> str:  # noqa: B008
    """A whole ``ejabberd.yml``. ``with_secret`` puts the component's secret in, else there is a placeholder."""
    hosts = [host for tenant in settings.tenants for host in (tenant.work_host, tenant.desk_host)]
    limit = pieces.stanza_limit(settings)
    desk = pieces.desk_hosts(settings)
    document: dict[str, Node] = {
        "hosts": hosts,
        "loglevel": own.loglevel,
        **site.storage(),
        **site.security(own),
        "listen": [*site.client_listeners(own, limit), *pieces.bridge_listeners(settings, with_secret)],
        "acl": {"local": {"user_regexp": ""}, **pieces.acl(settings)},
        "access_rules": {"local": {"allow": "local"}, **pieces.access_rules(settings)},
        "api_permissions": {**site.console_permission(), **pieces.api_permission(own.extra_commands)},
        **site.shapers(own),
        note("modules", "The Work hosts' modules."): site.work_modules(own, settings),
        HOST_CONFIG: {host: {**site.host_storage(own, host), **desk.get(host, {})} for host in hosts},
        APPEND_HOST_CONFIG: pieces.work_hosts(settings, new=True),
    }
    return COMPLETE_HEADER + dump(document)


def part(settings: Settings, *, with_secret: bool) -> str:
    """Only what an existing server must add, to be included by its ``ejabberd.yml``."""
    document: dict[str, Node] = {
        "hosts": [tenant.desk_host for tenant in settings.tenants],
        "listen": pieces.bridge_listeners(settings, with_secret),
        "acl": pieces.acl(settings),
        "access_rules": pieces.access_rules(settings),
        "api_permissions": pieces.api_permission(),
        HOST_CONFIG: pieces.desk_hosts(settings),
        APPEND_HOST_CONFIG: pieces.work_hosts(settings, new=False),
    }
    bridges = " and ".join(f"`allow: {bridge_rule(tenant)}`" for tenant in settings.tenants)
    services = "".join(f"#   {tenant.work_host}: {tenant.service}\n" for tenant in settings.tenants)
    header = PART_HEADER.format(stanza_limit=pieces.stanza_limit(settings), bridges=bridges, services=services)
    return header + dump(document)
