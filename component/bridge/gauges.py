"""Gauges for Prometheus that are read when it asks; nothing is counted for them in between (O4)."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric

from component.model import Side
from component.store.api import Store
from component.xep.mam import MAM_NS

from .messages.delivery import Delivery
from .messages.undelivered import Undelivered
from .roster.roster import Rosters
from .state.state import State
from .stream.connection import Connection
from .stream.grants import Grants
from .stream.guard_proof import Guard


class Gauges:
    """A source for ``Metrics.add``. ``missing`` says in words what keeps the bridge from being ready."""

    def __init__(
        self,
        state: State,
        store: Store,
        link: Connection,
        delivery: Delivery,
        undelivered: Undelivered,
        grants: Grants,
        guard: Guard,
        rosters: Rosters,
        missing: Callable[[], Sequence[str]],
    ) -> None:
        self._state = state
        self._store = store
        self._link = link
        self._delivery = delivery
        self._undelivered = undelivered
        self._grants = grants
        self._guard = guard
        self._rosters = rosters
        self._missing = missing

    def collect(self) -> Iterator[Metric]:
        yield _gauge("up", "1 while there is a stream to ejabberd.", self._link.up)
        yield _gauge("ready", "1 while messages are taken and nothing is missing.", not self._missing())
        yield _gauge("store_backlog", "Submissions that are not on disk yet.", self._store.backlog)
        yield _gauge("delivery_unconfirmed", "Messages sent, not known to be routed.", self._delivery.unconfirmed)
        yield _gauge("delivery_waiting", "Messages on disk, not sent yet.", self._delivery.waiting)
        yield _gauge("contacts_waiting", "Accounts whose list is to be put in order.", self._rosters.waiting)
        yield _gauge("conversations_open", "Conversations between two agents.", len(self._state.conversations.desk()))
        yield _counter("stream_failures", "Attempts to connect to ejabberd that failed.", self._link.failures)
        yield _counter("messages_withdrawn", "Accepted messages that came back.", self._undelivered.withdrawn)
        yield from self._people()
        yield self._granted()
        yield self._guarded()

    def _people(self) -> Iterator[Metric]:
        people: Counter[tuple[str, str]] = Counter()
        sessions: Counter[tuple[str, str]] = Counter()
        for account in self._state.sessions.accounts():
            party = self._state.world.account(account)
            if party is not None:
                people[party.tenant.id, party.side] += 1
                sessions[party.tenant.id, party.side] += len(self._state.sessions.of(account))
        roles = [(tenant.id, side.value) for tenant in self._state.world.tenants for side in Side]
        for name, text, found in (
            ("people_logged_in", "People who are logged in.", people),
            ("sessions", "Their clients.", sessions),
        ):
            family = GaugeMetricFamily(f"deskbridge_{name}", text, labels=["tenant", "side"])
            for role in roles:
                family.add_metric(role, found[role])
            yield family

    def _granted(self) -> Metric:
        text = "1 for what ejabberd lets deskbridge do on a host: send (XEP-0356) and answer for archives (XEP-0355)."
        family = GaugeMetricFamily("deskbridge_granted", text, labels=["host", "grant"])
        for host in (tenant.desk_host for tenant in self._state.world.tenants):
            family.add_metric([host, "message"], self._grants.outgoing(host) is not None)
            family.add_metric([host, "archive"], self._grants.delegated(host, MAM_NS))
        return family

    def _guarded(self) -> Metric:
        text = "1 while ejabberd's guard refuses on a desk host what it has to."
        family = GaugeMetricFamily("deskbridge_guard_in_force", text, labels=["host"])
        for tenant in self._state.world.tenants:
            family.add_metric([tenant.desk_host], self._guard.in_force(tenant.desk_host))
        return family


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"deskbridge_{name}", text, value=float(value))


def _counter(name: str, text: str, value: int) -> Metric:
    return CounterMetricFamily(f"deskbridge_{name}", text, value=value)
