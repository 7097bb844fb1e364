"""The units that rows name by code, with those that earlier rows would register."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import date
from uuid import UUID

from events.rulebook import rulebook
from services.dossiers.domain.refusals import UnitDoesNotAdmit, UnitNotValidOnThatDay
from services.dossiers.domain.tree import Tree
from services.dossiers.view import UnitsView
from services.imports.report import UnknownUnit


class PlannedUnits(UnitsView):
    """The units as they will be: what is rehearsed stays until this is closed."""

    def forget_rehearsed(self) -> None:
        """Keep it: rows of later files are checked against it."""


class Places:
    """Units by code and day."""

    def __init__(self, view: UnitsView) -> None:
        self._view = view

    @property
    def tree(self) -> Tree:
        """The tree of units, rehearsed ones among them."""
        return self._view.tree

    def held(self) -> AbstractContextManager[None]:
        """Look once whether the tree is current, for all that this thread asks inside."""
        return self._view.held()

    def code(self, unit: UUID) -> str:
        """Return the code of a unit."""
        return self.tree.code(unit)

    def find(self, code: str, *days: date | None, column: str = "unit_code") -> UUID:
        """Return the unit of a code on the first of some days on which there is one.

        Without such a day it is the unit that had the code last. Raises UnknownUnit.
        """
        tree = self.tree
        for day in days:
            if day is not None and (unit := tree.by_code(code, day)):
                return unit
        if units := tree.with_code(code):
            return units[-1]
        raise UnknownUnit(columns=(column,), unit=code)

    def taking(self, code: str, on: date, column: str) -> UUID:
        """Return the unit that takes what happened for a code on a day.

        Raises UnknownUnit, UnitDoesNotAdmit, UnitNotValidOnThatDay.
        """
        tree, book = self.tree, rulebook()
        unit = self.find(code, on)
        if taker := tree.admitting(unit, on, book):
            return taker
        if taker := tree.taking(unit, on):
            self._refuse_kind(code, taker, on)
        raise UnitNotValidOnThatDay(unit=code, on=on, columns=("unit_code", column))

    def must_admit(self, code: str, unit: UUID, *days: date) -> None:
        """Refuse a unit of a kind that admits nobody. Raises UnitDoesNotAdmit."""
        then = next((then for day in days if (then := self.tree.unit(unit, day))), None)
        kind = rulebook().unit_kind(then.kind) if then else None
        if then and kind and not kind.admits:
            raise UnitDoesNotAdmit(unit=code, kind=then.kind, columns=("unit_code",))

    def _refuse_kind(self, code: str, unit: UUID, on: date) -> None:
        if then := self.tree.unit(unit, on):
            raise UnitDoesNotAdmit(unit=code, kind=then.kind, columns=("unit_code",))

    def around(self, unit: UUID, on: date) -> Iterator[UUID]:
        """Yield a unit and those above it on a day."""
        yield unit
        yield from self.tree.ancestors(unit, on)
