"""What training reads of its own ledger: the classes, and who learns in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from uuid import UUID

from events import training
from events.envelope import Envelope
from infra.database import Database, Place
from infra.runner import layout, open_view
from infra.view import View

READER = "training.classes"
UNKNOWN_DAY = date.min
"""The day of a class whose day nobody knows."""

SCHEMA = """
create table if not exists classes(
    stream blob primary key, code text not null, centre blob not null, opened_on text not null,
    closed_on text, enrolled integer, certified integer, certificates_due text) without rowid;
create index if not exists classes_day on classes(opened_on, stream);
create table if not exists learners(
    stream blob not null, candidacy blob not null, passed integer, certified_on text,
    primary key (stream, candidacy)) without rowid;
create index if not exists learners_candidacy on learners(candidacy);
"""
LAYOUT = layout(1, SCHEMA)


@dataclass(frozen=True, slots=True)
class ClassRow:
    """A class of a list."""

    stream: UUID
    code: str
    centre: UUID
    opened_on: date
    closed_on: date | None
    enrolled: int | None
    certified: int | None
    certificates_due: date | None
    learners: int
    passed: int
    issued: int
    """How many certificates are issued to learners known one by one."""


class ClassesView(View):
    """Every class, fed by the reader `training.classes`."""

    READER = READER

    def __init__(self, place: Place) -> None:
        super().__init__(partial(open_view, place, SCHEMA, LAYOUT))

    def _projection(self, db: Database) -> _Projection:
        return _Projection(db)

    def classes(
        self, first: date, last: date, *, before: tuple[str, bytes] | None = None, most: int
    ) -> list[ClassRow]:
        """Return classes opened between two days, the latest first, from a place on.

        Those of an unknown day come last, whatever the days.
        """
        day, stream = before or ("9999-12-31", b"\xff" * 17)
        asked = {
            "first": first.isoformat(),
            "last": last.isoformat(),
            "unknown": UNKNOWN_DAY.isoformat(),
            "day": day,
            "stream": stream,
            "most": most,
        }
        with self.snapshot() as db:
            return [_row(*row) for row in db.execute(_LISTED, asked)]

    def class_(self, stream: UUID) -> ClassRow | None:
        """Return one class."""
        with self.snapshot() as db:
            row = db.execute(_ONE, {"stream": stream.bytes}).fetchone()
            return _row(*row) if row else None


class _Projection:
    """Keeps the classes and their learners."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def forget(self) -> None:
        """Nothing is held in memory."""

    def project(self, batch: Sequence[Envelope]) -> None:
        """Apply the next facts, in order."""
        for envelope in batch:
            self._apply(envelope.fact, envelope.fact.originator_id.bytes)

    def _apply(self, fact: object, stream: bytes) -> None:
        run = self._db.execute
        match fact:
            case training.ClassOpened(code=code, centre=centre, on=on, enrolled=enrolled):
                run(
                    "insert into classes(stream, code, centre, opened_on, enrolled)"
                    " values (?, ?, ?, ?, ?)",
                    (stream, code, centre.bytes, on.isoformat(), enrolled),
                )
            case training.ClassCorrected(centre=centre, opened_on=opened_on, closed_on=closed_on):
                run(
                    "update classes set centre = ?, opened_on = ?, closed_on = ?, enrolled = ?,"
                    " certified = ? where stream = ?",
                    (
                        centre.bytes,
                        opened_on.isoformat(),
                        _iso(closed_on),
                        fact.enrolled,
                        fact.certified,
                        stream,
                    ),
                )
            case training.ClassCompleted(on=on, certified=certified, certificates_due=due):
                run(
                    "update classes set closed_on = ?, certified = ?, certificates_due = ?"
                    " where stream = ?",
                    (on.isoformat(), certified, _iso(due), stream),
                )
            case training.LearnerFact(candidacy=candidacy):
                self._learner(fact, stream, candidacy.bytes)

    def _learner(self, fact: training.LearnerFact, stream: bytes, candidacy: bytes) -> None:
        run = self._db.execute
        match fact:
            case training.LearnerEnrolled():
                run("insert into learners(stream, candidacy) values (?, ?)", (stream, candidacy))
            case training.LearnerWithdrawn():
                run("delete from learners where stream = ? and candidacy = ?", (stream, candidacy))
            case training.ResultRecorded(passed=passed):
                run(
                    "update learners set passed = ? where stream = ? and candidacy = ?",
                    (int(passed), stream, candidacy),
                )
            case training.CertificateIssued(on=on):
                run(
                    "update learners set certified_on = ? where stream = ? and candidacy = ?",
                    (on.isoformat(), stream, candidacy),
                )


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _row(  # noqa: PLR0913, PLR0917 - the columns
    stream: bytes,
    code: str,
    centre: bytes,
    opened_on: str,
    closed_on: str | None,
    enrolled: int | None,
    certified: int | None,
    due: str | None,
    learners: int,
    passed: int,
    issued: int,
) -> ClassRow:
    return ClassRow(
        UUID(bytes=stream),
        code,
        UUID(bytes=centre),
        date.fromisoformat(opened_on),
        date.fromisoformat(closed_on) if closed_on else None,
        enrolled,
        certified,
        date.fromisoformat(due) if due else None,
        learners,
        passed,
        issued,
    )


_COLUMNS = """
select c.stream, c.code, c.centre, c.opened_on, c.closed_on, c.enrolled, c.certified,
    c.certificates_due,
    (select count(*) from learners l where l.stream = c.stream),
    (select count(*) from learners l where l.stream = c.stream and l.passed = 1),
    (select count(*) from learners l where l.stream = c.stream and l.certified_on is not null)
from classes c"""
_LISTED = f"""{_COLUMNS}
where (c.opened_on between :first and :last or c.opened_on = :unknown)
  and (c.opened_on, c.stream) < (:day, :stream)
order by c.opened_on desc, c.stream desc limit :most"""
_ONE = f"{_COLUMNS} where c.stream = :stream"
