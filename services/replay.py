"""`ketnap replay`: views built anew from the ledgers, held against the live, put in their place."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from time import monotonic, sleep

from infra.database import Database, Place
from infra.drafts import Draft, drafting, sweep
from infra.feed import Feed, LedgerFeed
from infra.ledger.port import Ledger, Row
from infra.runner import ReaderStoppedError, Runner, open_view, passed, skip
from infra.view import View
from services.comparing import Compared, Differing, compared, differing
from services.dossiers import view as dossiers
from services.installation import LAYOUTS, Installation
from services.reporting.view import ReportingView
from services.training import view as training
from services.verification import view as verification

Progress = Callable[[int, int], None]

VIEWS = tuple(LAYOUTS)
PATIENCE_SECONDS = 30.0
POLL_SECONDS = 0.05


class ViewKeptError(TimeoutError):
    """Another process keeps the view current, and goes on doing so."""


@dataclass(slots=True)
class Replayed:
    """What became of the views that were rebuilt."""

    tables: list[Compared] = field(default_factory=list)
    figures: list[Differing] = field(default_factory=list)
    positions: dict[str, int] = field(default_factory=dict)
    """Where each reader of the rebuilt views stands."""
    swapped: list[str] = field(default_factory=list)

    @property
    def differs(self) -> bool:
        """Tell whether a live view differed from the rebuilt one."""
        return any(table.differs for table in self.tables)


class _Until:
    """A feed that ends at a position."""

    def __init__(self, feed: Feed, last: int) -> None:
        self._feed = feed
        self._last = last

    @property
    def ledger(self) -> str:
        return self._feed.ledger

    def read(self, after: int, limit: int) -> Sequence[Row]:
        return self._feed.read(after, min(limit, max(0, self._last - after)))

    def head(self) -> int:
        return self._last

    def wait(self, after: int, timeout_seconds: float) -> bool:
        return self._feed.wait(after, timeout_seconds)


def compare(ketnap: Installation, progress: Progress = lambda _, __: None) -> list[Compared]:
    """Rebuild every view as far as it has read, and compare them row for row."""
    return replay(ketnap, progress=progress).tables


def replay(  # noqa: PLR0913 - what can be asked of it
    ketnap: Installation,
    views: Collection[str] = VIEWS,
    *,
    to: Mapping[str, int] | None = None,
    comparing: bool = True,
    swapping: bool = False,
    patience_seconds: float = PATIENCE_SECONDS,
    progress: Progress = lambda _, __: None,
) -> Replayed:
    """Rebuild views beside the live ones; compare them, or put them in their place.

    They are rebuilt as far as the live ones have read, or to a position of some ledgers: then
    readers go on from there. Raises ReaderStoppedError where a record cannot be taken that was
    not skipped in the live view either, and ViewKeptError.
    """
    told = Replayed()
    for view in views:
        sweep(ketnap.place(view))
        with drafting(ketnap.place(view), LAYOUTS[view]) as draft:
            anew = _Anew(ketnap, view, draft, to or {})
            anew.build(progress)
            if comparing:
                anew.compare(told, progress)
            if swapping:
                anew.swap(patience_seconds)
                told.swapped.append(view)
            told.positions |= anew.positions
    return told


def known_by(ledgers: Mapping[str, Ledger], moment: datetime) -> dict[str, int]:
    """Return the last position of each ledger that was recorded by a moment."""
    return {name: _last(ledger, moment) for name, ledger in ledgers.items()}


def _last(ledger: Ledger, moment: datetime) -> int:
    known, unknown = 0, ledger.head().position + 1
    while unknown - known > 1:
        middle = (known + unknown) // 2
        [row] = ledger.read(middle - 1, 1)
        if row.recorded <= moment:
            known = middle
        else:
            unknown = middle
    return known


class _Anew:
    """One view, rebuilt."""

    def __init__(
        self, ketnap: Installation, view: str, draft: Draft, to: Mapping[str, int]
    ) -> None:
        self._ketnap = ketnap
        self._view = view
        self._draft = draft
        self._to = to
        self.positions: dict[str, int] = {}

    def build(self, progress: Progress) -> None:
        """Build the draft as far as the live view has read, or to the positions asked for."""
        with self._live() as live:
            goal, skipped = self._goal(live), _skipped(live)
        self._fill(goal, skipped, progress, rebuilding=True)

    def compare(self, told: Replayed, progress: Progress) -> None:
        """Compare the draft with one snapshot of the live view, which moves on meanwhile."""
        layout, place = LAYOUTS[self._view], self._draft.place
        with self._live() as live:
            self._fill(self._goal(live), _skipped(live), progress)
            with closing(self._open(place)) as rebuilt, rebuilt.reading():
                rows = list(compared(self._view, layout.keys, live, rebuilt, progress))
            told.tables += rows
            if self._view == "reporting" and any(row.differs for row in rows):
                with closing(ReportingView(place)) as view:
                    told.figures += differing(self._ketnap.view, view, progress)

    def swap(self, patience_seconds: float) -> None:
        """Put the draft in the place of the live view, while nobody else keeps that."""
        with self._kept(patience_seconds):
            with self._live() as live:
                goal, skipped = self._goal(live), _skipped(live)
            self._fill(goal, skipped)
            self._draft.swap()

    def _fill(
        self,
        goal: Mapping[str, int],
        skipped: Collection[tuple[str, int]],
        progress: Progress = lambda _, __: None,
        *,
        rebuilding: bool = False,
    ) -> None:
        total, done = sum(goal.values()), 0
        with ExitStack() as stack:
            runners = self._runners(goal, stack, rebuilding=rebuilding)
            for runner in runners:
                self._reach(
                    runner, goal[runner.name], skipped, partial(_told, progress, done, total)
                )
                done += goal[runner.name]
                self.positions[runner.name] = runner.position

    def _reach(
        self,
        runner: Runner,
        goal: int,
        skipped: Collection[tuple[str, int]],
        progress: Callable[[int], None],
    ) -> None:
        while True:
            try:
                runner.catch_up(goal, progress)
            except ReaderStoppedError as stopped:
                at = stopped.parked.position
                if (runner.name, at) not in skipped:
                    raise
                with closing(self._open(self._draft.place)) as db:
                    skip(db, runner.name, at)
            else:
                return

    def _runners(
        self, goal: Mapping[str, int], stack: ExitStack, *, rebuilding: bool
    ) -> list[Runner]:
        ketnap, place = self._ketnap, self._draft.place

        def until(reader: str, ledger: str) -> _Until:
            return _Until(LedgerFeed(ketnap.ledgers[ledger]), goal[reader])

        match self._view:
            case "dossiers":
                units = stack.enter_context(closing(dossiers.UnitsView(place)))
                boxes = dossiers.Boxes(ketnap.ledgers["dossiers"], ketnap.keys)
                people = stack.enter_context(closing(dossiers.CandidaciesView(place, boxes)))
                return [view.runner(until(view.READER, "dossiers")) for view in (units, people)]
            case "training":
                classes = stack.enter_context(closing(training.ClassesView(place)))
                return [classes.runner(until(classes.READER, "training"))]
            case "verification":
                cases = stack.enter_context(closing(verification.CasesView(place)))
                return [cases.runner(until(cases.READER, "verification"))]
            case _:
                view = ReportingView(place, rebuilding=rebuilding)
                reporting = stack.enter_context(closing(view))
                feeds = {name: until(f"reporting.{name}", name) for name in ketnap.ledgers}
                return reporting.runners(feeds)

    def _live(self) -> AbstractContextManager[Database]:
        ketnap = self._ketnap
        live: dict[str, View | ReportingView] = {
            "dossiers": ketnap.units,
            "training": ketnap.classes,
            "verification": ketnap.cases,
            "reporting": ketnap.view,
        }
        return live[self._view].snapshot()

    def _goal(self, live: Database) -> dict[str, int]:
        """Return how far to rebuild for each reader."""
        goal = {}
        for reader, position in live.execute("select name, position from readers").fetchall():
            ledger = reader.partition(".")[2] if self._view == "reporting" else self._view
            head = self._ketnap.ledgers[ledger].head().position
            at = self._read(live, ledger, position if isinstance(position, int) else head)
            goal[reader] = self._to.get(ledger, min(at, head))
        return goal

    def _read(self, live: Database, ledger: str, said: int) -> int:
        """Return how far a reader has come by what its view holds, whatever it says itself."""
        match self._view:
            case "reporting":
                newest = f"select coalesce(max(position), 0) from history_{ledger}"  # noqa: S608 - one of our own ledgers
                [(shown,)] = live.execute(newest).fetchall()
                return passed(live, f"reporting.{ledger}", int(shown))
            case "dossiers":
                newest = "select coalesce(max(position), 0) from unit_facts"
                [(shown,)] = live.execute(newest).fetchall()
                return max(said, int(shown))
            case _:
                return said

    def _open(self, place: Place) -> Database:
        layout = LAYOUTS[self._view]
        return open_view(place, layout.schema, layout.stamp)

    @contextmanager
    def _kept(self, patience_seconds: float) -> Iterator[None]:
        """Be the one who keeps the live view."""
        kept = self._ketnap.kept
        patient_until = monotonic() + patience_seconds
        keepers = sorted({kept.keeper(reader) for reader in self.positions})
        while True:
            with ExitStack() as stack:
                if all(stack.enter_context(kept.alone(keeper)) for keeper in keepers):
                    yield
                    return
            if monotonic() > patient_until:
                raise ViewKeptError(self._view)
            sleep(POLL_SECONDS)


def _skipped(live: Database) -> set[tuple[str, int]]:
    return {(name, at) for name, at in live.execute("select name, position from skipped")}


def _told(progress: Progress, done: int, total: int, position: int) -> None:
    progress(done + position, total)
