"""Every metric, named once; read from the ledgers and views when they are scraped."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector
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
