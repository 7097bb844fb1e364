"""An installation: four ledgers, keys and views, whatever keeps them, composed here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime
from time import monotonic, sleep
from types import TracebackType
from typing import Self

from events.registry import TYPES, UnknownTypeError
from infra.access import Access
from infra.adapters import Adapters, Province, now
from infra.database import Place
from infra.drafts import Layout
from infra.feed import LedgerFeed
from infra.ledger.port import Ledger
from infra.metrics import Lag
from infra.reactor import Reactor
from infra.runner import Reader, ReaderStoppedError, Runner, State
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
PATIENCE_SECONDS = 60.0
POLL_SECONDS = 0.05
ROUNDS = 3
"""What policies make of what is there now is reached in the second, what others make of that
in the third."""
LAYOUTS = {
    "dossiers": Layout(units.SCHEMA, units.LAYOUT),
    "training": Layout(classes.SCHEMA, classes.LAYOUT),
    "verification": Layout(cases.SCHEMA, cases.LAYOUT),
    "reporting": Layout(tables.SCHEMA + tables.INDEXES, tables.LAYOUT),
}

Progress = Callable[[int, int], None]
"""Told how many events the views have taken, and of how many."""


class ViewsBehindError(TimeoutError):
    """Another process projects, and its views have not moved for a minute."""


class ViewMisfitError(RuntimeError):
    """A reader's position is not one that its view may have: somebody changed it."""


class Installation:
    """Every service of one province, open in this process. Use it as a context manager."""

    def __init__(
        self,
        kept: Adapters,
        *,
        clock: Callable[[], datetime] | None = None,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        self.folder = kept.folder
        self.kept = kept
        self._patience = patience_seconds
        clock = clock or now
        with ExitStack() as opened:
            self.ledgers: dict[str, Ledger] = {}
            for name in LEDGERS:
                ledger = kept.ledger(name, clock)
                opened.callback(ledger.close)
                self.ledgers[name] = ledger
            self.keys = kept.keys()
            opened.callback(self.keys.close)
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
        self.dossiers = Dossiers(self.ledgers["dossiers"], self.keys, self.units, clock=clock)
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
            name: Reactor(
                name,
                feeds[name.rpartition(".")[2]],
                service,
                policy,
                standstills=view.standstills(),
            )
            for name, service, policy, view in (
                ("dossiers.policy.training", self.dossiers, dossiers_policy.react, self.units),
                ("dossiers.policy.verification", self.dossiers, dossiers_policy.react, self.units),
                (
                    "verification.policy.dossiers",
                    self.verification,
                    verification_policy.react,
                    self.cases,
                ),
            )
        }

    @property
    def is_distributed(self) -> bool:
        """Tell whether roles of their own move the views."""
        return isinstance(self.kept, Province)

    def place(self, view: str) -> Place:
        """Return where a view lies."""
        return self.kept.place(view)

    def access(self) -> Access:
        """Open the accounts; whoever opens them closes them."""
        return self.kept.access(self.keys.access_secret)

    def _discard_outdated(self) -> list[str]:
        """Remove the views that another release laid out, where views are made by opening them.

        Return their names.
        """
        return []

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
        return [reader.state for reader in self.readers()]

    def readers(self) -> list[Reader]:
        """Return every reader: of views, then of policies."""
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

        This is done here, unless another process keeps those views or reacts: then its work
        is awaited, as long as it goes on. Raises ViewsBehindError where it does not, and
        ReaderStoppedError where a record cannot be taken, and ViewMisfitError.
        """
        if misfits := self.misfits():
            raise ViewMisfitError(", ".join(misfits))
        heads = self.heads()
        for _ in range(ROUNDS):
            self._reach(heads, progress)
            reached, heads = heads, self.heads()
            if heads == reached:  # policies made nothing of it
                return

    def _reach(self, heads: Mapping[str, int], progress: Progress | None) -> None:
        total = sum(heads[reader.ledger] for reader in self.readers())
        at = self._positions()
        seen = sum(at.values())
        patient_until = monotonic() + self._patience
        while keepers := self._behind(at, heads):
            taken = sum(at.values())
            if taken > seen:
                seen, patient_until = taken, monotonic() + self._patience
            elif monotonic() > patient_until:
                raise ViewsBehindError(str(self.folder))
            else:
                # Nobody moves them, or nobody did just now: perhaps it is for us to do.
                for keeper in keepers:
                    self._move_alone(keeper, progress)
                at = self._positions()
                if not self._behind(at, heads):
                    return
            if progress:
                progress(taken, total)
            sleep(POLL_SECONDS)
            at = self._positions()

    def _positions(self) -> dict[Reader, int]:
        return {reader: reader.position for reader in self.readers()}

    def _behind(self, at: Mapping[Reader, int], heads: Mapping[str, int]) -> list[str]:
        """Return who keeps the readers that have not come to some positions."""
        behind = [reader.name for reader, position in at.items() if position < heads[reader.ledger]]
        return list(dict.fromkeys(map(self.kept.keeper, behind)))

    def _move_alone(self, keeper: str, progress: Progress | None) -> None:
        """Move what a keeper keeps, unless another process does."""
        with self.kept.alone(keeper) as ours:
            if ours:
                self._move(keeper, progress)

    def heads(self) -> dict[str, int]:
        """Return the last position of every ledger."""
        return {name: ledger.head().position for name, ledger in self.ledgers.items()}

    def _move(self, keeper: str, progress: Progress | None) -> None:
        ours = [each for each in self.readers() if self.kept.keeper(each.name) == keeper]
        stopped: ReaderStoppedError | None = None
        try:
            self._react([each for each in ours if isinstance(each, Reactor)])
        except ReaderStoppedError as error:
            stopped = error
        self._move_views([each for each in ours if isinstance(each, Runner)], progress)
        if stopped:
            raise stopped

    def _react(self, reactors: Sequence[Reactor]) -> None:
        while any(not reactor.state.ready for reactor in reactors):
            heads = self.heads()
            # The rules are asked of the units as they are now.
            self.runners[0].catch_up(heads["dossiers"])
            for reactor in reactors:
                reactor.catch_up(heads[reactor.ledger])

    def _move_views(self, runners: Sequence[Runner], progress: Progress | None) -> None:
        heads = self.heads()
        total = sum(heads[runner.ledger] for runner in runners)
        taken = 0
        for runner in runners:
            before = taken

            def step(position: int, before: int = before) -> None:
                if progress:
                    progress(before + position, total)

            goal = heads[runner.ledger]
            runner.catch_up(goal, step)
            taken += goal


def _refuse_unknown_types(ledgers: Mapping[str, Ledger]) -> None:
    unknown = [name for ledger in ledgers.values() for name in ledger.types() if name not in TYPES]
    if unknown:
        raise UnknownTypeError(", ".join(unknown))
