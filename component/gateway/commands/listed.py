"""Which commands there are. The order is the one in which clients list them (D4)."""

from component.gateway.endings import Endings
from component.gateway.state import State
from component.gateway.watching import Watching
from component.services.commands import Command
from component.store.store import Store

from .end_chat import EndChat
from .watch import CurrentChats, StopWatching, WatchChats


def all_commands(state: State, store: Store, endings: Endings, watching: Watching) -> list[Command]:
    return [
        EndChat(state, endings),
        CurrentChats(state),
        WatchChats(state, store, watching),
        StopWatching(state, store, watching),
    ]
