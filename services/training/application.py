"""The commands that training accepts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from eventsourcing.domain import BaseAggregate
from uuid_utils.compat import uuid7

from events.envelope import By
from events.refusal import Refusal
from infra.ledger.application import Commands
from infra.ledger.port import ClaimTakenError
from services.training.domain import Class, ClassAlreadyOpen, Details, UnknownClass


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenClass:
    """Begin an awareness class at a training centre."""

    on: date
    code: str
    centre: UUID
    weekend: bool | None = None
    co_organiser: str | None = None
    enrolled: int | None = None
    by: By


@dataclass(frozen=True, slots=True, kw_only=True)
class CompleteClass:
    """End a class and say how many learners passed."""

    on: date
    code: str
    certified: int | None = None
    by: By


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordClass:
    """Take in one row of a file: what is empty there changes nothing here."""

    on: date
    """The day of recording, which a correction bears."""
    details: Details
    correct: bool = False
    reason: str | None = None
    by: By


Command = OpenClass | CompleteClass | RecordClass


class Training(Commands):
    """Classes, each found by its code."""

    aggregates = (Class,)

    def decide(self, command: Command) -> Sequence[BaseAggregate[UUID]]:
        """Return the class that the command changed."""
        match command:
            case OpenClass():
                return self._open(command)
            case CompleteClass():
                known = self._class(command.code)
                if known is None:
                    raise UnknownClass(code=command.code)
                known.complete(command.on, command.certified, command.by)
                return (known,)
            case RecordClass():
                return self._take_in(command)

    def claim_refusal(self, error: ClaimTakenError) -> Refusal:
        """Say that a class has the code already; there is no other claim."""
        return ClassAlreadyOpen(code=error.key.partition("/")[2])

    def _class(self, code: str) -> Class | None:
        stream = self.holder(f"class-code/{code}")
        known: Class | None = None if stream is None else self.repository.get(stream)
        return known

    def _open(self, command: OpenClass) -> Sequence[Class]:
        if self._class(command.code) is not None:
            raise ClassAlreadyOpen(code=command.code)
        details = Details(
            code=command.code,
            centre=command.centre,
            opened_on=command.on,
            weekend=command.weekend,
            co_organiser=command.co_organiser,
            enrolled=command.enrolled,
        )
        return (Class.open(uuid7(), details, command.by),)

    def _take_in(self, command: RecordClass) -> Sequence[Class]:
        known = self._class(command.details.code)
        if known is None:
            known = Class.open(uuid7(), command.details, command.by, imported=True)
        known.record(
            command.on,
            command.details,
            command.by,
            reason=command.reason,
            correct=command.correct,
        )
        return (known,)
