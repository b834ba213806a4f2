"""What commands on the configuration and the directories share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from component.config.problems import LoadError
from component.directory.world import World
from component.loading import load
from component.model import Settings


def config_as(parameter: str, **more: Any) -> Callable[[Any], Any]:
    """``--config``, whose value the command gets as ``parameter``."""
    return click.option(
        "--config",
        parameter,
        type=click.Path(path_type=Path),
        default=Path("deskbridge.toml"),
        show_default=True,
        help="The configuration file.",
        **more,
    )


config_option = config_as("path")


def load_files(path: Path) -> tuple[Settings, World]:
    """Raises ``ClickException`` with everything that is wrong."""
    try:
        return load(path)
    except LoadError as problem:
        raise click.ClickException(str(problem)) from problem
