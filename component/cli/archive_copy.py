"""``deskbridge archive copy``: moving to another database, perhaps of another kind (H5)."""

import asyncio

import click

from component.config.storage_urls import storage_url
from component.model import Settings
from component.store.api import StoreError, copy_database

from .store_access import operator, settings_option


def _read_url(_context: click.Context, _option: click.Parameter, text: str) -> str:
    try:
        return storage_url(text)
    except ValueError as problem:
        raise click.BadParameter(str(problem)) from problem


@click.command("copy")
@settings_option
@click.option(
    "--to", "target", metavar="URL", required=True, callback=_read_url, help="Of a new database, as in [storage] url."
)
def archive_copy(settings: Settings, target: str) -> None:
    """Copy everything that deskbridge stores to another database, and compare the two.

    No deskbridge may run meanwhile. If it is interrupted, run it again: it goes on where it was. Afterwards set url in
    [storage] to the new database, and start deskbridge. Archive ids stay what they were.
    """
    holder = f"`deskbridge archive copy`, run by {operator()}"
    told = ""

    def tell(table: str, rows: int) -> None:
        nonlocal told
        click.echo(f"{'' if told in ('', table) else chr(10)}\r{table}: {rows}", nl=False, err=True)
        told = table

    try:
        copied = asyncio.run(copy_database(settings.storage.url, target, holder, tell))
    except StoreError as problem:
        raise click.ClickException(f"not copied: {problem}") from problem
    finally:
        click.echo(err=True)
    for table, rows in copied.items():
        click.echo(f"{table}: {rows}")
    click.echo("copied, and the same in both: set [storage] url to the new database")
