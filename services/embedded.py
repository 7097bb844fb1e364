"""The embedded installation: four ledgers, keys and views in one folder, composed here."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Lock
from time import monotonic, sleep
from types import TracebackType
from typing import Self

from events.registry import TYPES, UnknownTypeError
from infra.database import SqliteFile
from infra.feed import LedgerFeed
from infra.ledger.sqlite import SqliteLedger
from infra.metrics import Lag
from infra.reactor import Reactor
from infra.runner import AWAY, Reader, ReaderStoppedError, State
from infra.sealing import Keys
from services.dossiers import policy as dossiers_policy
from services.dossiers import view as units
from services.dossiers.application import Dossiers
from services.dossiers.view import Boxes, CandidaciesView, UnitsView
from services.reporting.application import Reporting
from services.reporting.view import ReportingView, tables
from services.training import view as classes
from services.training.application import Training
from services.training.view import ClassesView
from services.verification import policy as verification_policy
from services.verification import view as cases
from services.verification.application import Verification
from services.verification.view import CasesView

LEDGERS = ("dossiers", "training", "verification", "reporting")
FOLDERS = ("ledgers", "keys", "views", "staging")
LOCK = "projector.lock"
PATIENCE_SECONDS = 60.0
POLL_SECONDS = 0.05
REST, REST_SECONDS = 2, 0.02
"""After a batch, as many times as long as it took, at most so long: what is recorded meanwhile
makes one transaction of the next, and commands have the processor."""
ROUNDS = 2
"""What policies make of what is there now is reached in the second."""
LAYOUTS = {
    "dossiers": units.LAYOUT,
    "training": classes.LAYOUT,
    "verification": cases.LAYOUT,
    "reporting": tables.LAYOUT,
}

Progress = Callable[[int, int], None]
"""Told how many events the views have taken, and of how many."""


class ViewsBehindError(TimeoutError):
    """Another process projects, and its views have not moved for a minute."""


class ViewMisfitError(RuntimeError):
    """A reader's position is not one that its view may have: somebody changed it."""


