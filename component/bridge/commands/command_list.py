"""All commands, in the order in which clients list them (D4)."""

from collections.abc import Callable
from dataclasses import dataclass

from component.background_tasks import BackgroundTasks
from component.model import Party
from component.services.command_framework import Command
from component.store.api import Store

from ..messages.endings import Endings
from ..presence.faces import Faces
from ..reloading import Reload
from ..state.state import State
from ..supervision.supervision import Supervision
from .current_chats import CurrentChats
from .end_chat import EndChat
from .end_conversation import EndConversationCommand
from .find_people import FindPeople
from .find_transcripts import TranscriptsCommand
from .log_level import LogLevel
from .my_conversations import MyConversations
from .reload import ReloadFiles
from .set_status import SetStatus
from .statistics import ShowStatistics
from .stop_watching import StopWatching
from .watch_chats import WatchChats
from .who_is_on import WhoIsOn


@dataclass(frozen=True, slots=True)
class CommandParts:
    """What commands work with. ``add_contact(party, face)`` gives ``party`` a contact."""

    state: State
    store: Store
    endings: Endings
    faces: Faces
    supervision: Supervision
    add_contact: Callable[[Party, Party], None]
    reload: Reload
    tasks: BackgroundTasks


def all_commands(parts: CommandParts) -> list[Command]:
    state, store = parts.state, parts.store
    watching = parts.supervision.watching
    transcripts, links = parts.supervision.transcripts, parts.supervision.transcript_links
    return [
        FindPeople(state, parts.add_contact),
        SetStatus(state, store, parts.faces),
        EndChat(state, parts.endings),
        MyConversations(state, store),
        CurrentChats(state),
        WatchChats(state, store, watching),
        StopWatching(state, store, watching),
        TranscriptsCommand(state, store, transcripts, links),
        WhoIsOn(state),
        ShowStatistics(state, store),
        EndConversationCommand(state, store, parts.endings),
        ReloadFiles(store, parts.reload, parts.tasks),
        LogLevel(store),
    ]
