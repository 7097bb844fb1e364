"""Views rebuilt from the same events: in batches, and one event a transaction."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from functools import partial
from itertools import count
from pathlib import Path

from events.envelope import Fact
from infra.database import SqliteFile
from infra.runner import Runner
from services.reporting.view import ReportingView
from tests.bench.crowd import Crowd, Stream
from tests.bench.paired import Compared, Measured, interleave, timed


def rebuild_both(
    folder: Path, people: int, *, pairs: int, progress: Callable[[str], None]
) -> Compared:
    """Compare batches with one event a transaction, over the same events."""
    facts = list(Crowd(people).facts())
    numbers = count()

    def at_once() -> Measured:
        return timed(partial(_rebuild, folder / f"{next(numbers)}.db", facts))

    def one_by_one() -> Measured:
        with closing(ReportingView(SqliteFile(folder / f"{next(numbers)}.db"))) as view:
            return timed(partial(_read_all, view, facts, 1))

    return interleave(
        Compared(
            name=f"rebuild of the views, {len(facts)} events",
            ours_is="in batches, indexed at the end",
            other_is="one event a transaction",
            aim=10,
        ),
        at_once,
        one_by_one,
        pairs=pairs,
        progress=progress,
    )


def _rebuild(path: Path, facts: list[Fact]) -> int:
    """Build a view anew and open it as the live one, which is when it gets its indexes."""
    with closing(ReportingView(SqliteFile(path), rebuilding=True)) as view:
        read = _read_all(view, facts)
    ReportingView(SqliteFile(path)).close()
    return read


def _read_all(view: ReportingView, facts: list[Fact], batch_events: int | None = None) -> int:
    feeds = {
        "dossiers": Stream("dossiers", iter(facts), len(facts)),
        "training": Stream("training", iter(()), 0),
        "verification": Stream("verification", iter(()), 0),
        "reporting": Stream("reporting", iter(()), 0),
    }
    runners: list[Runner] = view.runners(feeds, batch_events=batch_events)
    for runner in runners:
        runner.catch_up(feeds[runner.state.ledger].head())
    return len(facts)
