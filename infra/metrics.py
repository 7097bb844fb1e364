"""Every metric, named once; read from the ledgers and views when they are scraped."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector


@dataclass(frozen=True, slots=True, kw_only=True)
class Lag:
    """How far a view has read a ledger."""

    view: str
    ledger: str
    head: int
    position: int
    parked: int

    @property
    def events(self) -> int:
        """Return how many events the view has still to read."""
        return max(0, self.head - self.position)


class Lags(Collector):
    """Tells Prometheus where every ledger and every view of it stands."""

    def __init__(self, lags: Callable[[], list[Lag]]) -> None:
        self._lags = lags

    def describe(self) -> list[Metric]:
        """Return nothing: the ledgers are read when they are asked, not when we register."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield the positions of this moment."""
        lags = self._lags()
        heads = GaugeMetricFamily(
            "ketnap_ledger_position",
            "The last position of a ledger",
            labels=["ledger"],
        )
        for ledger, head in {lag.ledger: lag.head for lag in lags}.items():
            heads.add_metric([ledger], head)
        yield heads
        behind = GaugeMetricFamily(
            "ketnap_view_lag_events",
            "Events of a ledger that a view has still to read",
            labels=["view", "ledger"],
        )
        parked = GaugeMetricFamily(
            "ketnap_view_parked_records",
            "Events that stopped a view and wait for a person",
            labels=["view", "ledger"],
        )
        for lag in lags:
            behind.add_metric([lag.view, lag.ledger], lag.events)
            parked.add_metric([lag.view, lag.ledger], lag.parked)
        yield behind
        yield parked


def registry(lags: Callable[[], list[Lag]]) -> CollectorRegistry:
    """Return everything that `/metrics` shows."""
    made = CollectorRegistry()
    ProcessCollector(registry=made)
    PlatformCollector(registry=made)
    made.register(Lags(lags))
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
