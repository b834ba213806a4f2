"""``deskbridge``: its commands, each imported when it is asked for."""

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType

import click

from component import __version__

from . import logs

COMMANDS: Mapping[str, str] = MappingProxyType(
    {
        "archive": "archive",
        "audit": "audit",
        "check": "check",
        "demo": "demo",
        "ejabberd-config": "ejabberd_config",
        "explain": "explain",
        "links": "links",
        "run": "run",
        "transcripts": "transcripts",
    }
)
"""Name -> the module here and the command in it, which are called alike."""


class CommandGroup(click.Group):
    """Imports only the command that is run: ``run`` would keep in memory for months what the others need."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        name = COMMANDS.get(cmd_name)
        if name is None:
            return None
        command: click.Command = getattr(import_module(f".{name}", __package__), name)
        return command


@click.group(cls=CommandGroup)
@click.version_option(__version__, prog_name="deskbridge")
@click.option("--log-level", type=click.Choice(["debug", "info", "warning", "error"]), default="info")
@click.option("--log-format", type=click.Choice(["text", "json"]), default="text", help="json: one object a line.")
def main(log_level: str, log_format: str) -> None:
    """Joins Work users and contact-centre agents on one ejabberd."""
    logs.set_up(log_level, log_format)
