"""``deskbridge check``: whether the configuration and the directories are valid."""

from pathlib import Path

import click

from component.model import Side

from .config_files import config_option, load_files


@click.command()
@config_option
def check(path: Path) -> None:
    """Check the configuration and all directories."""
    settings, world = load_files(path)
    for tenant in settings.tenants:
        directory = world.directory(tenant)
        agents, users = (len(world.parties(tenant, side)) for side in (Side.AGENT, Side.WORK))
        click.echo(
            f"{tenant.id}: mode {tenant.mode.value}, version {tenant.version}, {len(directory.people)} people "
            f"({agents} agents, {users} Work users), "
            f"{len(directory.groups)} groups, {len(directory.queues)} queues"
        )
    click.echo("The configuration and the directories are in order.")
