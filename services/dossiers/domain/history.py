"""An imported row: a history merged into what is recorded, cell by cell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, cast
from uuid import UUID

import msgspec

from events.dossiers import CandidacyFact, Deadline, Facets, Finding
from events.envelope import Fact
from services.dossiers.domain import refusals
from services.dossiers.domain.candidacy import KINDS, Candidacy
from services.dossiers.domain.clocks import STARTED_BY, Clocks, started
from services.dossiers.domain.journey import (
    CERTIFIED,
    LEFT,
    PLACE,
    RANK,
    Facts,
    Recorded,
    of_kind,
    over,
)
from services.dossiers.domain.readings import LASTING, Act, changed


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What a row says of a journey; what it leaves out is unknown, not undone."""

    unit: UUID
    acts: Mapping[str, date]
    facets: Facets
    """As they are to be, the recorded ones completed or corrected."""
    class_code: str | None = None
    left_kind: str | None = None
    left_on: date | None = None
    differing: tuple[str, ...] = ()
    """Columns of the person and the facets that say something else than is recorded."""
    correct: bool = False
    reason: str | None = None
    findings: tuple[Finding, ...] = ()
    """What does not fit in the person."""
    person_changed: bool = False
    """Whether what is known of the person is not what it was."""


@dataclass(slots=True)
class Merge:
    """What a row adds to a candidacy, and what it says otherwise."""

    added: dict[str, date] = field(default_factory=dict)
    moved: dict[int, date] = field(default_factory=dict)
    classes: dict[int, str] = field(default_factory=dict)
    gone: Recorded | None = None
    columns: list[str] = field(default_factory=list)


def earliest(row_acts: Mapping[str, date], left_on: date | None) -> date | None:
    """Return the first day that a row names."""
    return min((*row_acts.values(), *((left_on,) if left_on else ())), default=None)


def record_history(candidacy: Candidacy, row: Row, act: Act) -> None:
    """Record what a row adds, and correct what it says otherwise if it says that it does.

    Raises DiffersFromRecorded, and the refusals of days out of order and of age.
    """
    merge = compare(candidacy, row)
    if merge.columns:
        if not row.correct:
            raise refusals.DiffersFromRecorded(columns=tuple(merge.columns))
        must_say_why(act, row.reason)
    elsewhere = candidacy.unit != row.unit
    anew = candidacy.facets != row.facets
    if not (
        (merge.added or merge.moved or merge.classes or merge.gone)
        or elsewhere
        or anew
        or row.person_changed
    ):
        return
    corrections = (
        elsewhere + anew + len(merge.moved.keys() | merge.classes.keys()) + (merge.gone is not None)
    )
    facts = _merged(candidacy, row, merge, act, candidacy.version + corrections)
    kinds = {*merge.added, *(candidacy.facts[version].fact for version in merge.moved)}
    settled = candidacy.settle(facts, kinds, act, facets=row.facets)
    _write(candidacy, row, act, merge, settled)


def compare(candidacy: Candidacy, row: Row) -> Merge:
    """Return what a row adds and what it says otherwise. Raises LeftDayMissing, LeftKindMissing."""
    merge = Merge(columns=list(row.differing))
    if candidacy.unit != row.unit:
        merge.columns.append("unit_code")
    facts = candidacy.facts
    for kind, day in row.acts.items():
        if kind not in RANK and kind != CERTIFIED:
            raise refusals.UnknownAct(act=kind)
        those = [fact for fact in of_kind(facts, kind) if fact.carried] if facts else []
        if not those:
            merge.added[kind] = day
        elif all(fact.day != day for fact in those):
            merge.moved[those[-1].version] = day
            merge.columns.append(refusals.column(kind))
    if row.class_code and (certificates := list(of_kind(facts, CERTIFIED))):
        certificate = certificates[-1]
        if certificate.class_code != row.class_code:
            merge.classes[certificate.version] = row.class_code
            if certificate.class_code:
                merge.columns.append("class_code")
    _compare_end(over(facts), row, merge)
    return merge


def _compare_end(ended: Recorded | None, row: Row, merge: Merge) -> None:
    kind, day = row.left_kind, row.left_on
    if kind and kind not in LEFT:
        raise refusals.UnknownAct(act=kind)
    if ended is None:
        if kind and day:
            merge.added[kind] = day
        elif kind:
            raise refusals.LeftDayMissing(columns=("left_kind", "left_on"))
        elif day:
            raise refusals.LeftKindMissing(columns=("left_on", "left_kind"))
        return
    if day and day != ended.day:
        merge.columns.append("left_on")
        merge.moved[ended.version] = day
    if kind and kind != ended.fact:
        merge.columns.append("left_kind")
        merge.moved.pop(ended.version, None)
        merge.gone = ended
        merge.added[kind] = day or ended.day


