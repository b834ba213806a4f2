"""``deskbridge demo``: everything on one machine, to try it."""

from pathlib import Path

import click

from component.demo import DemoError, Ports
from component.demo import run as run_demo
from component.ejabberd.install import EjabberdMissing
from component.ejabberd.server import EjabberdServerError
from component.files.problems import LoadError
from component.gateway.claim import HostsTaken
from component.store.errors import StoreError
from component.web.server import WebError


@click.command()
@click.option("--folder", type=click.Path(path_type=Path), default=Path("run"), show_default=True)
@click.option("--client-port", default=5222, show_default=True, help="For XMPP clients.")
@click.option("--web-port", default=5280, show_default=True, help="For WebSocket and uploads.")
@click.option("--page-port", default=5290, show_default=True, help="Of the demo page, and two more.")
def demo(folder: Path, client_port: int, web_port: int, page_port: int) -> None:
    """Run a private ejabberd with the example tenant, the bridge and a demo page, on loopback."""
    try:
        run_demo(folder, Ports(client_port, web_port, page_port, (page_port + 1, page_port + 2)))
    except (DemoError, EjabberdMissing, EjabberdServerError, LoadError, StoreError, WebError, HostsTaken) as problem:
        raise click.ClickException(str(problem)) from problem
