"""What commands on the database share: the settings, a tenant of them, the open store, days and times."""

import asyncio
import os
import pwd
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import click

from component.config.configuration import load_settings
from component.config.problems import LoadError
from component.jid import normalise
from component.model import Settings, Tenant
from component.store.api import Audit, Store, StoreError, has_database

from .config_files import config_as

T = TypeVar("T")

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY = click.DateTime(["%Y-%m-%d"])


def _read_settings(_context: click.Context, _option: click.Parameter, path: Path) -> Settings:
    try:
        return load_settings(path)
    except LoadError as problem:
        raise click.ClickException(str(problem)) from problem


def read_account(_context: click.Context, _option: click.Parameter, text: str | None) -> str | None:
    """An account given as an option, in the form that the store uses."""
    if text is None:
        return None
    address = normalise(text)
    if address is None or address[1] or "@" not in address[0]:
        raise click.BadParameter("has to be the address of an account, such as alice@cc.example.com")
    return address[0]


settings_option = config_as("settings", callback=_read_settings, is_eager=True)
"""Read first, as other options refer to it."""

account_option: Callable[[Any], Any] = click.option(
    "--account", metavar="ACCOUNT", callback=read_account, help="Only messages that this account wrote or got."
)


def _read_tenant(context: click.Context, _option: click.Parameter, id: str | None) -> Tenant | None:
    if id is None:
        return None
    settings: Settings = context.params["settings"]
    for tenant in settings.tenants:
        if tenant.id == id:
            return tenant
    raise click.BadParameter(f"there is no tenant {id!r} in the configuration (there is {_names(settings)})")


def _one_tenant(context: click.Context, option: click.Parameter, id: str | None) -> Tenant:
    given, settings = _read_tenant(context, option, id), context.params["settings"]
    if given is None and len(settings.tenants) > 1:
        raise click.UsageError(f"Say of which tenant with --tenant (there is {_names(settings)}).")
    only: Tenant = given or settings.tenants[0]
    return only


def _names(settings: Settings) -> str:
    return ", ".join(tenant.id for tenant in settings.tenants)


tenant_option: Callable[[Any], Any] = click.option(
    "--tenant", metavar="ID", callback=_read_tenant, help="Only of this tenant; otherwise of all."
)
"""The command gets a tenant, or None for all of them."""

one_tenant_option: Callable[[Any], Any] = click.option(
    "--tenant", metavar="ID", callback=_one_tenant, help="Of this tenant; may be left out where there is only one."
)
"""For commands on one tenant."""


def with_store(settings: Settings, work: Callable[[Store], Awaitable[T]]) -> T:
    """What ``work`` gives for the store of that configuration. Raises ``ClickException`` if it cannot be opened."""
    url = settings.storage.url
    try:
        return asyncio.run(_with_store(url, work))
    except StoreError as problem:
        raise click.ClickException(f"the database {url}: {problem}") from problem


async def enter(store: Store, tenant: Tenant, action: str, subject: str, detail: str = "") -> None:
    """Enter in the audit log what this command is about to do, before it does it."""
    await store.submit(Audit(us(datetime.now(UTC)), tenant.id, operator(), action, subject, detail))


def operator(environ: Mapping[str, str] = os.environ) -> str:
    """Who ran the command, for the audit log: the system's user, and the user who ran sudo. LOGNAME and the like are
    not used, as anybody can set them."""
    number = os.getuid()
    users = {user.pw_uid: user.pw_name for user in pwd.getpwall()}
    name, person = users.get(number, str(number)), environ.get("SUDO_USER")
    return f"operator {name} (sudo by {person})" if person in users.values() and person != name else f"operator {name}"


async def _with_store(url: str, work: Callable[[Store], Awaitable[T]]) -> T:
    if not await has_database(url):
        raise click.ClickException(f"there is no database at {url} yet: `deskbridge run` creates it")
    store = await Store.open(url)
    try:
        return await work(store)
    finally:
        await store.close()


def us(moment: datetime) -> int:
    """A time as the store has it, in us. ``moment`` without a time zone is UTC."""
    return (moment.replace(tzinfo=moment.tzinfo or UTC) - EPOCH) // timedelta(microseconds=1)


def moment(us: int) -> datetime:
    """A time of the store, in UTC."""
    return EPOCH + timedelta(microseconds=us)
