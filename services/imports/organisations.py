"""Rows of units: what each one changes, and in which order it can be done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from events.period import Period
from events.refusal import Refusal
from services.dossiers.application import (
    CorrectUnit,
    DissolveUnit,
    MoveUnit,
    ReclassifyUnit,
    RegisterUnit,
    RenameUnit,
)
from services.dossiers.domain.refusals import DaysOutOfOrder, DiffersFromRecorded
from services.dossiers.domain.tree import Life, UnitThen
from services.imports.report import (
    MissingValue,
    RepeatedInFile,
    RowRefused,
    UnknownUnit,
    row_error,
)
from services.imports.taking import WHOLE_FILE, Session, Source, Taken
from services.imports.values import Said
from services.reporting.application import RecordCount
from services.reporting.domain import Tally

_DAY = timedelta(days=1)
_STATE = ("name", "kind", "parent", "sector")
_COLUMN = {"parent": "parent_code"}


class RestsOnAnotherRow(RowRefused):
    """The row of a unit that this one names is not good."""


class RowsInACircle(RowRefused):
    """Units of the file lie below each other, or succeed each other, in a circle."""


@dataclass(slots=True)
class Step:
    """One command that a row asks for, and the steps that must be done before it."""

    row: Said
    command: Any
    rests_on: Sequence[Span]
    """The other units that must be registered, by whichever row tells of them."""
    needs: set[int]


class Organisations:
    """All rows at once: a unit's parent may stand anywhere in the file."""

    batch = WHOLE_FILE

    def __init__(self, session: Session, source: Source) -> None:
        self.session = session
        self.source = source

    def take(self, rows: Sequence[Said], *, dry_run: bool) -> Taken:
        """Say what becomes of the rows; a dry run saves nothing."""
        plan = Plan(self.session, self.source)
        refused = plan.read(rows)
        changed = self._do(plan.steps, refused, dry_run=dry_run)
        changed |= self._count_members(rows, plan, refused, dry_run=dry_run)
        errors = [row_error(number, refusal) for number, refusal in sorted(refused.items())]
        return Taken(len(changed - refused.keys()), errors)

    def _do(self, steps: list[Step], refused: dict[int, Refusal], *, dry_run: bool) -> set[int]:
        """Do the steps in layers, each of which needs only what is done."""
        changed: set[int] = set()
        sorter = _sorted(steps, refused)
        while sorter.is_active():
            layer = sorter.get_ready()
            ready = [steps[n] for n in layer if not self._is_stopped(steps[n], steps, refused)]
            outcomes = self.session.dossiers.perform_all(
                [step.command for step in ready], dry_run=dry_run
            )
            for step, outcome in zip(ready, outcomes, strict=True):
                if isinstance(outcome, Refusal):
                    refused.setdefault(step.row.row, outcome)
                elif outcome:
                    changed.add(step.row.row)
            sorter.done(*layer)
        return changed

    @staticmethod
    def _is_stopped(step: Step, steps: list[Step], refused: dict[int, Refusal]) -> bool:
        for n in step.needs:
            before = steps[n].row.row
            if before in refused and before != step.row.row:
                refused.setdefault(step.row.row, RestsOnAnotherRow(other_row=before))
        return step.row.row in refused

    def _count_members(
        self, rows: Sequence[Said], plan: Plan, refused: dict[int, Refusal], *, dry_run: bool
    ) -> set[int]:
        """Record the members that rows tell of as counts of one day."""
        asked, commands = [], []
        terms = self.session.terms
        for row in rows:
            day = row.get("members_on") or row.get("valid_from")
            if "members" not in row or row.row in refused:
                continue
            if day is None:
                refused[row.row] = MissingValue(columns=("members_on",))
                continue
            period = Period(day, day, f"{day}/{day}")
            asked.append(row)
            commands.append(
                RecordCount(
                    tally=Tally(unit=plan.units[row.row], indicator="members", period=period),
                    count=row.get("members"),
                    correct=terms.correct,
                    reason=terms.reason,
                    by=self.source.by(terms, row.row),
                )
            )
        changed = set()
        outcomes = self.session.ketnap.reporting.perform_all(commands, dry_run=dry_run)
        for row, outcome in zip(asked, outcomes, strict=True):
            if isinstance(outcome, Refusal):
                columns = {"count": "members"}
                told = [columns.get(name, name) for name in outcome.facts.get("columns", ())]
                outcome.facts["columns"] = tuple(told)
                refused[row.row] = outcome
            elif outcome:
                changed.add(row.row)
        return changed


