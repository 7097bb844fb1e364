"""How the facts of candidacies become rows: what stands, what is to be done, who is found how."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
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
_CHANGING = (
    CandidacyFact,
    dossiers.Correction,
    dossiers.DecisionPeriodExtended,
    dossiers.CeremonyExtensionApproved,
)
_STATES = "select candidacy, state from candidacies where candidacy in (?)"
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

    def opened(self, versions: Mapping[UUID, int]) -> dict[UUID, Mapping[str, Any]]:
        """Return what the box of one fact about each person holds; of none whose key is gone."""
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
        self._recall(batch)
        touched: dict[UUID, Case] = {}
        places: list[tuple[bytes, int, int]] = []
        named: dict[UUID, int] = {}
        shredded: set[UUID] = set()
        for envelope in batch:
            match envelope.fact:
                case (
                    dossiers.PersonRegistered(originator_id=person, originator_version=version)
                    | dossiers.PersonDetailsRecorded(
                        originator_id=person, originator_version=version
                    )
                ):
                    named[person] = version
                case dossiers.PersonShredded(originator_id=person):
                    shredded.add(person)
                case dossiers.PolicyRefused():
                    self._refused(envelope.fact)
                case dossiers.PolicySettled(originator_id=task):
                    self._db.execute("delete from tasks where what = ?", (_refusal(task),))
                case fact if case := self._case(fact):
                    case.take_in(fact)
                    touched[fact.originator_id] = case
                    places.append(
                        (fact.originator_id.bytes, fact.originator_version, envelope.position)
                    )
                case _:
                    pass
        self._db.put("candidacy_positions", places)
        self._keep(touched)
        self._name(named, shredded)
        if len(self._cases) > _KEPT:
            self._cases.clear()

    def _recall(self, batch: Sequence[Envelope]) -> None:
        """Hold the candidacies that facts change, read together."""
        changed = {each.fact.originator_id for each in batch if isinstance(each.fact, _CHANGING)}
        lacking = [stream.bytes for stream in changed - self._cases.keys()]
        for key, state in self._db.of_keys(_STATES, lacking):
            self._cases[UUID(bytes=key)] = CASE.decode(state)

    def _case(self, fact: Fact) -> Case | None:
        stream = fact.originator_id
        match fact:
            case dossiers.CandidacyOpened(person=person, unit=unit, attempt=attempt, on=on):
                case = Case(person=person, unit=unit, opened=on, attempt=attempt)
                self._cases[stream] = case
                return case
            case _ if isinstance(fact, _CHANGING):
                return self._cases[stream]
            case _:
                return None

    def _keep(self, cases: Mapping[UUID, Case]) -> None:
        if not cases:
            return
        keys = [(candidacy.bytes,) for candidacy in cases]
        self._db.put(
            "candidacies",
            [
                (
                    candidacy.bytes,
                    case.person.bytes,
                    case.attempt,
                    case.last_day.toordinal(),
                    msgspec.json.encode(case),
                )
                for candidacy, case in cases.items()
            ],
            "on conflict (candidacy) do update set"
            " last_day = excluded.last_day, state = excluded.state",
        )
        self._db.executemany("delete from candidacy_units where candidacy = ?", keys)
        self._db.put(
            "candidacy_units",
            [
                (unit.bytes, candidacy.bytes)
                for candidacy, case in cases.items()
                for unit in {case.unit, *(fact.unit for fact in case.facts.values())}
            ],
        )
        self._db.executemany(
            "delete from tasks where candidacy = ? and what not like ?",
            [(*key, _refusal("%")) for key in keys],
        )
        self._db.put(
            "tasks",
            [
                (candidacy.bytes, what, shown.on.toordinal(), msgspec.json.encode(shown))
                for candidacy, case in cases.items()
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

    def _name(self, versions: Mapping[UUID, int], shredded: Collection[UUID]) -> None:
        """Have people found by the names that facts of those versions tell, and only by them."""
        if not versions and not shredded:
            return
        told = {person: version for person, version in versions.items() if person not in shredded}
        names.forget(self._db, {*versions, *shredded})
        opened = self._sealed.opened(told)
        full_names = {person: fields.get("full_name") for person, fields in opened.items()}
        names.learn(self._db, full_names, self._sealed.blind)


def _refusal(task: UUID | str) -> str:
    return f"refused/{task}"
