"""What verification reads of its own ledger: the cases, and what each still awaits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from uuid import UUID

import msgspec

from events import verification
from events.envelope import Envelope, Told
from events.verification import case_of
from infra.database import Database, Place
from infra.runner import layout, open_view
from infra.view import View

READER = "verification.cases"
NEVER = "9999-12-31"
"""Stands, in the order of lists, for a day that is not awaited."""

SCHEMA = """
create table if not exists cases(
    stream blob primary key, candidacy blob not null, person blob not null, unit blob not null,
    opened_on text not null, sealed_on text, closed_on text, suspended integer not null,
    due text not null) without rowid;
create index if not exists cases_due on cases(due, stream);
create table if not exists requests(
    stream blob not null, request integer not null, subject_kind text not null, place text,
    asked_on text not null, due text, settled_on text,
    primary key (stream, request)) without rowid;
create index if not exists requests_place on requests(place, stream);
create table if not exists tasks(
    task blob primary key, stream blob not null, refused_on text not null, told blob not null
    ) without rowid;
create index if not exists tasks_refused_on on tasks(refused_on, task);
"""
LAYOUT = layout(2, SCHEMA)


@dataclass(frozen=True, slots=True)
class CaseRow:
    """A case of a list."""

    stream: UUID
    candidacy: UUID
    person: UUID
    unit: UUID
    opened_on: date
    sealed_on: date | None
    closed_on: date | None
    suspended: bool
    due: date | None
    """The nearest day by which a reply is awaited."""
    requests: int
    awaited: int


@dataclass(frozen=True, slots=True)
class Asked:
    """A place that is asked in a case."""

    request: int
    place: str
    asked_on: date


class Shown(msgspec.Struct, frozen=True):
    """What was refused to a policy, by which rule, and because of what."""

    refusal: str
    rule: str | None
    cause: str
    facts: tuple[Told, ...]


_SHOWN = msgspec.json.Decoder(Shown)


@dataclass(frozen=True, slots=True)
class Task:
    """A refused command of a policy that nobody has taken up, and the case that it is about."""

    task: UUID
    on: date
    told: Shown
    of: CaseRow


class CasesView(View):
    """Every case, fed by the reader `verification.cases`."""

    READER = READER

    def __init__(self, place: Place) -> None:
        super().__init__(partial(open_view, place, SCHEMA, LAYOUT))

    def _projection(self, db: Database) -> _Projection:
        return _Projection(db)

    def cases(
        self, *, closed: bool, beyond: tuple[str, bytes] | None = None, most: int
    ) -> list[CaseRow]:
        """Return the cases that go on, or those that are done, what is due soonest first."""
        due, stream = beyond or ("", b"")
        with self.snapshot() as db:
            rows = db.execute(
                _LISTED, {"closed": int(closed), "due": due, "stream": stream, "most": most}
            )
            return [_row(*row) for row in rows]

    def case(self, either: UUID) -> CaseRow | None:
        """Return a case by its id, or by that of its candidacy."""
        with self.snapshot() as db:
            for stream in (either, case_of(either)):
                if row := db.execute(_ONE, {"stream": stream.bytes}).fetchone():
                    return _row(*row)
        return None

    def asked(self, stream: UUID) -> list[Asked]:
        """Return the places that are asked in a case."""
        with self.snapshot() as db:
            rows = db.execute(
                "select request, place, asked_on from requests where stream = ?"
                " and place is not null order by request",
                (stream.bytes,),
            )
            return [Asked(number, place, date.fromisoformat(on)) for number, place, on in rows]

    def tasks(self, *, beyond: tuple[str, bytes] | None = None, most: int) -> list[Task]:
        """Return what was refused to policies and nobody has taken up, the latest first."""
        on, task = beyond or (NEVER, b"")
        with self.snapshot() as db:
            rows = db.execute(_TASKS, {"on": on, "task": task, "most": most})
            return [
                Task(UUID(bytes=task), date.fromisoformat(on), _SHOWN.decode(told), _row(*of))
                for *of, task, on, told in rows
            ]


class _Projection:
    """Keeps the cases and their requests."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def forget(self) -> None:
        """Nothing is held in memory."""

    def project(self, batch: Sequence[Envelope]) -> None:
        """Apply the next facts, in order."""
        for envelope in batch:
            fact, stream = envelope.fact, envelope.fact.originator_id.bytes
            match fact:
                case verification.PolicyRefused(about=UUID() as about):
                    self._refused(fact, about)
                case verification.PolicySettled():
                    self._db.execute("delete from tasks where task = ?", (stream,))
                case verification.VerificationOpened(
                    candidacy=candidacy, person=person, unit=unit, on=on
                ):
                    day = on.isoformat()
                    self._db.execute(
                        "insert into cases values (?, ?, ?, ?, ?, ?, null, 0, ?)",
                        (stream, candidacy.bytes, person.bytes, unit.bytes, day, day, NEVER),
                    )
                case verification.CaseFact():
                    self._apply(fact, stream)
                    self._db.execute(_DUE, {"stream": stream, "never": NEVER})

    def _refused(self, fact: verification.PolicyRefused, about: UUID) -> None:
        shown = Shown(fact.refusal, fact.rule, fact.cause, fact.facts)
        self._db.execute(
            "insert into tasks values (?, ?, ?, ?) on conflict (task) do nothing",
            (
                fact.originator_id.bytes,
                case_of(about).bytes,
                fact.on.isoformat(),
                msgspec.json.encode(shown),
            ),
        )

    def _apply(self, fact: verification.CaseFact, stream: bytes) -> None:
        on = fact.on.isoformat()
        match fact:
            case verification.VerificationRequested(request=request, due=due):
                self._db.execute(
                    "insert into requests values (?, ?, ?, ?, ?, ?, null)",
                    (stream, request, fact.subject_kind, fact.place, on, due.due.isoformat()),
                )
            case verification.VerificationReplied(request=request):
                self._settle(stream, request, on)
            case verification.SupplementRequested(request=request, due=due):
                self._db.execute(
                    "update requests set asked_on = ?, due = ?, settled_on = null"
                    " where stream = ? and request = ?",
                    (on, due.due.isoformat(), stream, request),
                )
            case verification.VerificationWaived(request=request):
                self._db.execute(
                    "insert into requests values (?, ?, ?, null, ?, null, null)"
                    " on conflict (stream, request) do nothing",
                    (stream, request, fact.subject_kind, on),
                )
                self._settle(stream, request, on)
            case verification.VerificationClosed():
                self._set(stream, "closed_on", on)
            case verification.SealCorrected(sealed_on=sealed_on):
                self._set(stream, "sealed_on", sealed_on and sealed_on.isoformat())
            case verification.VerificationSuspended():
                self._set(stream, "suspended", 1)
            case verification.VerificationResumed():
                self._set(stream, "suspended", 0)

    def _settle(self, stream: bytes, request: int, on: str) -> None:
        self._db.execute(
            "update requests set settled_on = ? where stream = ? and request = ?",
            (on, stream, request),
        )

    def _set(self, stream: bytes, column: str, value: object) -> None:
        self._db.execute(f"update cases set {column} = ? where stream = ?", (value, stream))  # noqa: S608 - our own names


