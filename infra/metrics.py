"""Every metric, named once; read from the ledgers and views when they are scraped."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from time import monotonic

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

COMMAND_SECONDS = Histogram(
    "ketnap_command_seconds",
    "Until a command was recorded or refused",
    labelnames=["outcome"],
    registry=None,
)
"""By outcome: `recorded`, `nothing` where it was so already, `refused`, `failed`."""
COMMIT_SAVES = Histogram(
    "ketnap_commit_saves",
    "Saves of commands that shared one commit of a ledger",
    buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256, 512),
    registry=None,
)
STREAM_CLIENTS = Gauge(
    "ketnap_stream_clients", "Pages that hold a stream of figures open", registry=None
)
RELAY_POSITION = Gauge(
    "ketnap_relay_position",
    "The last position of a ledger that is on its topic",
    labelnames=["ledger"],
    registry=None,
)
RELAY_BEGUN = Counter(
    "ketnap_relay_begun",
    "How often a relay began behind the last record of its topic",
    labelnames=["ledger"],
    registry=None,
)
RELAY_WAITING = Gauge(
    "ketnap_relay_waiting",
    "1 while a relay waits for a broker that is away",
    labelnames=["ledger"],
    registry=None,
)
SHARED = (
    COMMAND_SECONDS,
    COMMIT_SAVES,
    STREAM_CLIENTS,
    RELAY_POSITION,
    RELAY_BEGUN,
    RELAY_WAITING,
)
"""What parts of a process move wherever they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lag:
    """How far a reader has come along its ledger."""

    reader: str
    ledger: str
    head: int | None
    """None while nobody can say it: what carries the ledger is away."""
    position: int
    parked: int

    @property
    def events(self) -> int | None:
        """Return how many events the reader has still to read."""
        return None if self.head is None else max(0, self.head - self.position)


class Unread:
    """How long there has been something that a reader has not read, as this process saw it.

    A head that was seen at some moment was recorded before it, so what lies behind that head
    and is not read waits at least since then.
    """

    def __init__(self, seconds: Callable[[], float] = monotonic) -> None:
        self._seconds = seconds
        self._seen: dict[tuple[str, str], deque[tuple[int, float]]] = {}

    def age(self, lag: Lag) -> float | None:
        """Note where a reader and its ledger stand, and return for how many seconds it waits."""
        if lag.head is None:
            return None
        now = self._seconds()
        seen = self._seen.setdefault((lag.reader, lag.ledger), deque())
        if not seen or lag.head > seen[-1][0]:
            seen.append((lag.head, now))
        while seen and seen[0][0] <= lag.position:
            seen.popleft()
        return now - seen[0][1] if seen else 0.0


class Stands(Collector):
    """Tells Prometheus where ledgers and their readers stand."""

    def __init__(
        self, lags: Callable[[], list[Lag]], heads: Callable[[], Mapping[str, int]]
    ) -> None:
        self._lags = lags
        self._heads = heads
        self._unread = Unread()

    def describe(self) -> list[Metric]:
        """Return nothing: the ledgers are read when they are asked, not when we register."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield the positions of this moment."""
        heads = GaugeMetricFamily(
            "ketnap_ledger_position", "The last position of a ledger", labels=["ledger"]
        )
        for ledger, head in self._heads().items():
            heads.add_metric([ledger], head)
        yield heads
        lags = self._lags()
        for name, told, value in (
            ("position", "The last position that a reader has taken", lambda lag: lag.position),
            ("lag_events", "Events that a reader has still to read", lambda lag: lag.events),
            ("lag_seconds", "For how long an event has waited to be read", self._unread.age),
            ("parked", "1 where an event stopped a reader and waits for a person", _parked),
        ):
            family = GaugeMetricFamily(f"ketnap_reader_{name}", told, labels=["reader", "ledger"])
            for lag in lags:
                if (told_now := value(lag)) is not None:
                    family.add_metric([lag.reader, lag.ledger], told_now)
            yield family


def _parked(lag: Lag) -> int:
    return lag.parked


def registry(
    lags: Callable[[], list[Lag]] = list, heads: Callable[[], Mapping[str, int]] = dict
) -> CollectorRegistry:
    """Return everything that `/metrics` shows of a process: its readers, and its ledgers."""
    made = CollectorRegistry()
    ProcessCollector(registry=made)
    PlatformCollector(registry=made)
    for shared in SHARED:
        made.register(shared)
    made.register(Stands(lags, heads))
    return made


class Requests:
    """How many requests each route answered, how, and how long until the answer began."""

    _METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

    def __init__(self, made: CollectorRegistry) -> None:
        self._answered = Counter(
            "ketnap_http_requests",
            "Requests by route, as it was declared, and status; 0 is a connection that was cut",
            labelnames=["method", "route", "status"],
            registry=made,
        )
        self._seconds = Histogram(
            "ketnap_http_answer_seconds",
            "Until an answer began",
            labelnames=["route"],
            registry=made,
        )
        self._known: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def done(self, method: str, route: str, status: int, seconds: float | None) -> None:
        """Count a request."""
        of = (method if method in self._METHODS else "other", route, status)
        if of not in self._known:  # finding a label's counter costs more than counting
            self._known[of] = (self._answered.labels(*of), self._seconds.labels(route))
        answered, until = self._known[of]
        answered.inc()
        if seconds is not None:
            until.observe(seconds)
