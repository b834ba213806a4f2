"""Which ejabberd modules run on a Work host and on a desk host, as data."""

from component.model import Side, Tenant

from .yaml import Node, note

DELEGATED = "urn:xmpp:mam:2"
"""Agents query their own account for history; ejabberd delegates these queries to deskbridge (XEP-0355)."""

RESUME_SECONDS = 30
"""A client that lost its network may resume within this time; until then it counts as logged in (P4)."""

ROSTER = note("mod_roster", "With its version on disk, a change to a long roster costs no more than to a short one.")

WORK_MODULES: dict[str, Node] = {
    "mod_adhoc": {},
    "mod_admin_extra": {},
    "mod_blocking": {},
    "mod_caps": {},
    "mod_carboncopy": {},
    "mod_client_state": {},
    "mod_http_api": {},
    note("mod_mam", "The Work users' whole history, chats with agents included."): {"default": "always"},
    "mod_muc": {
        "access_create": "local",
        "access_persistent": "local",
        "default_room_options": {"mam": True},
    },
    "mod_offline": {},
    "mod_ping": {"send_pings": True, "ping_interval": 60, "ping_ack_timeout": 30, "timeout_action": "kill"},
    "mod_privacy": {},
    "mod_private": {},
    "mod_pubsub": {
        "access_createnode": "local",
        "plugins": ["flat", "pep"],
        "force_node_config": {"storage:bookmarks": {"access_model": "whitelist"}},
    },
    ROSTER: {"versioning": True, "store_current_id": True},
    "mod_stream_mgmt": {"resend_on_timeout": "if_offline"},
    "mod_vcard": {"search": False},
    "mod_vcard_xupdate": {},
    "mod_version": {"show_os": False},
}

DESK_MODULES: dict[str, Node] = {
    "mod_adhoc": {},
    "mod_admin_extra": {},
    "mod_carboncopy": {},
    "mod_client_state": {},
    "mod_http_api": {},
    "mod_ping": {"send_pings": True, "ping_interval": 30, "ping_ack_timeout": 20, "timeout_action": "kill"},
    ROSTER: {"versioning": True, "store_current_id": True},
    note("mod_stream_mgmt", "An agent without network is logged out soon, and what they missed is bounced."): {
        "resume_timeout": RESUME_SECONDS,
        "max_resume_timeout": RESUME_SECONDS,
        "ack_timeout": RESUME_SECONDS,
    },
    "mod_vcard": {"search": False},
    "mod_version": {"show_os": False},
}


DISCO = note("mod_disco", "Clients offer a search where the server lists its host.")


def bridge_rule(tenant: Tenant) -> str:
    """The access rule that only the tenant's own service matches (AD4)."""
    return f"{tenant.id}_bridge"


def work_grants(tenant: Tenant) -> dict[str, Node]:
    """What a Work host must load for deskbridge."""
    return {"mod_privilege": _privileges(tenant)}


def work_discovery(tenant: Tenant) -> dict[str, Node]:
    """For a Work host that has no ``mod_disco`` yet: ejabberd accepts no module twice."""
    return {DISCO: {"extra_domains": services(tenant, Side.WORK)}}


def desk_modules(tenant: Tenant) -> dict[str, Node]:
    """Every module of a desk host.

    Left out on purpose: ``mod_mam`` would answer queries of older versions with everything and replace deskbridge's
    ids, ``mod_offline`` would keep what must be refused; rooms, uploads and PEP are not for agents.
    """
    rule = bridge_rule(tenant)
    return {
        note("mod_desk_guard", "No path leads around deskbridge."): {"component_hosts": list(tenant.component_hosts)},
        note("mod_privilege", "XEP-0356, for this tenant's service only."): _privileges(tenant),
        note("mod_delegation", "XEP-0355: deskbridge answers for the agents' archives."): {
            "namespaces": {DELEGATED: {"access": rule}}
        },
        **DESK_MODULES,
        DISCO: {"extra_domains": services(tenant, Side.AGENT)},
    }


def services(tenant: Tenant, side: Side) -> list[Node]:
    """The component hosts that this side can use: the one with the commands, and those for search (M11)."""
    return list(tenant.component_hosts if side is Side.AGENT and tenant.mode.joined else (tenant.service,))


def _privileges(tenant: Tenant) -> Node:
    """One grantee for each tenant, as ejabberd sends every presence once to each grantee."""
    rule = bridge_rule(tenant)
    return {"message": {"outgoing": rule}, "presence": {"managed_entity": rule}}
