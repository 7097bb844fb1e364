"""Which candidacy, person or fact a user means, and what people are called: a read on record."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from datetime import date
from uuid import UUID

from events.envelope import By
from events.refusal import Refusal
from services.dossiers.domain.candidacy import Candidacy
from services.dossiers.domain.refusals import UnknownUnit
from services.installation import Installation
from services.terminal.asked import today

_POSITION = re.compile(r"dossiers:(\d+)")
_BEGINNING = re.compile(r"[0-9a-f-]{6,36}")


class UnknownCase(Refusal):
    """No candidacy, and nobody with a candidacy, is known by that."""


class AmbiguousCase(Refusal):
    """Several candidacies begin like that."""


class UnknownFact(Refusal):
    """The candidacy has no such fact."""


def actor() -> str:
    """Return the opaque id of who types: the account's number, never its name."""
    return f"cli/{os.getuid()}"


def by(document: str | None = None) -> By:
    """Return who records, and on what paper."""
    return By(actor=actor(), document=document)


def case_of(ketnap: Installation, text: str) -> UUID:
    """Return the candidacy with that id, or with an id that begins so; else the person's latest.

    Raises UnknownCase and AmbiguousCase.
    """
    if _BEGINNING.fullmatch(text.lower()):
        found = ketnap.view.cases(text.lower())
        if len(found) > 1:
            raise AmbiguousCase(cases=[str(case) for case in found])
        for case in found:
            return case
    person = ketnap.dossiers.person(text)
    attempts = ketnap.dossiers.candidacies(person) if person else []
    if not attempts:
        raise UnknownCase
    return attempts[-1]


def fact_of(ketnap: Installation, case: UUID, text: str) -> tuple[str, int | None]:
    """Return the name of a fact, and its version where a position names it. Raises UnknownFact."""
    standing = ketnap.dossiers.standing(case)
    if match := _POSITION.fullmatch(text):
        position = int(match[1])
        for row in ketnap.ledgers["dossiers"].read(position - 1, 1) if position else ():
            if row.position == position and row.stream == case and row.version in standing:
                return standing[row.version].fact, row.version
    else:
        name = text.removesuffix("_on").replace("-", "_")
        left = [fact.fact for fact in standing.values() if fact.fact in _LEFT]
        name = left[-1] if name == "left" and left else name
        if any(fact.fact == name for fact in standing.values()):
            return name, None
    raise UnknownFact(fact=text, known_facts=sorted({fact.fact for fact in standing.values()}))


def unit_of(ketnap: Installation, code: str, on: date) -> UUID:
    """Return the unit that bears a code on a day, or else today. Raises UnknownUnit."""
    tree = ketnap.units.tree
    found = tree.by_code(code, on) or tree.by_code(code, today())
    if found is None:
        raise UnknownUnit(unit=code)
    return found


def person_of(text: str) -> UUID | None:
    """Return a person's id where the text is one; otherwise it is a reference."""
    try:
        return UUID(text)
    except ValueError:
        return None


def names_of(ketnap: Installation, cases: Iterable[str], purpose: str) -> dict[str, str | None]:
    """Return what people are called, by case; each read goes on record before it is made."""
    names: dict[str, str | None] = {}
    for case in sorted(cases):
        candidacy: Candidacy = ketnap.dossiers.repository.get(UUID(case))
        details = ketnap.dossiers.details(candidacy.person, actor=actor(), purpose=purpose)
        names[case] = details.full_name
    return names


_LEFT = ("struck_off", "resigned", "deceased", "withdrawn", "refused")
