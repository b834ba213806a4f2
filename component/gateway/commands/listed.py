"""Which commands there are. The order is the one in which clients list them (D4)."""

from component.gateway.endings import Endings
from component.gateway.state import State
from component.services.commands import Command

from .end_chat import EndChat


def all_commands(state: State, endings: Endings) -> list[Command]:
    return [
        EndChat(state, endings),
    ]
