"""All views rebuilt from the ledgers: in batches, and one event a transaction."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from functools import partial
from itertools import count
from pathlib import Path

from events.envelope import Fact
from infra.runner import BATCH_EVENTS, Runner
from services.reporting.view import ReportingView
from tests.bench.crowd import Crowd, Stream
from tests.bench.paired import Compared, Measured, interleave, timed


def rebuild_both(
    folder: Path, people: int, *, pairs: int, progress: Callable[[str], None]
) -> Compared:
    """Compare batches with one event a transaction, over the same events."""
    facts = list(Crowd(people).facts())
    numbers = count()

    def rebuild(batch_events: int) -> Measured:
        with closing(ReportingView(folder / f"rebuilt-{next(numbers)}.db")) as view:
            return timed(partial(_read_all, view, facts, batch_events))

    return interleave(
        Compared(
            name=f"rebuild of the views, {len(facts)} events",
            ours_is=f"{BATCH_EVENTS} events a transaction",
            other_is="one event a transaction",
            aim=10,
        ),
        partial(rebuild, BATCH_EVENTS),
        partial(rebuild, 1),
        pairs=pairs,
        progress=progress,
    )


def _read_all(view: ReportingView, facts: list[Fact], batch_events: int) -> int:
    feeds = {
        "dossiers": Stream("dossiers", iter(facts), len(facts)),
        "training": Stream("training", iter(()), 0),
        "reporting": Stream("reporting", iter(()), 0),
    }
    runners: list[Runner] = view.runners(feeds, batch_events=batch_events)
    for runner in runners:
        runner.catch_up(feeds[runner.state.ledger].head())
    return len(facts)
