"""``deskbridge explain``: which rule allows or refuses a message, from the table that decides in the bridge."""

from collections.abc import Iterator
from pathlib import Path

import click

from component.directory.world import World
from component.jid import normalise
from component.model import Party, Side
from component.policy.features import Feature
from component.policy.matrix import MATRIX
from component.policy.may_write import Pair, contact_rule
from component.policy.reasons import Reason

from .config_files import config_option, load_files


class Unknown(LookupError):
    """Nobody has this address. The text says so, and which addresses there are."""


def explanation(world: World, sender: str, receiver: str, content: bool = False) -> str:
    """One paragraph for each direction; with ``content`` it says what a message may carry. Raises ``Unknown``."""
    one, other = find(world, sender), find(world, receiver)
    return "\n".join(line for pair in ((one, other), (other, one)) for line in _paragraph(*pair, content))


def _paragraph(sender: Party, receiver: Party, content: bool) -> Iterator[str]:
    yield _direction(sender, receiver)
    if content and sender.tenant is receiver.tenant:
        for feature in Feature:
            rule = MATRIX.get((feature, sender.side, receiver.side, sender.tenant.version))
            if rule:
                answer = f": {_error(rule.reason)}" if rule.reason else ""
                yield f"  {rule.spec}: {feature.value} {rule.act.value}{answer}"


def find(world: World, address: str) -> Party:
    """The party with this account or face. Raises ``Unknown``."""
    bare = normalise(address)
    party = bare and (world.account(bare[0]) or world.face(bare[0]))
    if not party:
        hosts = ", ".join(
            host
            for tenant in world.tenants
            for side in Side
            for host in (tenant.account_host(side), tenant.face_host(side))
        )
        raise Unknown(f"{address}: nobody in the directories has this address. Give one on {hosts}.")
    return party


def _direction(sender: Party, receiver: Party) -> str:
    head = f"{sender.account} -> {receiver.face}: "
    if sender.tenant is not receiver.tenant:
        return f"{head}refused by M9: they belong to different tenants{_answer(Reason.STRANGER)}"
    rule = contact_rule(Pair(sender, receiver))
    if rule.reason is None:
        return f"{head}allowed by {rule.spec}: {rule.words}{_conditions(receiver)}"
    text = f"{head}refused by {rule.spec}: {rule.words}{_answer(rule.reason)}"
    if contact_rule(Pair(sender, receiver, conversation_open=True)).allows:
        text += "\n  but allowed by M6 while a conversation between the two is open"
    return text


def _answer(reason: Reason) -> str:
    return f"\n  answer: {_error(reason)}"


def _error(reason: Reason) -> str:
    answer = reason.value
    return f'{answer.type}/{answer.condition}, "{answer.text}"'


def _conditions(receiver: Party) -> str:
    if receiver.side is Side.AGENT:
        return "; both have to be logged in"
    return "; the sender has to be logged in"


@click.command()
@config_option
@click.argument("sender", metavar="FROM")
@click.argument("receiver", metavar="TO")
@click.option("--content", is_flag=True, help="Also show what a message between the two may carry.")
def explain(path: Path, sender: str, receiver: str, content: bool) -> None:
    """Say which rule allows or refuses a message, in each direction.

    FROM and TO are addresses of accounts or of faces.
    """
    _, world = load_files(path)
    try:
        click.echo(explanation(world, sender, receiver, content))
    except Unknown as problem:
        raise click.ClickException(str(problem)) from problem
