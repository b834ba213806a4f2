"""``deskbridge ejabberd-config``: ejabberd's configuration."""

from pathlib import Path

import click

from component.ejabberd.ejabberd_yml import complete
from component.ejabberd.ejabberd_yml import part as only_part
from component.ejabberd.site import EjabberdDatabase, Site

from .config_files import config_option, load_files


@click.command("ejabberd-config")
@config_option
@click.option("--part", is_flag=True, help="Only what an existing server has to add.")
@click.option(
    "--database",
    type=click.Choice(["sqlite", "postgresql"]),
    help="Where a new ejabberd keeps accounts and archives: SQLite files, unless you say postgresql.",
)
@click.option("--with-secret", is_flag=True, help="Include the component's secret, instead of a placeholder.")
def ejabberd_config(path: Path, part: bool, database: str | None, with_secret: bool) -> None:
    """Print the configuration that ejabberd needs for the tenants of the configuration."""
    if part and database:
        raise click.UsageError("an existing server keeps its database: leave out --part or --database")
    settings, _ = load_files(path)
    if part:
        text = only_part(settings, with_secret=with_secret)
    else:
        own = Site(postgresql=EjabberdDatabase() if database == "postgresql" else None)
        text = complete(settings, own, with_secret=with_secret)
    click.echo(text, nl=False)