def _merged(candidacy: Candidacy, row: Row, merge: Merge, act: Act, version: int) -> Facts:
    """Return all facts as the row has them; the added ones follow that version."""
    facts = {
        v: moved(fact, merge.moved.get(v), row.unit if candidacy.unit != row.unit else None, act)
        for v, fact in candidacy.facts.items()
        if fact is not merge.gone
    }
    findings = row.findings
    if row.person_changed and facts:
        facts = {
            v: _of_person(fact, findings if v == min(facts) else ()) for v, fact in facts.items()
        }
        findings = ()
    for v, class_code in merge.classes.items():
        facts[v] = msgspec.structs.replace(facts[v], class_code=class_code)
    ceremony = merge.added.get("ceremony")
    for kind in sorted(merge.added, key=PLACE.__getitem__):
        version += 1
        day = merge.added[kind]
        # The day that counts for a recognition follows from the ceremony, its unit from that day.
        on = day if kind != "recognised" or ceremony is None else max(day, ceremony)
        facts[version] = Recorded(
            version=version,
            fact=kind,
            on=on,
            unit=act.unit_for(row.unit, on, kind),
            imported=True,
            findings=findings,
            decided_on=day if kind == "recognised" else None,
            class_code=row.class_code if kind == CERTIFIED else None,
        )
        findings = ()
    return facts


def _of_person(fact: Recorded, found: tuple[Finding, ...]) -> Recorded:
    """Return a fact with what is now found in the person, and no longer what was."""
    kept = tuple(finding for finding in fact.findings if finding.kind not in LASTING)
    return msgspec.structs.replace(fact, findings=(*found, *kept))


def moved(fact: Recorded, day: date | None, unit: UUID | None, act: Act) -> Recorded:
    """Return a fact on another day or for another unit, the unit one that takes it that day."""
    if day is None and unit is None:
        return fact
    if day is not None and fact.decided_on is not None:
        return msgspec.structs.replace(
            fact, decided_on=day, unit=act.unit_for(unit, fact.on, fact.fact) if unit else fact.unit
        )
    on = day or fact.on
    return msgspec.structs.replace(fact, on=on, unit=act.unit_for(unit or fact.unit, on, fact.fact))


def must_say_why(act: Act, reason: str | None) -> None:
    """Refuse a correction without reason or document."""
    if not reason:
        raise refusals.ReasonMissing
    if not act.by.document:
        raise refusals.DocumentMissing


@dataclass(slots=True)
class _Step:
    """A fact to be recorded: an act as it reads, or a correction."""

    kind: type[Fact]
    reading: Recorded | None
    own: dict[str, Any]


def _write(
    candidacy: Candidacy, row: Row, act: Act, merge: Merge, settled: tuple[Facts, Clocks]
) -> None:
    """Record corrections first, then what is added, in the order of the journey.

    Every fact is written as it reads at the end; what else reads differently because of
    the whole is listed by the last one.
    """
    readings, clocks = settled
    restated = {fact.version: fact for fact in changed(candidacy.facts, readings)}
    steps = list(_corrections(candidacy, row, merge, settled, restated))
    steps += [
        _added(reading, started(reading.fact, readings, candidacy.extension, act.book))
        for version, reading in readings.items()
        if version not in candidacy.facts
    ]
    if not steps and not restated:
        return
    if not steps:  # nothing but what is known of the person makes them read differently
        nothing: dict[str, Any] = {"facets": row.facets, "deadlines": (), "standing": ()}
        steps.append(_Step(Candidacy.FacetsCorrected, None, nothing))
    own = steps[-1].own
    told = {deadline.clock for step in steps for deadline in step.own["deadlines"]}
    own["standing"] += tuple(fact.standing() for fact in restated.values())
    own["deadlines"] += tuple(
        deadline
        for name, deadline in clocks.items()
        if name not in told and candidacy.clocks.get(name) != deadline
    )
    for step in steps:
        if step.reading:
            candidacy.state(cast("type[CandidacyFact]", step.kind), step.reading, act, **step.own)
        else:
            candidacy.amend(step.kind, act, reason=row.reason, **step.own)


def _corrections(
    candidacy: Candidacy,
    row: Row,
    merge: Merge,
    settled: tuple[Facts, Clocks],
    restated: dict[int, Recorded],
) -> Iterator[_Step]:
    readings, clocks = settled

    def step(kind: type[Fact], listed: Iterable[int], **own: Any) -> _Step:  # noqa: ANN401
        standing = tuple(restated.pop(version).standing() for version in listed)
        return _Step(kind, None, {"deadlines": (), "standing": standing} | own)

    if candidacy.unit != row.unit:
        elsewhere = [v for v, fact in restated.items() if fact.unit != candidacy.facts[v].unit]
        yield step(Candidacy.CandidacyUnitCorrected, elsewhere, unit=row.unit)
    if candidacy.facets != row.facets:
        anew = [v for v, fact in restated.items() if fact.facets != candidacy.facts[v].facets]
        yield step(Candidacy.FacetsCorrected, anew, facets=row.facets)
    for version in sorted(merge.moved.keys() | merge.classes.keys()):
        kind = readings[version].fact
        deadlines = tuple(clocks[name] for name in STARTED_BY.get(kind, ()) if name in clocks)
        yield step(
            Candidacy.FactCorrected,
            {version} & restated.keys(),
            fact=kind,
            of=version,
            deadlines=deadlines,
        )
    if gone := merge.gone:
        yield step(Candidacy.FactRetracted, (), fact=gone.fact, of=gone.version)


def _added(reading: Recorded, deadlines: tuple[Deadline, ...]) -> _Step:
    own: dict[str, Any] = {"deadlines": deadlines, "standing": ()}
    if reading.fact == "recognised":
        own["decided_on"] = reading.decided_on
    if reading.fact == CERTIFIED:
        own["class_code"] = reading.class_code
    return _Step(KINDS[reading.fact], reading, own)
