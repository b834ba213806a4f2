"""``deskbridge restore``: a copy of the database takes its place (H6)."""

import asyncio
from pathlib import Path

import click

from component.config.storage_urls import SQLITE
from component.model import Settings
from component.store.api import Store, StoreError, restore_backup, store_lease

from .store_access import enter, settings_option, with_store


@click.command()
@settings_option
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False), required=False)
@click.option("--yes", is_flag=True, help="Do not ask.")
def restore(settings: Settings, file: Path | None, yes: bool) -> None:
    """Put FILE, which `deskbridge backup` wrote, in the place of the database. The bridge must not be running.

    The present database is kept beside it. Without FILE the database stays as it is: after it was put back by other
    means, by pg_restore or with the whole disk. In either case no archive id is issued again that was issued since the
    copy was made. It is entered in the audit log.
    """
    url = settings.storage.url
    if file is not None and not url.startswith(SQLITE):
        raise click.ClickException("the database is PostgreSQL's: use pg_restore, then this command without a file")
    if file is not None and not yes:
        click.confirm(f"Put {file} in the place of {url}? What happened since the backup is lost.", abort=True)
    try:
        replaced = asyncio.run(_restore(url, file))
    except StoreError as problem:
        raise click.ClickException(f"the database {url}: {problem}") from problem
    with_store(settings, lambda store: _enter(store, settings, file))
    click.echo(f"restored; the database of before is {replaced}" if replaced else "restored")


async def _restore(url: str, file: Path | None) -> Path | None:
    lease = store_lease(url, "`deskbridge restore`")
    await lease.acquire()
    try:
        if file is not None:
            return await restore_backup(url, file)
        store = await Store.open(url)
        try:
            await store.note_restore()
        finally:
            await store.close()
        return None
    finally:
        await lease.release()


async def _enter(store: Store, settings: Settings, file: Path | None) -> None:
    for tenant in settings.tenants:
        await enter(store, tenant, "archive.restored", str(file or "by other means"))
