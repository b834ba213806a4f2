"""The parts for supervisors and agents' Work accounts, put together (S1 to S4, A4)."""

from component.background_tasks import BackgroundTasks
from component.ejabberd.ejabberd_api import EjabberdApi
from component.services.conversation_transcripts import Transcripts
from component.services.transcript_downloads import TranscriptLinks
from component.store.api import Store

from ..clock import now_us
from ..state.state import State
from ..stream.connection import Connection
from ..stream.grants import Grants
from ..stream.paced_presence import Broadcasts
from .audience import Audience
from .catch_up import CatchUp
from .chat_contacts import ChatAnswers, ChatContacts
from .copies import Copies
from .watching import Watching, WatchRights


class Supervision:
    """``copies`` are sent with messages, ``watching`` knows who watches, ``chats`` answers for the chat faces,
    ``transcripts`` and ``transcript_links`` show what was said before."""

    def __init__(
        self,
        state: State,
        store: Store,
        link: Connection,
        broadcasts: Broadcasts,
        grants: Grants,
        api: EjabberdApi,
        tasks: BackgroundTasks,
    ) -> None:
        audience = Audience(state)
        self.contacts = ChatContacts(state, api, link, audience, tasks)
        self.copies = Copies(state, store, link, audience, self.contacts, grants, tasks)
        self.catch_up = CatchUp(state, store, link, audience, self.copies, tasks)
        self.rights = WatchRights(state, audience, self.copies, self.catch_up, self.contacts)
        self.watching = Watching(state, store, audience, self.copies, self.catch_up, self.contacts, self.rights, tasks)
        self.transcripts = Transcripts(store)
        self.transcript_links = TranscriptLinks(
            store, self.transcripts, state.web.public_url, lambda: state.world, now_us
        )
        self.chats = ChatAnswers(state, link.send, broadcasts, self.contacts.removed)
