"""``deskbridge archive``: statistics, export, deletion and holds (A8, O5), also while the bridge runs."""

import json
import os
import sys
from contextlib import ExitStack
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TextIO

import click

from component.model import Settings, Tenant
from component.store.api import ArchivedMessage, FoundLink, Store, TenantStatistics

from .archive_copy import archive_copy
from .holds import hold
from .store_access import (
    account_option,
    enter,
    moment,
    one_tenant_option,
    settings_option,
    tenant_option,
    us,
    with_store,
)

AT_ONCE = 200
"""Messages that are exported at a time."""


@click.group()
def archive() -> None:
    """Statistics, export and deletion of archived messages, and holds on them."""


archive.add_command(archive_copy)
archive.add_command(hold)


@archive.command()
@settings_option
def stats(settings: Settings) -> None:
    """Show what is in the archive."""
    found = with_store(settings, Store.stats)
    for tenant, numbers in found.tenants.items():
        click.echo(f"{tenant}: {_summary(numbers)}")
    click.echo(f"database: {found.size / 1_000_000:.1f} MB")


@archive.command()
@settings_option
@account_option
@click.option("--output", type=click.Path(path_type=Path), help="A new file, readable only by you.")
@one_tenant_option
def export(settings: Settings, account: str | None, output: Path | None, tenant: Tenant) -> None:
    """Print the messages of a tenant as lines of JSON.

    The oldest come first, with real addresses; including withdrawn messages and those that only a hold keeps. It is
    entered in the audit log.
    """
    with ExitStack() as files:
        target = sys.stdout if output is None else files.enter_context(_private_file(output))
        with_store(settings, lambda store: _export(store, tenant, account, target))


@archive.command()
@settings_option
@tenant_option
@click.option("--days", type=click.IntRange(min=1), help="Instead of the tenants' retention_days.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def purge(settings: Settings, tenant: Tenant | None, days: int | None, yes: bool) -> None:
    """Delete what is past its retention, now; a running bridge does that once a day. It is entered in the audit log."""
    tenants = (tenant,) if tenant else settings.tenants
    if days is not None and not yes:
        names = " and ".join(each.id for each in tenants)
        click.confirm(f"Delete all messages of {names} that are older than {days} days?", abort=True)
    for each in tenants:
        kept_days = days or each.retention_days
        if kept_days:
            click.echo(f"{each.id}: {_purge(settings, each, kept_days)}")
        else:
            click.echo(f"{each.id}: messages are kept indefinitely (retention_days = 0)")


def _purge(settings: Settings, tenant: Tenant, days: int) -> str:
    return with_store(settings, lambda store: _enter_and_purge(store, tenant, days))


async def _enter_and_purge(store: Store, tenant: Tenant, days: int) -> str:
    """Two entries in the audit log: the first one is there even if the purge is interrupted."""
    await enter(store, tenant, "archive.purge", f"messages older than {days} days")
    purged = await store.purge(tenant.id, us(datetime.now(UTC) - timedelta(days=days)))
    done = (
        f"{purged.deleted} messages and {purged.conversations} conversations deleted, "
        f"{purged.held} messages kept for holds"
    )
    await enter(store, tenant, "archive.purged", f"messages older than {days} days", done)
    return done


def _summary(numbers: TenantStatistics) -> str:
    text = f"{numbers.messages} messages in {numbers.conversations} conversations of {numbers.accounts} accounts"
    if numbers.oldest is not None and numbers.newest is not None:
        text += f", from {moment(numbers.oldest):%Y-%m-%d} to {moment(numbers.newest):%Y-%m-%d}"
    return f"{text}; {numbers.held} kept for holds only" if numbers.held else text


async def _export(store: Store, tenant: Tenant, account: str | None, target: TextIO) -> None:
    await enter(store, tenant, "archive.exported", account or "everybody")
    some: list[ArchivedMessage] = []
    async for message in store.export(tenant.id, account):
        some.append(message)
        if len(some) == AT_ONCE:
            await _write_some(store, some, target)
            some.clear()
    await _write_some(store, some, target)


async def _write_some(store: Store, messages: list[ArchivedMessage], target: TextIO) -> None:
    """With the content of their links: a held message is held with all of it."""
    links = await store.links.of_messages([message.id for message in messages])
    for message in messages:
        own = [_exported_link(found) for found in links if found.link.message_id == message.id]
        target.write(json.dumps({**_exported(message), "links": own}, ensure_ascii=False) + "\n")


def _exported(message: ArchivedMessage) -> dict[str, object]:
    """All fields, with times a person can read."""
    return {**asdict(message), "sent_at": _readable(message.sent_at), "withdrawn_at": _readable(message.withdrawn_at)}


def _exported_link(found: FoundLink) -> dict[str, object]:
    link = found.link
    return {
        "id": link.id,
        "kind": link.kind,
        "title": link.title,
        "content": found.content,
        "expires_at": _readable(link.expires_at),
        "revoked_at": _readable(link.revoked_at),
        "opened": link.opened,
    }


def _readable(us: int | None) -> str | None:
    return None if us is None else moment(us).isoformat()


def _private_file(path: Path) -> TextIO:
    try:
        return os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="utf-8")
    except OSError as problem:
        raise click.ClickException(f"cannot write {path}: {problem.strerror}") from problem
