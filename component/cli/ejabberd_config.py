"""``deskbridge ejabberd-config``: ejabberd's configuration."""

from pathlib import Path

import click

from component.ejabberd.ejabberd_yml import complete
from component.ejabberd.ejabberd_yml import part as only_part

from .config_files import config_option, load_files


@click.command("ejabberd-config")
@config_option
@click.option("--part", is_flag=True, help="Only what an existing server has to add.")
@click.option("--with-secret", is_flag=True, help="Include the component's secret, instead of a placeholder.")
def ejabberd_config(path: Path, part: bool, with_secret: bool) -> None:
    """Print the configuration that ejabberd needs for the tenants of the configuration."""
    settings, _ = load_files(path)
    write = only_part if part else complete
    click.echo(write(settings, with_secret=with_secret), nl=False)
