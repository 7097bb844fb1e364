"""A unit: registered, renamed, moved, reclassified, corrected, dissolved."""

from __future__ import annotations

from datetime import date
from typing import Any, Self, cast
from uuid import UUID

from eventsourcing.domain import BaseAggregate

from events import dossiers
from events.envelope import By, Fact
from events.rulebook import Rulebook
from services.dossiers.domain import refusals
from services.dossiers.domain.tree import Life, Tree, UnitThen


class Unit(BaseAggregate[UUID]):
    """A unit of the Party or a body beside it; its days and its place in the tree."""

    TOPIC = "dossiers.Unit"

    class Event(Fact):
        """A fact of a unit."""

        def apply(self, aggregate: Unit) -> None:
            aggregate.life.apply(self.originator_version, self)

    UnitRegistered = dossiers.UnitRegistered
    UnitRenamed = dossiers.UnitRenamed
    UnitMoved = dossiers.UnitMoved
    UnitReclassified = dossiers.UnitReclassified
    UnitCorrected = dossiers.UnitCorrected
    UnitDissolved = dossiers.UnitDissolved

    def __init__(self) -> None:
        self.life = Life()

    @classmethod
    def register(  # noqa: PLR0913 - what a unit is
        cls,
        unit: UUID,
        on: date,
        by: By,
        *,
        code: str,
        name: str,
        kind: str,
        parent: UUID | None,
        sector: str | None,
        tree: Tree,
        book: Rulebook,
    ) -> Self:
        """Begin a unit on its first day."""
        for other in tree.with_code(code):
            life = tree.lives[other]
            if other != unit and (life.until is None or on <= life.until):
                raise refusals.UnitCodeTaken(code=code, on=on, name=life.spans[-1].name)
        _check_parent(unit, parent, on, date.max, tree)
        return cls._create(
            cls.UnitRegistered,
            id=unit,
            on=on,
            code=code,
            name=name,
            kind=_kind(kind, book),
            parent=parent,
            sector=sector,
            rule_set=book.on(on).id,
            **by.fields(),
        )

    def rename(self, on: date, by: By, name: str, book: Rulebook) -> None:
        """Let the unit bear a name from a day."""
        if self._then(on).name != name:
            self._trigger(self.UnitRenamed, on, by, book, name=name)

    def move(self, on: date, by: By, parent: UUID | None, tree: Tree, book: Rulebook) -> None:
        """Let the unit lie below another parent, or none, from a day."""
        if self._then(on).parent != parent:
            _check_parent(self.id, parent, on, self._until_next(on), tree)
            self._trigger(self.UnitMoved, on, by, book, parent=parent)

    def reclassify(self, on: date, by: By, kind: str, sector: str | None, book: Rulebook) -> None:
        """Let the unit be of a kind and a sector from a day."""
        kind, then = _kind(kind, book), self._then(on)
        if (then.kind, then.sector) != (kind, sector):
            self._trigger(self.UnitReclassified, on, by, book, kind=kind, sector=sector)

    def correct(  # noqa: PLR0913 - what a unit is
        self,
        on: date,
        by: By,
        *,
        name: str,
        kind: str,
        parent: UUID | None,
        sector: str | None,
        reason: str | None,
        tree: Tree,
        book: Rulebook,
    ) -> None:
        """Say anew what the unit is from a day on."""
        kind, then = _kind(kind, book), self._then(on)
        if (then.name, then.kind, then.parent, then.sector) == (name, kind, parent, sector):
            return
        if not reason:
            raise refusals.ReasonMissing
        if then.parent != parent:
            _check_parent(self.id, parent, on, self._until_next(on), tree)
        self._trigger(
            self.UnitCorrected,
            on,
            by,
            book,
            name=name,
            kind=kind,
            parent=parent,
            sector=sector,
            reason=reason,
        )

    def dissolve(
        self, on: date, by: By, successors: tuple[UUID, ...], tree: Tree, book: Rulebook
    ) -> None:
        """End the unit with its last day; said again, that day is corrected."""
        life = self.life
        if (life.until, life.successors) == (on, successors):
            return
        if on < life.since:
            raise refusals.DissolvedBeforeRegistered(unit=life.code, on=on, since=life.since)
        if life.last_change() > on:
            raise refusals.UnitChangedAfterwards(
                unit=life.code, on=on, changed_on=life.last_change()
            )
        for successor in successors:
            if successor not in tree or successor == self.id:
                raise refusals.UnknownUnit(unit=tree.code(successor))
        again = life.until is not None
        if life.until and on > life.until:
            self._check_code_is_free(on, tree)
        self._trigger(
            self.UnitDissolved,
            on,
            by,
            book,
            code=life.code,
            successors=successors,
            corrects=again,
        )

    def _check_code_is_free(self, last: date, tree: Tree) -> None:
        for other in tree.with_code(self.life.code):
            theirs = tree.lives[other]
            if other != self.id and self.life.since <= theirs.since <= last:
                raise refusals.UnitCodeTaken(
                    code=self.life.code, on=theirs.since, name=theirs.spans[-1].name
                )

    def _then(self, on: date) -> UnitThen:
        if then := self.life.then(on):
            return then
        raise refusals.UnitNotValidOnThatDay(unit=self.life.code, on=on)

    def _until_next(self, on: date) -> date:
        later = (
            fact.on
            for fact in self.life.facts.values()
            if fact.on > on and isinstance(fact, dossiers.UnitMoved | dossiers.UnitCorrected)
        )
        return min(later, default=self.life.until or date.max)

    def _trigger(
        self,
        fact: type[Fact],
        on: date,
        by: By,
        book: Rulebook,
        **fields: Any,  # noqa: ANN401 - the fields of the fact
    ) -> None:
        rule_set = book.on(on).id
        self.trigger_event(
            cast("type[Unit.Event]", fact), on=on, rule_set=rule_set, **by.fields(), **fields
        )


def _kind(text: str, book: Rulebook) -> str:
    if kind := book.unit_kind(text):
        return kind.code
    raise refusals.UnknownUnitKind(kind=text)


def _check_parent(unit: UUID, parent: UUID | None, on: date, last: date, tree: Tree) -> None:
    if parent is None:
        return
    if parent not in tree:
        raise refusals.UnknownUnit(unit=parent)
    until = tree.lives[parent].until
    if until and until < on:
        raise refusals.ParentDissolved(parent=tree.code(parent), on=on, until=until)
    if tree.lies_below(parent, unit, on, last):
        raise refusals.UnitsInACircle(unit=tree.code(unit), parent=tree.code(parent), on=on)