def _sorted(steps: list[Step], refused: dict[int, Refusal]) -> TopologicalSorter[int]:
    """Return what can be done in which order; rows in a circle are refused, and need nothing."""
    while True:
        sorter = TopologicalSorter({n: step.needs for n, step in enumerate(steps)})
        try:
            sorter.prepare()
        except CycleError as error:
            for n in error.args[1]:
                refused[steps[n].row.row] = RowsInACircle(columns=("parent_code",))
                steps[n].needs.clear()
        else:
            return sorter


@dataclass(slots=True)
class Span:
    """A unit that has, or will have, a code from one day to another."""

    unit: UUID
    since: date
    until: date | None
    row: int | None = None
    """The row that tells of it first, where it is not recorded."""
    told: dict[date, UnitThen] = field(default_factory=dict)
    """What rows of the file make of it, from each day on."""
    life: Life | None = None
    born: int | None = None
    """The step that registers it, where a row of the file does."""
    last: int | None = None
    """The last step so far that changes it."""
    ended: tuple[date, tuple[UUID, ...]] | None = None
    """Its last day and its successors, as rows of the file have them."""

    def then(self, on: date) -> UnitThen:
        """Return the unit as it will be on a day."""
        known = self.life.then(max(on, self.life.since)) if self.life else None
        planned = [then for day, then in self.told.items() if day <= on]
        return max((*planned, *([known] if known else [])), key=lambda then: then.since)

    @property
    def end(self) -> tuple[date | None, tuple[UUID, ...]]:
        """Return its last day and its successors, so far."""
        if self.ended or self.life is None:
            return self.ended or (None, ())
        return self.life.until, self.life.successors


