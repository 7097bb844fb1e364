"""The view that answers: figures, the facts behind them, history; and the readers that fill it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import replace
from datetime import date, datetime
from string import hexdigits
from typing import Any, Literal
from uuid import UUID

from events.period import Period
from infra.database import Database, Place, Readers
from infra.feed import Feed
from infra.runner import BATCH_EVENTS, Projection, Runner, passed
from services.reporting.projection.dossiers import DossiersProjection
from services.reporting.projection.history import HistoryProjection
from services.reporting.projection.reporting import ReportingProjection
from services.reporting.projection.training import TrainingProjection
from services.reporting.view.answers import Answers
from services.reporting.view.behind import Behind
from services.reporting.view.figures import Figures, Question
from services.reporting.view.knowledge import Knowledge, positions_at
from services.reporting.view.listing import Listing, UnknownFigure
from services.reporting.view.overlaps import CountStanding, counts_standing, person_in
from services.reporting.view.overview import overview
from services.reporting.view.sources import Counters, Facts
from services.reporting.view.tables import (
    LEDGERS,
    DossiersTables,
    ReportingTables,
    Tables,
    TrainingTables,
    open_tables,
    sum_up_counters,
)
from services.reporting.view.told import (
    Sees,
    Spot,
    history,
    moved,
    refused,
    resumptions,
    seen,
    shown,
)
from services.reporting.view.watching import COUNTING, Watch, above, bearer, code_of

REBUILDING_EVENTS = 5_000
PROJECTING_EVENTS = 5_000
"""Of a process that does nothing else: the more at once, the fewer changes of counters."""
_ID_DIGITS = 32


class ReportingView:
    """All figures and history of one data folder.

    Every answer is of one snapshot; the positions it speaks for are in it. One that is
    being rebuilt starts on no file, takes larger batches, and answers when it was closed
    and is opened as the live one.
    """

    def __init__(self, place: Place, *, rebuilding: bool = False) -> None:
        self._place = place
        self._rebuilding = rebuilding
        self._readers = Readers(lambda: open_tables(place, rebuilding=rebuilding))
        self._writing: list[Database] = []
        self._answers = Answers()
        with self._readers.snapshot():
            pass  # what the tables lack is made, or missed, now

    def close(self) -> None:
        """Close the view and its readers."""
        if self._rebuilding:
            with closing(open_tables(self._place, rebuilding=True)) as db, db.writing():
                sum_up_counters(db)
        for db in self._writing:
            db.close()
        self._readers.close()

    def snapshot(self) -> AbstractContextManager[Database]:
        """Show one snapshot to everything that this thread asks inside."""
        return self._readers.snapshot()

    def runners(
        self, feeds: Mapping[str, Feed], *, batch_events: int | None = None, ahead: bool = False
    ) -> list[Runner]:
        """Return the readers that fill this view, one a ledger; `ahead` is as theirs."""
        usual = REBUILDING_EVENTS if self._rebuilding else BATCH_EVENTS
        runners = []
        for ledger in LEDGERS:
            db = open_tables(self._place, rebuilding=self._rebuilding)
            self._writing.append(db)
            runners.append(
                Runner(
                    f"reporting.{ledger}",
                    feeds[ledger],
                    db,
                    self._projection(ledger, db),
                    batch_events=batch_events or usual,
                    ahead=ahead,
                )
            )
        return runners

    def figures(
        self, question: Question, source: Literal["counters", "facts"] | None = None
    ) -> dict[str, Any]:
        """Return every figure of a unit, in the shape of the public formats.

        What is asked as of now comes from the maintained counters, what was known at a
        moment from the facts. Raises UnknownUnit and UnitNotYetKnown.
        """
        with self._snapshot(question.known_at) as knowledge:
            if source is not None:
                return _figures(question, knowledge, source).answer()
            return self._kept(
                "figures", question, knowledge, lambda: _figures(question, knowledge).answer()
            )

    def sheet(self, question: Question) -> dict[str, Any]:
        """Return every figure of a unit, and what a page shows beside them.

        Those are the days of the last ceremonies, and when the last fact was recorded. Raises
        UnknownUnit and UnitNotYetKnown.
        """
        with self._snapshot(question.known_at) as knowledge:
            sheet = self._kept(
                "sheet", question, knowledge, lambda: _figures(question, knowledge).sheet()
            )
            return {**sheet, "recorded": _iso(knowledge.recorded())}

    def overview(self, question: Question) -> dict[str, Any]:
        """Return how the units below one stand, the least advanced first.

        Raises UnknownUnit and UnitNotYetKnown.
        """
        with self._snapshot(question.known_at) as knowledge:
            told = self._kept(
                "overview", question, knowledge, lambda: overview(_figures(question, knowledge))
            )
            return {**told, "recorded": _iso(knowledge.recorded())}

    def facts(
        self, question: Question, figure: str = "admitted", against: datetime | None = None
    ) -> list[dict[str, Any]]:
        """Return the facts behind a figure, or those that moved it since a moment.

        Their sum is the figure, or the difference. Raises UnknownFigure, UnknownUnit and
        UnitNotYetKnown.
        """
        return self.listed(question, figure, against)[0]

    def listed(
        self, question: Question, figure: str, against: datetime | None = None
    ) -> tuple[list[dict[str, Any]], Mapping[str, int]]:
        """Return the facts behind a figure, and the positions that they are of.

        Raises what `facts` raises.
        """
        with self._snapshot(question.known_at) as knowledge:
            unit = knowledge.unit(question.unit_code, question.as_of)

            def behind(known: Knowledge) -> list[Behind]:
                figures = Figures(question, unit, known, Facts(known))
                return Listing(figures).behind(figure)

            listed = behind(knowledge)
            if against is not None:
                earlier = Knowledge(knowledge.db, positions_at(knowledge.db, against))
                try:
                    before = behind(earlier)
                except UnknownFigure:
                    before = []  # a unit below that nobody knew of then
                listed = moved(before, listed, unit.number, earlier, knowledge)
            return shown(knowledge, listed), knowledge.positions

    def targets(self, question: Question) -> tuple[list[dict[str, Any]], Mapping[str, int]]:
        """Return every target of a unit, of whatever period, and the positions they are of.

        Each is counted over its own period. Raises UnknownUnit and UnitNotYetKnown.
        """
        with self._snapshot(question.known_at) as knowledge:
            told = self._kept(
                "targets", question, knowledge, lambda: {"targets": _targets(question, knowledge)}
            )
            return told["targets"], knowledge.positions

    def positions(self, known_at: datetime | None = None) -> Mapping[str, int]:
        """Return the positions that the view speaks for, or those that it had by a moment."""
        with self._snapshot(known_at) as knowledge:
            return knowledge.positions

    def recorded(self, positions: Mapping[str, int]) -> str | None:
        """Return when the last of the facts up to some positions was recorded."""
        with self._readers.snapshot() as db:
            return _iso(Knowledge(db, positions).recorded())

    def watch(self) -> Watch:
        """Return what tells whose figures change from now on."""
        db = open_tables(self._place)
        self._writing.append(db)
        return Watch(db)

    def bearer(self, code: str, on: date) -> UUID | None:
        """Return the unit that bears a code on a day, as is known now."""
        with self._snapshot(None) as knowledge:
            return bearer(knowledge, code, on)

    def code(self, unit: UUID, on: date) -> str | None:
        """Return the code that a unit bears on a day, as is known now."""
        with self._snapshot(None) as knowledge:
            return code_of(knowledge, unit, on)

    def ancestors(self, unit: UUID, day: date) -> list[UUID] | None:
        """Return the units above a unit on a day; None where it is not there on that day."""
        with self._snapshot(None) as knowledge:
            return above(knowledge, unit, day)

    def history(self, *, case: UUID | None = None, unit: str | None = None) -> list[dict[str, Any]]:
        """Return what happened to a candidacy or a person, or in a unit, as it became known.

        A unit's code is that of today, or else the last that bore it. Raises UnknownUnit.
        """
        with self._snapshot(None) as knowledge:
            number = None if unit is None else knowledge.last_bearer(unit)
            return history(knowledge, case=case, unit=number)

    def history_seen(
        self,
        sees: Sees,
        *,
        case: UUID | None = None,
        unit: str | None = None,
        beyond: Spot | None = None,
        most: int,
    ) -> list[tuple[Spot, dict[str, Any]]] | None:
        """Return a part of history that somebody sees, after a place; None where he sees nothing.

        Raises UnknownUnit.
        """
        with self._snapshot(None) as knowledge:
            number = None if unit is None else knowledge.last_bearer(unit)
            return seen(knowledge, sees, case=case, unit=number, beyond=beyond, most=most)

    def resumptions(self, reader: str) -> list[dict[str, Any]]:
        """Return how often a reader that stood still was told to go on, by whom and why."""
        with self._snapshot(None) as knowledge:
            return resumptions(knowledge, reader)

    def refused(self) -> list[dict[str, Any]]:
        """Return what policies asked for and was refused, and nobody has settled."""
        with self._snapshot(None) as knowledge:
            return refused(knowledge)

    def cases(self, beginning: str) -> list[UUID]:
        """Return the candidacies whose id begins so, written with or without its dashes."""
        digits = beginning.replace("-", "").lower()
        if not set(digits) <= set(hexdigits) or len(digits) > _ID_DIGITS:
            return []
        with self._snapshot(None) as knowledge:
            rows = knowledge.rows(
                "select stream from history_dossiers where type = 'dossiers.CandidacyOpened'"
                " and stream between :first and :last order by stream",
                first=bytes.fromhex(digits.ljust(_ID_DIGITS, "0")),
                last=bytes.fromhex(digits.ljust(_ID_DIGITS, "f")),
            )
            return [UUID(bytes=stream) for (stream,) in rows]

    def counts(self) -> list[CountStanding]:
        """Return every count that stands."""
        with self._snapshot(None) as knowledge:
            return counts_standing(knowledge)

    def person_in(
        self, indicator: str, period: Period, unit: UUID, above: Iterable[UUID]
    ) -> tuple[UUID, date] | None:
        """Return where and when somebody is known whom a count of a unit would count again."""
        with self._snapshot(None) as knowledge:
            return person_in(knowledge, indicator, period, unit, above)

    def unit_id(self, code: str, on: date) -> UUID:
        """Return the unit that bears a code on a day; raise UnknownUnit."""
        with self._snapshot(None) as knowledge:
            return knowledge.id(knowledge.unit(code, on).number)

    def misfits(self, head: Callable[[str], int]) -> list[str]:
        """Return the readers whose position is not that of the last fact in the view."""
        with self._snapshot(None) as knowledge:
            db, shown = knowledge.db, knowledge.positions
            stand = dict(db.execute("select name, position from readers").fetchall())
            return [
                reader
                for ledger in LEDGERS
                if stand.get(reader := f"reporting.{ledger}") != passed(db, reader, shown[ledger])
                or shown[ledger] > head(ledger)
            ]

    def roots(self, on: date) -> list[dict[str, str]]:
        """Return the units that lie below none on a day."""
        with self._snapshot(None) as knowledge:
            return [{"unit": unit.code, "name": unit.name} for unit in knowledge.roots(on)]

    def _kept(
        self,
        what: str,
        question: Question,
        knowledge: Knowledge,
        reckon: Callable[[], dict[str, Any]],
    ) -> dict[str, Any]:
        """Return an answer, which what only tells does not make another but for its positions."""
        at = tuple(knowledge.positions[ledger] for ledger in COUNTING)
        answer = self._answers.get((what, question), at, reckon)
        return {**answer, "positions": dict(knowledge.positions)}

    @contextmanager
    def _snapshot(self, known_at: datetime | None) -> Iterator[Knowledge]:
        with self._readers.snapshot() as db:
            yield Knowledge(db, positions_at(db, known_at))

    def _projection(self, ledger: str, db: Database) -> Projection:
        match ledger:
            case "dossiers":
                return DossiersProjection(DossiersTables(db), counting=not self._rebuilding)
            case "training":
                return TrainingProjection(TrainingTables(db))
            case "verification":
                return HistoryProjection(Tables(db, ledger))
            case _:
                return ReportingProjection(ReportingTables(db))


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _targets(question: Question, knowledge: Knowledge) -> list[dict[str, Any]]:
    unit = knowledge.unit(question.unit_code, question.as_of)
    aims = knowledge.aims([unit.number], question.as_of.toordinal()).get(unit.number, ())
    if not aims:
        return []
    first, last = min(aim.first for aim in aims), max(aim.last for aim in aims)
    period = Period(date.fromordinal(first), date.fromordinal(last), "")
    return _figures(replace(question, period=period), knowledge).targets()


def _figures(
    question: Question, knowledge: Knowledge, source: Literal["counters", "facts"] | None = None
) -> Figures:
    unit = knowledge.unit(question.unit_code, question.as_of)
    counted = source == "counters" or (source is None and question.known_at is None)
    return Figures(question, unit, knowledge, Counters(knowledge) if counted else Facts(knowledge))
