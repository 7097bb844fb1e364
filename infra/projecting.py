"""The role that keeps a view current: each reader in a thread, from its topic into the tables."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Event, Thread
from time import monotonic

from infra.feed.kafka import KafkaFeed
from infra.metrics import Lag
from infra.roles import PROJECTOR, Process, Role, answered, in_thread, saying
from infra.runner import AWAY, SWEEP_SECONDS, Runner
from infra.standing import Snapshot, Standing

STUCK_SECONDS = 60.0
"""So long a reader may stand with something to read before the process counts as dead."""
COLLECT_FROM_OBJECTS = 50_000
"""A batch is tens of thousands of objects that are let go of together, and no cycles."""

Reading = tuple[Runner, KafkaFeed]


@contextmanager
def collecting_seldom() -> Iterator[None]:
    """Have the collector of cycles not look through every batch dozens of times."""
    before = gc.get_threshold()
    gc.set_threshold(COLLECT_FROM_OBJECTS, 20, 20)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def projecting(here: Process, readings: Sequence[Reading], snapshot: Snapshot) -> Role:
    """Return the role that moves the readers of a view; `snapshot` reads the view itself."""
    projector = _Projector(here, readings, Standing(snapshot))
    for runner, feed in readings:
        runner.on_parked = saying(runner.name, feed.ledger)
    here.lags = projector.lags
    return Role(
        works=[in_thread(projector.run)],
        not_ready=projector.not_ready,
        not_alive=projector.not_alive,
    )


class _Projector:
    def __init__(self, here: Process, readings: Sequence[Reading], standing: Standing) -> None:
        self._here = here
        self._readings = readings
        self._standing = standing
        self._keeps = False
        self._well: dict[str, tuple[int, float]] = {}

    def run(self, stop: Event) -> None:
        """Move the readers until told to stop; another process of this role waits for its turn."""
        while not stop.is_set():
            try:
                with self._here.kept.alone(f"{self._here.service} {PROJECTOR}") as ours:
                    if ours:
                        self._keeps = True
                        with collecting_seldom():
                            self._move(stop)
                        return
            except AWAY:
                pass
            stop.wait(SWEEP_SECONDS)

    def _move(self, stop: Event) -> None:
        failed: list[BaseException] = []

        def follow(runner: Runner) -> None:
            try:
                runner.run(stop)
            except BaseException as error:  # noqa: BLE001 - the process ends with it
                failed.append(error)
                stop.set()

        threads = [
            Thread(target=follow, args=(runner,), name=runner.name) for runner, _ in self._readings
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failed:
            raise failed[0]

    def lags(self) -> list[Lag]:
        """Return where the readers stand; nothing while the view is away."""
        positions = answered(self._standing.positions)
        if positions is None:
            return []
        heads = self._heads()
        return [
            Lag(
                reader=runner.name,
                ledger=feed.ledger,
                head=heads.get(feed.ledger),
                position=positions.get(runner.name, 0),
                parked=1 if answered(lambda name=runner.name: self._standing.parked(name)) else 0,  # type: ignore[misc]
            )
            for runner, feed in self._readings
        ]

    def not_ready(self) -> list[str]:
        """Name the readers that stand still, and whatever is away."""
        lags = self.lags()
        if not lags:
            return ["the view is away"]
        return [
            *(["the broker is away"] if any(lag.head is None for lag in lags) else []),
            *([] if self._keeps else ["another process keeps this view"]),
            *(f"{lag.reader} is degraded at {lag.position}" for lag in lags if lag.parked),
        ]

    def not_alive(self) -> list[str]:
        """Name the readers that have had something to read for long, and have not moved."""
        now = monotonic()
        stuck = []
        for lag in self.lags() if self._keeps else ():
            moved_to, since = self._well.get(lag.reader, (-1, now))
            if lag.position != moved_to or lag.parked or not lag.events:
                since = now
            self._well[lag.reader] = lag.position, since
            if now - since > STUCK_SECONDS:
                stuck.append(f"{lag.reader} has stood at {lag.position} for {now - since:.0f} s")
        return stuck

    def _heads(self) -> dict[str, int]:
        """Return the ends of the topics; a broker that does not answer is asked once."""
        heads: dict[str, int] = {}
        for _, feed in self._readings:
            if feed.ledger in heads:
                continue
            head = answered(feed.head)
            if head is None:
                return {}
            heads[feed.ledger] = head
        return heads
