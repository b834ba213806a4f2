"""``deskbridge demo``: everything on one machine, to try it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from component.bridge.stream.rivals import HostsTaken
from component.config.problems import LoadError
from component.demo.demo_server import DemoError, Ports
from component.demo.demonstration import run_demo
from component.ejabberd.private_server import EjabberdMissing, EjabberdServerError
from component.store.api import StoreError
from component.web.web_server import WebError

HIGHEST_PORT = 65_533
"""The page uses the next two as well."""


def _port(name: str, what: str) -> Callable[[Any], Any]:
    """The option for one of ``Ports``."""
    ports, default = click.IntRange(1, HIGHEST_PORT), getattr(Ports(), name)
    return click.option(f"--{name}-port", name, type=ports, default=default, show_default=True, help=what)


@click.command()
@click.option("--folder", type=click.Path(path_type=Path), default=Path("run"), show_default=True)
@_port("client", "For XMPP clients.")
@_port("web", "For WebSocket, and for uploads from the demo page.")
@_port("uploads", "For uploads from other clients, over TLS.")
@_port("component", "For deskbridge at ejabberd.")
@_port("api", "Of ejabberd's HTTP API.")
@_port("links", "Of links in messages.")
@_port("page", "Of the demo page, and two more.")
def demo(folder: Path, **ports: int) -> None:
    """Run a private ejabberd with the example tenant, the bridge and a demo page, on loopback."""
    try:
        run_demo(folder, Ports(**ports))
    except (DemoError, EjabberdMissing, EjabberdServerError, LoadError, StoreError, WebError, HostsTaken) as problem:
        raise click.ClickException(str(problem)) from problem
