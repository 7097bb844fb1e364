"""What of a file somebody may take in: rows of his scope, and kinds that his role records."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from events.period import Period
from events.refusal import Refusal
from infra.access import Grant, NotFound, Resource, Roles, Scope
from services.dossiers.domain.candidacy import Candidacy
from services.dossiers.domain.tree import Tree
from services.imports.candidates import ACTS
from services.imports.report import MissingValue, RowError, RowRefused, UnknownUnit, row_error
from services.imports.taking import Session
from services.imports.values import Said
from services.wording import say

RECORDED_BY = {
    "organisations": ("unit", "change"),
    "classes": ("class", "open"),
    "targets": ("target", "issue"),
    "counts": ("count", "record"),
    "candidates": ("candidacy", "correct"),
}
"""The act that a kind of file does in bulk: who may not do it once may not do it by file."""


class KindNotGranted(RowRefused):
    """The role does not record what this kind of file tells of."""


class RecordedElsewhere(RowRefused):
    """The reference of a person is recorded where the one who imports does not see."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """The grant by which a file is taken in; a unit that it does not see is unknown."""

    roles: Roles
    grant: Grant
    today: date

    def kind_refusal(self, kind: str) -> Refusal | None:
        """Return why nothing of a kind can be taken in."""
        record, act = RECORDED_BY[kind]
        role = self.roles.role(self.grant.role)
        permissions = role.permissions.get(record, ()) if role else ()
        if any(act in permission.acts for permission in permissions):
            return None
        return KindNotGranted(kind=kind)

    def sift(self, session: Session, kind: str, rows: Sequence[Said]) -> list[RowError]:
        """Return why rows are not for the one who imports to take in."""
        if kind == "organisations":
            return list(_Units(self, session.ketnap.units.tree).sift(rows))
        scope = self.scope(session.places.tree)
        return [
            row_error(row.row, refusal)
            for row in rows
            if (refusal := self._refusal(session, scope, kind, row))
        ]

    def veil(self, session: Session, error: RowError) -> RowError:
        """Return an error that names no unit outside the scope."""
        code = error.refusal.facts.get("other_unit")
        if isinstance(code, str) and not self._is_seen(session.places.tree, code):
            error.refusal.facts["other_unit"] = say("rows.unit-elsewhere")
        return error

    def scope(self, tree: Tree) -> Scope:
        """Return what decides, by where units lie."""
        return Scope(
            self.roles,
            self.grant,
            lambda unit, day: tree.ancestors(unit, day) if tree.unit(unit, day) else None,
            self.today,
        )

    def _is_seen(self, tree: Tree, code: str) -> bool:
        scope = self.scope(tree)
        return any(
            scope.sees("unit", unit, day)
            for unit in tree.with_code(code)
            if (day := within(tree, unit, self.today))
        )

    def _refusal(self, session: Session, scope: Scope, kind: str, row: Said) -> Refusal | None:
        column = "centre" if kind == "classes" else "unit_code"
        day = _day(kind, row) or self.today
        try:
            unit = session.places.find(row.get(column), day, column=column)
        except UnknownUnit:
            return None  # it is refused as everybody's would be
        if refusal := self.refusal(scope, session.places.tree, kind, unit, day):
            unknown = UnknownUnit(columns=(column,), unit=row.get(column))
            return unknown if isinstance(refusal, NotFound) else refusal
        return self._elsewhere(session, scope, row) if kind == "candidates" else None

    def refusal(self, scope: Scope, tree: Tree, kind: str, unit: UUID, day: date) -> Refusal | None:
        """Return why a row of a unit and a day is refused; NotFound where it is not seen."""
        record, act = RECORDED_BY[kind]
        taker = tree.taking(unit, day) or unit
        on = within(tree, taker, day)
        if on is None:
            return NotFound()
        return scope.decide(Resource(kind=record, day=on, links={"unit": taker}), act).refusal

    def _elsewhere(self, session: Session, scope: Scope, row: Said) -> Refusal | None:
        """Return that the person has a case that is not seen: a row would change it."""
        service = session.dossiers
        person = service.holder(f"person/{service.keys.reference(row.get('person_ref'))}")
        tree = session.places.tree
        for candidacy in service.candidacies(person) if person else ():
            known: Candidacy = service.repository.get(candidacy)
            refusal = self.refusal(scope, tree, "candidates", known.unit, self.today)
            if isinstance(refusal, NotFound):
                return RecordedElsewhere(columns=("person_ref",))
        return None


class _Units:
    """Rows of units: each lies below the unit of the grant, and so does all that it names."""

    def __init__(self, bounds: Bounds, tree: Tree) -> None:
        self._bounds = bounds
        self._tree = tree
        self._scope = bounds.scope(tree)
        self._new: set[str] = set()

    def sift(self, rows: Sequence[Said]) -> Iterator[RowError]:
        """Yield why rows are refused; the parents of new units may stand anywhere in the file."""
        waiting = list(rows)
        while True:
            refused = {row.row: self._refusal(row) for row in waiting}
            good = [row for row in waiting if refused[row.row] is None]
            self._new |= {row.get("code") for row in good}
            waiting = [row for row in waiting if refused[row.row] is not None]
            if not good or not waiting:
                break
        for row in waiting:
            if refusal := refused[row.row]:
                yield row_error(row.row, refusal)

    def _refusal(self, row: Said) -> Refusal | None:
        code, day = row.get("code"), row.get("valid_from") or self._bounds.today
        unit = self._unit(code, day)
        if unit and (refusal := self._of(unit, code, "code", day)):
            return refusal
        parent = row.get("parent_code")
        if unit is None and parent is None:
            return MissingValue(columns=("parent_code",))
        named = [(each, "successor_code") for each in row.get("successor_code") or ()]
        if parent and not (unit == self._bounds.grant.unit and parent == self._above(unit, day)):
            named.append((parent, "parent_code"))
        for other, column in named:
            there = self._unit(other, day)
            if there is None and other not in self._new:
                return UnknownUnit(columns=(column,), unit=other)
            if there and (refusal := self._of(there, other, column, day)):
                return refusal
        return None

    def _of(self, unit: UUID, code: str, column: str, day: date) -> Refusal | None:
        refusal = self._bounds.refusal(self._scope, self._tree, "organisations", unit, day)
        is_hidden = isinstance(refusal, NotFound)
        return UnknownUnit(columns=(column,), unit=code) if is_hidden else refusal

    def _unit(self, code: str, day: date) -> UUID | None:
        return self._tree.by_code(code, day) or next(reversed(self._tree.with_code(code)), None)

    def _above(self, unit: UUID | None, day: date) -> str | None:
        on = within(self._tree, unit, day) if unit else None
        then = self._tree.unit(unit, on) if unit and on else None
        return self._tree.code(then.parent) if then and then.parent else None


def within(tree: Tree, unit: UUID, day: date) -> date | None:
    """Return the day of a unit that is nearest to a day; None where nobody knows the unit."""
    life = tree.lives.get(unit)
    return min(max(day, life.since), life.until or date.max) if life else None


def _day(kind: str, row: Said) -> date | None:
    """Return the last day that a row tells of."""
    period: Period | None = row.get("period")
    days: list[date | None]
    match kind:
        case "candidates":
            days = [row.get(f"{act}_on") for act in (*ACTS, "left")]
        case "classes":
            days = [row.get("opened_on"), row.get("closed_on")]
        case "targets":
            days = [row.get("issued_on") or (period.first if period else None)]
        case _:
            days = [period.last if period else None]
    return max((day for day in days if day), default=None)
