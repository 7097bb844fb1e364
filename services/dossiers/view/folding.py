"""How the facts of candidacies become rows: what stands, what is to be done, who is found how."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Protocol
from uuid import UUID

import msgspec

from events import dossiers
from events.dossiers import CandidacyFact, Deadline
from events.envelope import Envelope, Fact, Told
from infra.database import Database
from services.dossiers.domain.clocks import STARTED_BY, running
from services.dossiers.domain.journey import Recorded, last, over
from services.dossiers.view import names

CALLING = frozenset(
    {
        "overrun",
        "unknown-step",
        "stale-certificate",
        "stale-papers",
        "unknown-ethnic-group",
        "same-name-and-birth-date",
    }
)
"""Findings that somebody can do something about."""
WAITING = frozenset({"probation"})
"""Clocks before whose end nothing can be done, and nothing is to be."""
_KEPT = 2000
"""How many candidacies are held in memory."""


class Shown(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Something to be done: a deadline, a finding, or what was refused to a policy."""

    kind: str
    code: str
    """The clock, the finding or the refusal."""
    on: date
    """When it is due, or the day of the fact that it is about."""
    fact: str | None = None
    starts: date | None = None
    provisional: bool = False
    expected: str | None = None
    actual: str | None = None
    rule: str | None = None
    task: UUID | None = None
    cause: str | None = None
    told: tuple[Told, ...] = ()


class Case(msgspec.Struct, kw_only=True):
    """A candidacy as its facts tell of it."""

    person: UUID
    unit: UUID
    opened: date
    attempt: int = 1
    version: int = 1
    facts: dict[int, Recorded] = {}
    clocks: dict[str, Deadline] = {}

    def take_in(self, fact: Fact) -> None:
        """Apply a fact as the candidacy itself does."""
        self.version = fact.originator_version
        match fact:
            case CandidacyFact():
                self.facts[fact.originator_version] = Recorded.of(fact)
            case dossiers.FactCorrected(fact=kind) | dossiers.FactRetracted(fact=kind):
                for name in STARTED_BY.get(kind, ()):
                    self.clocks.pop(name, None)
                if isinstance(fact, dossiers.FactRetracted):
                    self.facts.pop(fact.of, None)
            case dossiers.CandidacyUnitCorrected(unit=unit) if unit:
                self.unit = unit
            case _:
                pass
        for deadline in getattr(fact, "deadlines", ()):
            self.clocks[deadline.clock] = deadline
        for each in getattr(fact, "standing", ()):
            if each.of in self.facts:
                self.facts[each.of] = self.facts[each.of].restated(each)

    @property
    def last_day(self) -> date:
        """Return the day of the last act."""
        return max((fact.day for fact in self.facts.values()), default=self.opened)

    def tasks(self) -> Iterator[tuple[str, Shown]]:
        """Yield what is to be done in it, each under a name that stays."""
        for deadline in running(self.facts, self.clocks):
            if deadline.clock in WAITING:
                continue
            yield (
                f"deadline/{deadline.clock}",
                Shown(
                    kind="deadline",
                    code=deadline.clock,
                    on=deadline.due,
                    starts=deadline.starts,
                    provisional=deadline.provisional,
                ),
            )
        if over(self.facts) or last(self.facts, "recognised"):
            return
        for version, fact in self.facts.items():
            for finding in fact.findings:
                if finding.kind in CALLING:
                    yield (
                        f"finding/{version}/{finding.kind}",
                        Shown(
                            kind="finding",
                            code=finding.kind,
                            on=fact.day,
                            fact=fact.fact,
                            expected=finding.expected,
                            actual=finding.actual,
                        ),
                    )


CASE = msgspec.json.Decoder(Case)


class Sealed(Protocol):
    """Where personal fields are opened, and parts of names made unreadable."""

    def opened(self, person: UUID, version: int) -> Mapping[str, Any] | None:
        """Return what the box of a fact about a person holds; None once the key is destroyed."""
        ...

    def blind(self, part: str) -> bytes:
        """Return what stands for a part of a name."""
        ...


