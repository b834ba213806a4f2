"""Which commands there are. The order is the one in which clients list them (D4)."""

from component.gateway.endings import Endings
from component.gateway.state import State
from component.gateway.supervision import Supervision
from component.services.commands import Command
from component.store.store import Store

from .end_chat import EndChat
from .transcripts import TranscriptsCommand
from .watch import CurrentChats, StopWatching, WatchChats


def all_commands(state: State, store: Store, endings: Endings, supervision: Supervision) -> list[Command]:
    watching, transcripts, links = supervision.watching, supervision.transcripts, supervision.transcript_links
    return [
        EndChat(state, endings),
        CurrentChats(state),
        WatchChats(state, store, watching),
        StopWatching(state, store, watching),
        TranscriptsCommand(state, store, transcripts, links),
    ]