class Embedded:
    """Everything of one data folder, open in this process. Use it as a context manager."""

    def __init__(
        self,
        folder: Path,
        *,
        clock: Callable[[], datetime] | None = None,
        master_key_file: Path | None = None,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        self.folder = folder
        self._patience = patience_seconds
        with ExitStack() as opened:
            for path in (folder, *(folder / name for name in FOLDERS)):
                path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = os.open(folder / LOCK, os.O_CREAT | os.O_RDWR, 0o600)
            opened.callback(os.close, self._lock)
            self._projects = Lock()
            self.keys = Keys.in_folder(folder / "keys", master_key_file=master_key_file)
            opened.callback(self.keys.close)
            self.ledgers: dict[str, SqliteLedger] = {}
            for name in LEDGERS:
                ledger = SqliteLedger(
                    folder / "ledgers" / f"{name}.db",
                    name,
                    clock=clock or _now,
                )
                opened.callback(ledger.close)
                self.ledgers[name] = ledger
            _refuse_unknown_types(self.ledgers)
            self.discarded = self._discard_outdated()
            self.units = UnitsView(self.place("dossiers"))
            opened.callback(self.units.close)
            self.candidacies = CandidaciesView(
                self.place("dossiers"), Boxes(self.ledgers["dossiers"], self.keys)
            )
            opened.callback(self.candidacies.close)
            self.classes = ClassesView(self.place("training"))
            opened.callback(self.classes.close)
            self.cases = CasesView(self.place("verification"))
            opened.callback(self.cases.close)
            self.view = ReportingView(self.place("reporting"))
            opened.callback(self.view.close)
            self._closing = opened.pop_all()
        self.dossiers = Dossiers(
            self.ledgers["dossiers"], self.keys, self.units, clock=clock or _now
        )
        self.training = Training(self.ledgers["training"], self.keys)
        self.verification = Verification(self.ledgers["verification"], self.keys)
        self.reporting = Reporting(self.ledgers["reporting"], self.keys)
        feeds = {name: LedgerFeed(ledger) for name, ledger in self.ledgers.items()}
        self.runners = [
            self.units.runner(feeds["dossiers"]),
            self.candidacies.runner(feeds["dossiers"]),
            self.classes.runner(feeds["training"]),
            self.cases.runner(feeds["verification"]),
            *self.view.runners(feeds),
        ]
        self.reactors = self._reactors(feeds)

    def _reactors(self, feeds: Mapping[str, LedgerFeed]) -> dict[str, Reactor]:
        """Return what lets services follow one another, by the name that tasks bear."""
        return {
            name: Reactor(name, feeds[name.rpartition(".")[2]], service, policy)
            for name, service, policy in (
                ("dossiers.policy.training", self.dossiers, dossiers_policy.react),
                ("dossiers.policy.verification", self.dossiers, dossiers_policy.react),
                ("verification.policy.dossiers", self.verification, verification_policy.react),
            )
        }

    def place(self, view: str) -> SqliteFile:
        """Return where a view lies."""
        return SqliteFile(self.folder / "views" / f"{view}.db")

    def _discard_outdated(self) -> list[str]:
        """Remove the views that another release laid out; return their names.

        Raises ViewsBehindError where another process keeps them.
        """
        discarded: list[str] = []
        patient_until = monotonic() + self._patience
        while outdated := [
            name for name, stamp in LAYOUTS.items() if self.place(name).is_outdated(stamp)
        ]:
            with self.projecting() as ours:
                if ours:
                    for name in outdated:
                        self.place(name).discard()
                        discarded.append(name)
                    continue
            if monotonic() > patient_until:
                raise ViewsBehindError(str(self.folder))
            sleep(POLL_SECONDS)
        return discarded

    @classmethod
    def open(cls, folder: Path, clock: Callable[[], datetime] | None = None) -> Self:
        """Open a data folder; what it lacks is created, for its owner alone.

        Raises UnknownTypeError where a newer release has written to it.
        """
        return cls(folder, clock=clock)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close ledgers, keys and views."""
        self._closing.close()

    def states(self) -> list[State]:
        """Return where every reader stands."""
        return [reader.state for reader in self._readers()]

    def _readers(self) -> list[Reader]:
        return [*self.runners, *self.reactors.values()]

    def misfits(self) -> list[str]:
        """Return the readers whose position does not fit their view or their ledger."""

        def head(name: str) -> int:
            # Asked after the view, which may move on meanwhile.
            return self.ledgers[name].head().position

        return [*self.units.misfits(head), *self.view.misfits(head)]

    def lags(self) -> list[Lag]:
        """Return what `/metrics` shows of every reader."""
        return [
            Lag(
                reader=state.reader,
                ledger=state.ledger,
                head=state.head,
                position=state.position,
                parked=1 if state.parked else 0,
            )
            for state in self.states()
        ]

    def catch_up(self, progress: Progress | None = None) -> None:
        """Return when policies have reacted to all that the ledgers hold, and every view shows it.

        This is done here, unless another process holds the projectors' lock: then its work
        is awaited, as long as it goes on. Raises ViewsBehindError where it does not, and
        ReaderStoppedError where a record cannot be taken, and ViewMisfitError.
        """
        if misfits := self.misfits():
            raise ViewMisfitError(", ".join(misfits))
        for _ in range(ROUNDS):
            self._reach(self._heads(), progress)

    def _reach(self, heads: Mapping[str, int], progress: Progress | None) -> None:
        total = sum(heads[state.ledger] for state in self.states())
        seen, patient_until = -1, monotonic() + self._patience
        while any(state.position < heads[state.ledger] for state in self.states()):
            with self.projecting() as ours:
                if ours:
                    self._move(progress)
                    return
            taken = sum(state.position for state in self.states())
            if taken > seen:
                seen, patient_until = taken, monotonic() + self._patience
            elif monotonic() > patient_until:
                raise ViewsBehindError(str(self.folder))
            if progress:
                progress(taken, total)
            sleep(POLL_SECONDS)

    def _heads(self) -> dict[str, int]:
        return {name: ledger.head().position for name, ledger in self.ledgers.items()}

    @contextmanager
    def projecting(self) -> Iterator[bool]:
        """Hold the projectors' lock, or tell that another thread or process does."""
        # A file is locked once a process, however many of its threads ask.
        if not self._projects.acquire(blocking=False):
            yield False
            return
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._projects.release()
            yield False
            return
        try:
            yield True
        finally:
            fcntl.flock(self._lock, fcntl.LOCK_UN)
            self._projects.release()

    def project(self, stop: Event, moved: Callable[[], None] = lambda: None) -> None:
        """React, and keep the views current, until told to stop; say each time they moved.

        The caller holds the projectors' lock.
        """
        readers = self._readers()
        grown = Event()
        for ledger in self.ledgers.values():
            ledger.tell(grown.set)
        while not stop.is_set():
            grown.clear()
            began = monotonic()
            has_moved = False
            for reader in readers:
                if isinstance(reader, Reactor) and not self.runners[0].state.ready:
                    continue  # the rules are asked of the units as they are now
                with suppress(*AWAY):  # it is tried again
                    has_moved = reader.step() or has_moved
            if has_moved:
                moved()
                stop.wait(min(REST * (monotonic() - began), REST_SECONDS))
            else:
                grown.wait(POLL_SECONDS)  # another process may have written

    def _move(self, progress: Progress | None) -> None:
        stopped: ReaderStoppedError | None = None
        try:
            self._react()
        except ReaderStoppedError as error:
            stopped = error
        heads = self._heads()
        total = sum(heads[runner.state.ledger] for runner in self.runners)
        self._move_views(heads, total, progress)
        if stopped:
            raise stopped

    def _react(self) -> None:
        while any(not reactor.state.ready for reactor in self.reactors.values()):
            heads = self._heads()
            self.runners[0].catch_up(heads["dossiers"])
            for reactor in self.reactors.values():
                reactor.catch_up(heads[reactor.state.ledger])

    def _move_views(self, heads: dict[str, int], total: int, progress: Progress | None) -> None:
        taken = 0
        for runner in self.runners:
            before = taken

            def step(position: int, before: int = before) -> None:
                if progress:
                    progress(before + position, total)

            goal = heads[runner.state.ledger]
            runner.catch_up(goal, step)
            taken += goal


def _now() -> datetime:
    return datetime.now(UTC)


def _refuse_unknown_types(ledgers: dict[str, SqliteLedger]) -> None:
    unknown = [name for ledger in ledgers.values() for name in ledger.types() if name not in TYPES]
    if unknown:
        raise UnknownTypeError(", ".join(unknown))
