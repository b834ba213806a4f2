"""What a reload may change, and what only a restart can (D1)."""

from collections.abc import Callable, Coroutine
from typing import Any

from component.config.problems import LoadError
from component.model import Settings, Tenant


class ReloadError(Exception):
    """The new configuration takes a restart. The text says why."""


Reload = Callable[[], Coroutine[Any, Any, LoadError | ReloadError | None]]
"""Reads the files again and puts them in force; returns what is wrong with them, if that was refused."""


def refuse_new_wiring(old: Settings, new: Settings) -> None:
    """Hosts are registered with ejabberd, and databases opened, only at start. Raises ``ReloadError``."""
    for name in ("xmpp", "ejabberd", "storage", "web"):
        if getattr(old, name) != getattr(new, name):
            raise ReloadError(f"[{name}] changed, which takes a restart of deskbridge")
    if {_wiring(tenant) for tenant in old.tenants} != {_wiring(tenant) for tenant in new.tenants}:
        raise ReloadError("tenants or their hosts changed, which takes a restart of deskbridge")


def _wiring(tenant: Tenant) -> tuple[str, ...]:
    return (tenant.id, tenant.work_host, tenant.desk_host, tenant.agent_faces, tenant.work_faces)