def _day(text: str | None) -> date | None:
    return None if text is None or text == NEVER else date.fromisoformat(text)


def _row(  # noqa: PLR0913, PLR0917 - the columns
    stream: bytes,
    candidacy: bytes,
    person: bytes,
    unit: bytes,
    opened_on: str,
    sealed_on: str | None,
    closed_on: str | None,
    suspended: int,
    due: str,
    requests: int,
    awaited: int,
) -> CaseRow:
    return CaseRow(
        UUID(bytes=stream),
        UUID(bytes=candidacy),
        UUID(bytes=person),
        UUID(bytes=unit),
        date.fromisoformat(opened_on),
        _day(sealed_on),
        _day(closed_on),
        bool(suspended),
        _day(due),
        requests,
        awaited,
    )


_DUE = """
update cases set due = case when closed_on is not null or suspended = 1 then :never else coalesce(
    (select min(r.due) from requests r where r.stream = :stream and r.settled_on is null), :never)
end where stream = :stream"""
_COLUMNS = """
select c.stream, c.candidacy, c.person, c.unit, c.opened_on, c.sealed_on, c.closed_on,
    c.suspended, c.due,
    (select count(*) from requests r where r.stream = c.stream),
    (select count(*) from requests r where r.stream = c.stream and r.settled_on is null)"""
_LISTED = f"""{_COLUMNS} from cases c
where case when c.closed_on is null then 0 else 1 end = :closed
  and (c.due, c.stream) > (:due, :stream)
order by c.due, c.stream limit :most"""
_ONE = f"{_COLUMNS} from cases c where c.stream = :stream"
_TASKS = f"""{_COLUMNS}, t.task, t.refused_on, t.told from tasks t
join cases c on c.stream = t.stream
where (t.refused_on, t.task) < (:on, :task)
order by t.refused_on desc, t.task desc limit :most"""