class Plan:
    """The steps that the rows of a file ask for, each with those before it."""

    def __init__(self, session: Session, source: Source) -> None:
        self.steps: list[Step] = []
        self.units: dict[int, UUID] = {}
        """The unit that each row tells of."""
        self._terms = session.terms
        self._tree = session.places.tree
        self._source = source
        self._spans: dict[str, list[Span]] = {}
        self._refused: dict[int, Refusal] = {}

    def read(self, rows: Sequence[Said]) -> dict[int, Refusal]:
        """Plan every row; return why some cannot be."""
        ordered = sorted(rows, key=lambda row: (row.get("code"), row.get("valid_from") or date.min))
        days: dict[tuple[str, date | None], int] = {}
        placed: dict[int, tuple[Span, date]] = {}

        def place(row: Said) -> None:
            key = (row.get("code"), row.get("valid_from"))
            if days.setdefault(key, row.row) != row.row:
                raise RepeatedInFile(columns=("code", "valid_from"), other_row=days[key])
            placed[row.row] = self._place(row)

        for make in (
            place,
            lambda row: self._state(row, *placed[row.row]),
            lambda row: self._end(row, placed[row.row][0]),
        ):
            for row in ordered:
                if row.row not in self._refused:
                    self._guarded(make, row)
        self._link()
        return self._refused

    def _link(self) -> None:
        """Let each step wait for the units it rests on, now that all rows have theirs."""
        for step in self.steps:
            for other in step.rests_on:
                if other.born is None and other.life is None:
                    refusal = RestsOnAnotherRow(other_row=other.row)
                    self._refused.setdefault(step.row.row, refusal)
            step.needs |= {span.born for span in step.rests_on if span.born is not None}
        for spans in self._spans.values():
            for span, after in pairwise(spans):
                if after.born is not None and span.last is not None:
                    self.steps[after.born].needs.add(span.last)

    def _guarded(self, make: Callable[[Said], None], row: Said) -> None:
        try:
            make(row)
        except Refusal as refusal:
            self._refused[row.row] = refusal

    def _place(self, row: Said) -> tuple[Span, date]:
        """Return the unit that a row tells of, and the day from which it does."""
        code, since, until = row.get("code"), row.get("valid_from"), row.get("valid_to")
        spans = self._known(code)
        span: Span | None
        if since and until and until < since:
            raise DaysOutOfOrder(
                columns=("valid_from", "valid_to"),
                first="valid_from",
                first_on=since,
                then="valid_to",
                then_on=until,
            )
        if since is None and spans:
            span = spans[-1]
            since = span.since
        else:
            since = since or date.min
            span = next((s for s in spans if s.since <= since <= (s.until or date.max)), None)
            after = next((s for s in spans if s.since > since), None)
            if span is None and after is not None and (until is None or until >= after.since):
                raise DiffersFromRecorded(
                    columns=("valid_from",), recorded={"valid_from": after.since}
                )
        if span is None:
            span = Span(uuid7(), since, until, row.row)
            spans.append(span)
            spans.sort(key=lambda each: each.since)
        elif until is not None and span.until is None:
            span.until = until
        self.units[row.row] = span.unit
        return span, since

    def _state(self, row: Said, span: Span, day: date) -> None:
        """Register the unit of a row, or change or correct what it is from a day."""
        parent = row.get("parent_code")
        above = self._resolve(parent, day, "parent_code") if parent else None
        said = {
            "name": row.get("name"),
            "kind": row.get("kind"),
            "parent": above.unit if above else None,
            "sector": row.get("sector"),
        }
        needs = (above,) if above else ()
        if span.life is None and not span.told:
            span.told[day] = UnitThen(since=day, **said)
            span.born = self._step(
                row, span, needs, RegisterUnit, on=day, code=row.get("code"), **said
            )
            return
        before = span.then(day)
        told = {name: value for name, value in said.items() if value is not None}
        fresh = {name: value for name, value in told.items() if value != getattr(before, name)}
        if not fresh:
            return
        after = replace(before, since=day, **fresh)
        different = tuple(name for name in fresh if getattr(before, name) is not None)
        if before.since == day and different:
            self._correct(row, span, needs, after, different)
        else:
            self._change(row, span, needs, fresh, after)
        span.told[day] = after

    def _correct(
        self,
        row: Said,
        span: Span,
        needs: Sequence[Span],
        after: UnitThen,
        different: tuple[str, ...],
    ) -> None:
        if not self._terms.correct:
            before = span.then(after.since)
            raise DiffersFromRecorded(
                columns=tuple(_COLUMN.get(name, name) for name in different),
                recorded={
                    _COLUMN.get(name, name): self._shown(getattr(before, name))
                    for name in different
                },
            )
        self._step(
            row,
            span,
            needs,
            CorrectUnit,
            on=after.since,
            reason=self._terms.reason,
            **{name: getattr(after, name) for name in _STATE},
        )

    def _change(
        self, row: Said, span: Span, needs: Sequence[Span], fresh: dict[str, Any], after: UnitThen
    ) -> None:
        day = after.since
        if "name" in fresh:
            self._step(row, span, (), RenameUnit, on=day, name=after.name)
        if "parent" in fresh:
            self._step(row, span, needs, MoveUnit, on=day, parent=after.parent)
        if {"kind", "sector"} & fresh.keys():
            self._step(row, span, (), ReclassifyUnit, on=day, kind=after.kind, sector=after.sector)

    def _end(self, row: Said, span: Span) -> None:
        """End the unit of a row with its last day, or name those that take its place."""
        until, codes = row.get("valid_to"), row.get("successor_code") or ()
        known, before = span.end
        if until is None and codes:
            until = known
            if until is None:
                raise MissingValue(columns=("valid_to",))
        if until is None:
            return
        after = [self._resolve(code, until + _DAY, "successor_code") for code in codes]
        successors = tuple(each.unit for each in after) or before
        columns = (
            *(("valid_to",) if known not in {None, until} else ()),
            *(("successor_code",) if before and set(before) != set(successors) else ()),
        )
        if columns and not self._terms.correct:
            raise DiffersFromRecorded(
                columns=columns,
                recorded={
                    "valid_to": known,
                    "successor_code": [self._tree.code(each) for each in before],
                },
            )
        if (known, set(before)) != (until, set(successors)):
            self._step(row, span, after, DissolveUnit, on=until, successors=successors)
            span.ended = (until, successors)

    def _known(self, code: str) -> list[Span]:
        if code not in self._spans:
            lives = ((unit, self._tree.lives[unit]) for unit in self._tree.with_code(code))
            self._spans[code] = [
                Span(unit, life.since, life.until, life=life) for unit, life in lives
            ]
        return self._spans[code]

    def _resolve(self, code: str, day: date, column: str) -> Span:
        """Return the unit of a code on a day, else the next one, else the last."""
        spans = self._known(code)
        if not spans:
            raise UnknownUnit(columns=(column,), unit=code)
        there = (s for s in spans if (s.until or date.max) >= day)
        return next(there, spans[-1])

    def _step(
        self,
        row: Said,
        span: Span,
        needs: Sequence[Span],
        command: type[Any],
        **fields: Any,  # noqa: ANN401 - the fields of the command
    ) -> int:
        number = len(self.steps)
        by = self._source.by(self._terms, row.row)
        self.steps.append(
            Step(
                row,
                command(unit=span.unit, by=by, **fields),
                rests_on=needs,
                needs={n for n in (span.last,) if n is not None},
            )
        )
        span.last = number
        return number

    def _shown(self, value: object) -> object:
        return self._tree.code(value) if isinstance(value, UUID) else value
