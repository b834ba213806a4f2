"""``deskbridge backup``: a copy of the database, while the bridge runs (H6)."""

from pathlib import Path

import click

from component.config.storage_urls import SQLITE
from component.model import Settings
from component.store.api import Store, StoreError, back_up

from .store_access import enter, settings_option, with_store


@click.command()
@settings_option
@click.argument("file", type=click.Path(path_type=Path))
def backup(settings: Settings, file: Path) -> None:
    """Write all that deskbridge stores into the new file FILE, readable only by you, also while the bridge runs.

    `deskbridge restore FILE` puts it back. It is entered in the audit log.
    """
    url = settings.storage.url
    if not url.startswith(SQLITE):
        raise click.ClickException("the database is PostgreSQL's: make its backups with pg_dump")
    with_store(settings, lambda store: _enter(store, settings, file))
    try:
        back_up(url, file)
    except StoreError as problem:
        raise click.ClickException(str(problem)) from problem
    click.echo(f"{file}: {file.stat().st_size / 1_000_000:.1f} MB")


async def _enter(store: Store, settings: Settings, file: Path) -> None:
    for tenant in settings.tenants:
        await enter(store, tenant, "archive.backed-up", str(file))
