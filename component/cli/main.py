"""``deskbridge``: running, checking and explaining; the other commands are put in here."""

from pathlib import Path

import click
import uvloop

from component import __version__, demo
from component.config import load_settings
from component.ejabberd import config as ejabberd_config
from component.ejabberd.install import EjabberdMissing
from component.ejabberd.server import EjabberdServerError
from component.explain import Unknown, explain
from component.files.problems import LoadError
from component.gateway.process import serve
from component.model import Settings
from component.store.errors import StoreError
from component.web.server import WebError
from component.world import World

from . import logs
from .archive import archive
from .audit import audit
from .links import links
from .transcripts import transcripts

config_option = click.option(
    "--config",
    "path",
    type=click.Path(path_type=Path),
    default=Path("deskbridge.toml"),
    show_default=True,
    help="The configuration file.",
)


@click.group()
@click.version_option(__version__, prog_name="deskbridge")
@click.option("--log-level", type=click.Choice(["debug", "info", "warning", "error"]), default="info")
@click.option("--log-format", type=click.Choice(["text", "json"]), default="text", help="json: one object a line.")
def main(log_level: str, log_format: str) -> None:
    """Joins Work users and contact-centre agents on one ejabberd."""
    logs.set_up(log_level, log_format)


main.add_command(archive)
main.add_command(audit)
main.add_command(links)
main.add_command(transcripts)


@main.command()
@config_option
def run(path: Path) -> None:
    """Run the bridge until SIGTERM or Ctrl-C; SIGHUP reloads configuration and directories."""
    settings, world = _load(path)
    try:
        uvloop.run(serve(path, settings, world))
    except StoreError as problem:
        raise click.ClickException(f"the database {settings.storage.url}: {problem}") from problem
    except WebError as problem:
        raise click.ClickException(str(problem)) from problem


@main.command()
@config_option
def check(path: Path) -> None:
    """Check the configuration and all directories."""
    settings, world = _load(path)
    for tenant in settings.tenants:
        directory = world.directory(tenant)
        click.echo(
            f"{tenant.id}: mode {tenant.mode.value}, version {tenant.version}, {len(directory.people)} people "
            f"({len(directory.by_agent)} agents, {len(directory.by_work)} Work users), "
            f"{len(directory.groups)} groups, {len(directory.queues)} queues"
        )
    click.echo("The configuration and the directories are in order.")


@main.command("explain")
@config_option
@click.argument("sender", metavar="FROM")
@click.argument("receiver", metavar="TO")
@click.option("--content", is_flag=True, help="Say what a message between the two may carry, too.")
def explain_command(path: Path, sender: str, receiver: str, content: bool) -> None:
    """Say which rule allows or refuses a message, in each direction.

    FROM and TO are addresses of accounts or of faces.
    """
    _, world = _load(path)
    try:
        click.echo(explain(world, sender, receiver, content))
    except Unknown as problem:
        raise click.ClickException(str(problem)) from problem


@main.command("ejabberd-config")
@config_option
@click.option("--part", is_flag=True, help="Only what an existing server has to add.")
@click.option("--with-secret", is_flag=True, help="Put the component's secret in, instead of a place for it.")
def ejabberd_config_command(path: Path, part: bool, with_secret: bool) -> None:
    """Print the configuration that ejabberd needs for the tenants of the configuration."""
    settings, _ = _load(path)
    write = ejabberd_config.part if part else ejabberd_config.complete
    click.echo(write(settings, with_secret=with_secret), nl=False)


@main.command("demo")
@click.option("--folder", type=click.Path(path_type=Path), default=Path("run"), show_default=True)
@click.option("--client-port", default=5222, show_default=True, help="For XMPP clients.")
@click.option("--web-port", default=5280, show_default=True, help="For WebSocket and uploads.")
@click.option("--page-port", default=5290, show_default=True, help="Of the demo page, and two more.")
def demo_command(folder: Path, client_port: int, web_port: int, page_port: int) -> None:
    """Run a private ejabberd with the example tenant, the bridge and a demo page, on loopback."""
    try:
        demo.run(folder, demo.Ports(client_port, web_port, page_port, (page_port + 1, page_port + 2)))
    except (demo.DemoError, EjabberdMissing, EjabberdServerError, LoadError, StoreError, WebError) as problem:
        raise click.ClickException(str(problem)) from problem


def _load(path: Path) -> tuple[Settings, World]:
    try:
        settings = load_settings(path)
        return settings, World.load(settings)
    except LoadError as problem:
        raise click.ClickException(str(problem)) from problem
