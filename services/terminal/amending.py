"""A correction as it was typed, as a command of dossiers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

import msgspec

from services.dossiers.application import (
    CorrectCandidacyUnit,
    CorrectFacet,
    CorrectFact,
    RetractFact,
)
from services.dossiers.domain.candidacy import Candidacy
from services.installation import Installation
from services.terminal.asked import today
from services.terminal.cases import by, fact_of, unit_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """Why something is set right, and on what paper."""

    reason: str
    document: str


def other_day(
    ketnap: Installation, candidacy: UUID, fact: str, day: date, paper: Paper
) -> CorrectFact:
    """Return the command that sets the day of a fact right. Raises UnknownFact."""
    name, of = fact_of(ketnap, candidacy, fact)
    return CorrectFact(
        candidacy=candidacy,
        on=today(),
        fact=name,
        of=of,
        day=day,
        reason=paper.reason,
        by=by(paper.document),
    )


def other_unit(
    ketnap: Installation, candidacy: UUID, fact: str, code: str, paper: Paper
) -> CorrectFact | CorrectCandidacyUnit:
    """Return the command that sets the unit right: of imported history, that of all of it.

    The code is that of the fact's own day. Raises UnknownFact and UnknownUnit.
    """
    name, of = fact_of(ketnap, candidacy, fact)
    recorded = next(
        each
        for version, each in ketnap.dossiers.standing(candidacy).items()
        if (version == of if of else each.fact == name)
    )
    unit = unit_of(ketnap, code, recorded.on)
    if recorded.imported:
        return CorrectCandidacyUnit(
            candidacy=candidacy,
            on=today(),
            unit=unit,
            reason=paper.reason,
            by=by(paper.document),
        )
    return CorrectFact(
        candidacy=candidacy,
        on=today(),
        fact=name,
        of=of,
        unit=unit,
        reason=paper.reason,
        by=by(paper.document),
    )


def other_facet(  # noqa: PLR0913, PLR0917 - what is set right, and to what
    ketnap: Installation, candidacy: UUID, fact: str, name: str, value: str | None, paper: Paper
) -> CorrectFacet:
    """Return the command that sets a facet of the candidacy right. Raises UnknownFact."""
    fact_of(ketnap, candidacy, fact)
    return CorrectFacet(
        candidacy=candidacy,
        on=today(),
        name=name,
        value=value,
        reason=paper.reason,
        by=by(paper.document),
    )


def retraction(ketnap: Installation, candidacy: UUID, fact: str, paper: Paper) -> RetractFact:
    """Return the command that says a fact never happened. Raises UnknownFact."""
    name, of = fact_of(ketnap, candidacy, fact)
    return RetractFact(
        candidacy=candidacy,
        on=today(),
        fact=name,
        of=of,
        reason=paper.reason,
        by=by(paper.document),
    )


Said = dict[tuple[str, str], object]
"""What stands of a candidacy: of each fact its day and its unit, and each facet."""


def standing(ketnap: Installation, candidacy: UUID) -> Said:
    """Return what stands of a candidacy, so that what a correction changed can be told."""
    known: Candidacy = ketnap.dossiers.repository.get(candidacy)
    said: Said = {
        (name, "facet"): value for name, value in msgspec.structs.asdict(known.facets).items()
    }
    for version, fact in known.facts.items():
        said[fact.fact, f"{version} day"] = fact.day
        said[fact.fact, f"{version} unit"] = ketnap.units.tree.code(fact.unit)
    return said


def changes(before: Said, after: Said) -> list[tuple[str, object, object]]:
    """Return what is otherwise now: its name, what it was and what it is.

    A fact that is gone is told by its day.
    """
    return [
        (name, value, after.get((name, part)))
        for (name, part), value in before.items()
        if after.get((name, part)) != value and ((name, part) in after or part.endswith("day"))
    ]
