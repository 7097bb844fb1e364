"""The commands that reporting accepts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from eventsourcing.application import AggregateNotFoundError
from eventsourcing.domain import BaseAggregate

from events.envelope import By
from infra.ledger.application import Commands
from services.reporting.domain import Aim, Count, Resumed, Resumption, Tally, Target, Terms


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordTarget:
    """Issue a target, amend it from a later day on, or complete and correct what was said."""

    on: date
    """The day from which it is in force."""
    aim: Aim
    terms: Terms
    correct: bool = False
    reason: str | None = None
    by: By


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordCount:
    """Record a count, or complete and correct what was said."""

    tally: Tally
    count: int
    source: str | None = None
    correct: bool = False
    reason: str | None = None
    by: By


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordResumption:
    """Put on record that somebody had a reader go on that stood still."""

    stream: UUID
    on: date
    resumed: Resumed
    by: By


Command = RecordTarget | RecordCount | RecordResumption


class Reporting(Commands):
    """Targets and counts, each found by what it is of; and what was done about readers."""

    aggregates = (Target, Count, Resumption)

    def decide(self, command: Command) -> Sequence[BaseAggregate[UUID]]:
        """Return what the command changed."""
        match command:
            case RecordTarget():
                return (self._target(command),)
            case RecordCount():
                return (self._count(command),)
            case RecordResumption(stream=stream, on=on, resumed=resumed, by=by):
                return (Resumption.of(stream, on, resumed, by),)

    def _target(self, command: RecordTarget) -> Target:
        try:
            known: Target = self.repository.get(command.aim.stream)
        except AggregateNotFoundError:
            return Target.issue(command.aim, command.on, command.terms, command.by)
        known.record(
            command.on,
            command.terms,
            command.by,
            reason=command.reason,
            correct=command.correct,
        )
        return known

    def _count(self, command: RecordCount) -> Count:
        try:
            known: Count = self.repository.get(command.tally.stream)
        except AggregateNotFoundError:
            return Count.take(command.tally, command.count, command.source, command.by)
        known.record(
            command.count,
            command.source,
            command.by,
            reason=command.reason,
            correct=command.correct,
        )
        return known
