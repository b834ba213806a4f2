"""``deskbridge run``: the bridge."""

import logging
from pathlib import Path

import click

from .config_files import config_option, load_files

log = logging.getLogger(__name__)


class TakenOver(click.ClickException):
    """systemd starts it again, to stand by."""

    exit_code = 4


class RunsAlready(click.ClickException):
    """A status of its own, so that systemd does not start a second one again and again."""

    exit_code = 3


@click.command()
@config_option
@click.option("--standby", is_flag=True, help="Wait while another process has the database, then take over.")
def run(path: Path, standby: bool) -> None:
    """Run the bridge until SIGTERM or Ctrl-C; SIGHUP reloads configuration and directories."""
    settings, world = load_files(path)
    # Only now: the modules fill the memory that loading ten thousand people leaves free.
    import uvloop

    from component.bridge.process import serve
    from component.bridge.stream.rivals import HostsTaken
    from component.compiled import IS_COMPILED
    from component.store.api import LeaseLost, StoreError, StoreInUse
    from component.web.web_server import WebError

    if not IS_COMPILED:
        log.info("running uncompiled, with a third more CPU (install gcc and Python's headers, then deskbridge again)")
    try:
        uvloop.run(serve(path, settings, world, standby=standby))
    except StoreInUse as problem:
        raise RunsAlready(f"the database {settings.storage.url}: {problem}") from problem
    except HostsTaken as problem:
        raise RunsAlready(str(problem)) from problem
    except LeaseLost as problem:
        raise TakenOver(f"the database {settings.storage.url}: {problem}") from problem
    except StoreError as problem:
        raise click.ClickException(f"the database {settings.storage.url}: {problem}") from problem
    except WebError as problem:
        raise click.ClickException(str(problem)) from problem
