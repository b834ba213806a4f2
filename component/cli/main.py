"""``deskbridge``: its commands, each imported when it is run, and how its log lines look (O4)."""

import json
import logging
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import import_module
from types import MappingProxyType

import click

from component import __version__

TEXT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"

COMMANDS: Mapping[str, str] = MappingProxyType(
    {
        "archive": "archive",
        "audit": "audit",
        "backup": "backup",
        "check": "check",
        "demo": "demo",
        "ejabberd-config": "ejabberd_config",
        "explain": "explain",
        "links": "links",
        "restore": "restore",
        "run": "run",
        "transcripts": "transcripts",
    }
)
"""Name -> the module in this package and the command in it, which have the same name."""


class JsonLines(logging.Formatter):
    """One JSON object for each line, with the same content as the text form, and the time in UTC."""

    def format(self, record: logging.LogRecord) -> str:
        fields = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            fields["exception"] = self.formatException(record.exc_info)
        return json.dumps(fields, ensure_ascii=False)


def set_up_logging(level: str, form: str) -> None:
    """Log to standard error, in the form ``text`` or ``json``."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if form == "json" else logging.Formatter(TEXT))
    logging.basicConfig(level=level.upper(), handlers=[handler])
    # Below these levels their messages repeat what the bridge logs itself.
    logging.getLogger("slixmpp").setLevel(logging.CRITICAL)
    logging.getLogger("alembic").setLevel(logging.WARNING)


class CommandGroup(click.Group):
    """Imports only the command that is run, so that ``run`` does not keep the others' modules in memory for months."""

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
    set_up_logging(log_level, log_format)
