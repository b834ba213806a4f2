"""The wiring: every part of the running bridge, and what the parts tell each other through callbacks."""

from collections.abc import Callable

from component.background_tasks import BackgroundTasks
from component.ejabberd.ejabberd_api import EjabberdApi
from component.ejabberd.ejabberd_yml import stanza_limit
from component.metrics import Metrics
from component.model import Party, Settings
from component.sanitiser import Sanitiser
from component.services.archive_answers import Archive
from component.store.api import Lease, Store
from component.web.uploads import Uploads

from .commands.command_list import CommandParts, all_commands
from .iq.archive_queries import ArchiveQueries
from .iq.delegated_requests import Delegation
from .iq.iq_handler import IqHandler
from .iq.upload_services import UploadServices
from .messages.delivery import Delivery
from .messages.endings import Endings
from .messages.lookups import LookUps
from .messages.message_handler import Messages
from .messages.returns import Returns
from .messages.undelivered import Undelivered
from .messages.work_archives import WorkArchives
from .presence.census import Census
from .presence.faces import Faces
from .presence.presence_handler import PresenceHandler
from .presence.service_contacts import ServiceContacts
from .reloading import Reload
from .retention import Retention
from .roster.roster import Rosters
from .roster.roster_sync import RosterSync
from .router import Pressure, Router
from .state.state import State
from .stream.connection import Connection
from .stream.gate import Gate
from .stream.grants import Grants
from .stream.guard_proof import Guard
from .stream.iqs import Iqs
from .stream.paced_presence import Broadcasts
from .stream.rivals import Rivals
from .supervision.supervision import Supervision


class App:
    """All parts, put together. `Bridge` takes them through start, lost streams and stop. There are streams only while
    ``lease`` is valid."""

    stream_began: Callable[[], None]
    stream_lost: Callable[[], None]
    """Called for each stream to ejabberd. To be set before ``link`` runs."""

    def __init__(
        self,
        settings: Settings,
        state: State,
        store: Store,
        api: EjabberdApi,
        metrics: Metrics,
        reload: Reload,
        uploads: Uploads,
        lease: Lease,
    ) -> None:
        self.state = state
        self.store = store
        self.metrics = metrics
        self.lease = lease
        self.tasks = BackgroundTasks()
        host, limit = settings.tenants[0].service, stanza_limit(settings)
        self.link = Connection(settings.xmpp, host, limit, lease.valid, self._up, self._down, self.tasks)
        send = self.link.send
        self.iqs = Iqs(send)
        self.rivals = Rivals(state, lease, self.link, self.iqs)
        self.upload_services = UploadServices(state, self.iqs, uploads)
        self.grants = Grants(state)
        self.guard = Guard(state, self.link, self.grants)
        broadcasts = Broadcasts(send, self.link.barrier, self.tasks)
        self.supervision = Supervision(state, store, self.link, broadcasts, self.grants, api, self.tasks)
        copies, chats = self.supervision.copies, self.supervision.chats
        self.endings = Endings(state, store, send, copies.ended)
        self.returns = Returns(state, send)
        returning = self.tasks.part()
        self.delivery = Delivery(self.link, store, self._too_large, returning, copies.queue)
        work_archives = WorkArchives(state, self.iqs)
        self.undelivered = Undelivered(
            state,
            store,
            self.delivery,
            self.endings,
            self.returns,
            copies,
            work_archives,
            self._is_there,
            self._came_back,
            returning,
        )
        self.faces = Faces(state, broadcasts)
        self.service_contacts = ServiceContacts(
            api, state.sessions, self._contact_put, self._session_vanished, self.tasks
        )
        self.rosters = Rosters(RosterSync(api, state, store, self.faces, send), state, self.tasks)
        self.presence = PresenceHandler(
            state,
            self.faces,
            self.service_contacts,
            self.rosters.service_contact_removed,
            self.rosters.contact_removed,
            chats,
            send,
            self._logged_in,
            self._leaving,
            self._logged_out,
        )
        self.sanitiser = Sanitiser()
        look_ups = LookUps(state, store, api, self.sanitiser, uploads)
        self.messages = Messages(
            state,
            store,
            self.delivery,
            self.endings,
            self.returns,
            look_ups,
            copies,
            chats,
            send,
            metrics,
            self.presence.heard_of,
            self.tasks,
        )
        self.archives = ArchiveQueries(state, Archive(store, state.archive_ids), self.link, metrics, self.tasks)
        add_contact = self.rosters.add
        parts = CommandParts(state, store, self.endings, self.faces, self.supervision, add_contact, reload, self.tasks)
        self.requests = IqHandler(state, all_commands(parts), self.archives, chats, self.link, self.tasks)
        self.retention = Retention(state, store)
        delegation = Delegation(state, self.grants, self.archives, send)
        self.census = Census(state, self.link, self.service_contacts, api)
        self.gate = Gate(self.link)
        pressure = Pressure(self.link, lambda: store.backlog)
        router = Router(
            state,
            self.rivals,
            self.presence,
            self.iqs,
            delegation,
            self.requests,
            self.messages,
            self.undelivered,
            self.grants,
            self.guard,
            self.supervision,
            self.gate,
            pressure,
        )
        self.link.on_stanza = router.receive

    # What the parts tell each other

    def _up(self) -> None:
        self.stream_began()

    def _down(self) -> None:
        self.stream_lost()

    def _logged_in(self, party: Party, client: str) -> None:
        self.rosters.logged_in(party)
        self.returns.logged_in(party, client)
        self.supervision.watching.logged_in(party)

    def _leaving(self, party: Party, goodbye: bool) -> None:
        self.service_contacts.logged_out(party)
        self.returns.left(party, goodbye)
        self.supervision.watching.logged_out(party)

    def _logged_out(self, party: Party) -> None:
        self.endings.logged_out(party)

    def _came_back(self, work: Party, agent: Party) -> None:
        self.presence.came_back(work, agent)

    async def _is_there(self, party: Party) -> bool:
        return await self.presence.is_there(party)

    def _contact_put(self, party: Party) -> None:
        self.presence.show_service(party)

    def _session_vanished(self, party: Party, resource: str) -> None:
        self.presence.ended(party, resource)

    def _too_large(self, id: int) -> None:
        self.undelivered.too_large(id)