class Projection:
    """Keeps candidacies, tasks and the index of names."""

    def __init__(self, db: Database, sealed: Sealed) -> None:
        self._db = db
        self._sealed = sealed
        self._cases: dict[UUID, Case] = {}

    def forget(self) -> None:
        """Drop the candidacies that are held in memory."""
        self._cases.clear()

    def project(self, batch: Sequence[Envelope]) -> None:
        """Take the next facts in."""
        touched: dict[UUID, Case] = {}
        for envelope in batch:
            match envelope.fact:
                case dossiers.PersonRegistered() | dossiers.PersonDetailsRecorded():
                    self._name(envelope.fact)
                case dossiers.PersonShredded(originator_id=person):
                    names.forget(self._db, person)
                case dossiers.PolicyRefused():
                    self._refused(envelope.fact)
                case dossiers.PolicySettled(originator_id=task):
                    self._db.execute("delete from tasks where what = ?", (_refusal(task),))
                case fact if case := self._case(fact):
                    case.take_in(fact)
                    touched[fact.originator_id] = case
                    self._place(envelope)
                case _:
                    pass
        for candidacy, case in touched.items():
            self._keep(candidacy, case)
        if len(self._cases) > _KEPT:
            self._cases.clear()

    def _case(self, fact: Fact) -> Case | None:
        stream = fact.originator_id
        match fact:
            case dossiers.CandidacyOpened(person=person, unit=unit, attempt=attempt, on=on):
                case = Case(person=person, unit=unit, opened=on, attempt=attempt)
                self._cases[stream] = case
                return case
            case (
                CandidacyFact()
                | dossiers.Correction()
                | dossiers.DecisionPeriodExtended()
                | dossiers.CeremonyExtensionApproved()
            ):
                if stream not in self._cases:
                    row = self._db.execute(
                        "select state from candidacies where candidacy = ?", (stream.bytes,)
                    ).fetchone()
                    self._cases[stream] = CASE.decode(row[0])
                return self._cases[stream]
            case _:
                return None

    def _place(self, envelope: Envelope) -> None:
        fact = envelope.fact
        self._db.execute(
            "insert into candidacy_positions values (?, ?, ?)",
            (fact.originator_id.bytes, fact.originator_version, envelope.position),
        )

    def _keep(self, candidacy: UUID, case: Case) -> None:
        key = candidacy.bytes
        self._db.execute(
            "insert into candidacies values (?, ?, ?, ?, ?) on conflict (candidacy) do update set"
            " last_day = excluded.last_day, state = excluded.state",
            (
                key,
                case.person.bytes,
                case.attempt,
                case.last_day.toordinal(),
                msgspec.json.encode(case),
            ),
        )
        units = {case.unit, *(fact.unit for fact in case.facts.values())}
        self._db.execute("delete from candidacy_units where candidacy = ?", (key,))
        self._db.executemany(
            "insert into candidacy_units values (?, ?)", [(unit.bytes, key) for unit in units]
        )
        self._db.execute(
            "delete from tasks where candidacy = ? and what not like ?", (key, _refusal("%"))
        )
        self._db.executemany(
            "insert into tasks values (?, ?, ?, ?)",
            [
                (key, what, shown.on.toordinal(), msgspec.json.encode(shown))
                for what, shown in case.tasks()
            ],
        )

    def _refused(self, fact: dossiers.PolicyRefused) -> None:
        if fact.about is None:
            return
        shown = Shown(
            kind="refused",
            code=fact.refusal,
            on=fact.on,
            rule=fact.rule,
            task=fact.originator_id,
            cause=fact.cause,
            told=fact.facts,
        )
        self._db.execute(
            "insert into tasks values (?, ?, ?, ?) on conflict (candidacy, what) do update set"
            " near = excluded.near, told = excluded.told",
            (
                fact.about.bytes,
                _refusal(fact.originator_id),
                fact.on.toordinal(),
                msgspec.json.encode(shown),
            ),
        )

    def _name(self, fact: dossiers.PersonRegistered | dossiers.PersonDetailsRecorded) -> None:
        opened = self._sealed.opened(fact.originator_id, fact.originator_version) or {}
        names.learn(self._db, fact.originator_id, opened.get("full_name"), self._sealed.blind)


def _refusal(task: UUID | str) -> str:
    return f"refused/{task}"
