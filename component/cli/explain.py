"""``deskbridge explain``: the rule behind a verdict."""

from pathlib import Path

import click

from component import explanation as rules

from .config_files import config_option, load_files


@click.command()
@config_option
@click.argument("sender", metavar="FROM")
@click.argument("receiver", metavar="TO")
@click.option("--content", is_flag=True, help="Say what a message between the two may carry, too.")
def explain(path: Path, sender: str, receiver: str, content: bool) -> None:
    """Say which rule allows or refuses a message, in each direction.

    FROM and TO are addresses of accounts or of faces.
    """
    _, world = load_files(path)
    try:
        click.echo(rules.explain(world, sender, receiver, content))
    except rules.Unknown as problem:
        raise click.ClickException(str(problem)) from problem
