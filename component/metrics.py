"""Counters for Prometheus (O4). Names begin with ``deskbridge_``.

Counting costs about a microsecond. Values that can be computed when Prometheus asks are gauges (``bridge/gauges.py``).
Labels hold no addresses or names of people, only ids of tenants and hosts.
"""

from collections.abc import Iterable
from typing import Protocol

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.exposition import generate_latest
from prometheus_client.metrics_core import Metric

_FAST = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class MetricSource(Protocol):
    """Values that are computed when Prometheus asks."""

    def collect(self) -> Iterable[Metric]:
        """The values of this moment."""


class Metrics:
    """One set of counters, belonging to one process."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # a gauge beside each counter
        self._registry = CollectorRegistry()
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self._registry)
        self._messages = self._counter(
            "messages",
            "Messages by who wrote to whom (work, agent, or other for strangers and services), the outcome "
            "(accepted: on disk; refused: answered with an error; dropped), and the rule that refused or dropped them.",
            "sender", "receiver", "verdict", "rule",
        )  # fmt: skip
        self._known: dict[tuple[str, str, str, str], Counter] = {}  # what ``labels`` would look up
        submissions = self._counter("store_submissions", "Submissions to be written, by outcome.", "outcome")
        self._written, self._failed = submissions.labels("written"), submissions.labels("failed")
        self._commits = self._histogram("store_commit_seconds", "Time of one transaction, with its wait for the disk.")
        self._queries = self._counter("archive_queries", "Archive queries by outcome.", "outcome")
        self._query_seconds = self._histogram("archive_query_seconds", "Time until an archive query was answered.")
        self._links = self._counter("links_opened", "Visits to links by kind and outcome.", "kind", "outcome")
        self._requests = self._counter("web_requests", "Requests to the web server.", "route", "status")
        self._request_seconds = self._histogram("web_request_seconds", "Time until a request was answered.")
        self._connections = self._counter("stream_connections", "Connections made to ejabberd; the first one counts.")
        self._active = Gauge(
            "active", "1 if the database is this process's, 0 while it stands by.",
            namespace="deskbridge", registry=self._registry,
        )  # fmt: skip

    def message(self, sender: str, receiver: str, verdict: str, rule: str = "") -> None:
        key = (sender, receiver, verdict, rule)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._messages.labels(*key)
        known.inc()

    def accepted(self, sender: str, receiver: str) -> Counter:
        """What counts messages that are accepted, from one side to another."""
        counter: Counter = self._messages.labels(sender, receiver, "accepted", "")
        return counter

    def committed(self, written: int, failed: int, seconds: float) -> None:
        """One transaction of so many submissions."""
        self._commits.observe(seconds)
        self._written.inc(written)
        if failed:
            self._failed.inc(failed)

    def archive_query(self, outcome: str, seconds: float) -> None:
        self._queries.labels(outcome).inc()
        self._query_seconds.observe(seconds)

    def link(self, kind: str, outcome: str) -> None:
        self._links.labels(kind, outcome).inc()

    def web_request(self, route: str, status: int, seconds: float) -> None:
        self._requests.labels(route, str(status)).inc()
        self._request_seconds.observe(seconds)

    def active(self) -> None:
        """The database is this process's."""
        self._active.set(1)

    def connected(self) -> None:
        self._connections.inc()

    def add(self, source: MetricSource) -> None:
        """Look up more whenever somebody asks."""
        self._registry.register(source)

    def text(self) -> bytes:
        """Everything, in Prometheus' text format 0.0.4."""
        return generate_latest(self._registry)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(name, text, labels, namespace="deskbridge", registry=self._registry)

    def _histogram(self, name: str, text: str) -> Histogram:
        return Histogram(name, text, namespace="deskbridge", registry=self._registry, buckets=_FAST)
