"""What training accepts: classes are found by their code, and learners by their candidacy."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from eventsourcing.application import AggregateNotFoundError
from eventsourcing.domain import BaseAggregate
from uuid_utils.compat import uuid7

from events.refusal import Refusal
from events.rulebook import Rulebook, rulebook
from infra.ledger.application import Commands
from infra.ledger.port import ClaimTakenError, Ledger
from infra.sealing import Keys
from services.training import domain
from services.training.commands import (
    Command,
    CompleteClass,
    EnrolLearner,
    IssueCertificate,
    OfLearner,
    OpenClass,
    RecordClass,
    RecordResult,
    WithdrawLearner,
)
from services.training.domain import Class, Details

__all__ = [
    "Command",
    "CompleteClass",
    "EnrolLearner",
    "IssueCertificate",
    "OpenClass",
    "RecordClass",
    "RecordResult",
    "Training",
    "WithdrawLearner",
]


class Training(Commands):
    """Classes, their learners and certificates."""

    aggregates = (Class,)

    def __init__(self, ledger: Ledger, keys: Keys, book: Rulebook | None = None) -> None:
        super().__init__(ledger, keys)
        self.book = book or rulebook()

    def decide(self, command: Command) -> Sequence[BaseAggregate[UUID]]:
        """Return the class that the command changed."""
        match command:
            case OpenClass():
                return self._open(command)
            case RecordClass():
                return self._take_in(command)
            case CompleteClass(on=on, by=by):
                known = self._class(command.code)
                rules = self.book.classes_on(on)
                for candidacy, result in command.results:
                    known.record_result(on, candidacy, result, by, rules)
                known.complete(on, command.certified, by, rules)
                return (known,)
            case _:
                return self._of_learner(self._class(command.code), command)

    def class_(self, code: str) -> Class:
        """Return a class as it is now. Raises UnknownClass."""
        return self._class(code)

    def found(self, stream: UUID) -> Class | None:
        """Return the class of an id as it is now; None where there is none."""
        try:
            known: Class = self.repository.get(stream)
        except AggregateNotFoundError:
            return None
        return known

    def claim_refusal(self, error: ClaimTakenError) -> Refusal:
        """Say what is taken in the words of its rule."""
        kind, _, key = error.key.partition("/")
        match kind:
            case "learner":
                elsewhere = self.repository.get(error.holder) if error.holder else None
                code = elsewhere.details.code if isinstance(elsewhere, Class) else None
                return domain.LearnerInAnotherClass(code=code)
            case "certificate-number":
                return domain.CertificateNumberTaken(number=key)
            case "certificate":
                return domain.CertificateAlreadyIssued()
            case _:
                return domain.ClassAlreadyOpen(code=key)

    def _find(self, code: str) -> Class | None:
        stream = self.holder(f"class-code/{code}")
        known: Class | None = None if stream is None else self.repository.get(stream)
        return known

    def _class(self, code: str) -> Class:
        known = self._find(code)
        if known is None:
            raise domain.UnknownClass(code=code)
        return known

    def _open(self, command: OpenClass) -> Sequence[Class]:
        if self._find(command.code) is not None:
            raise domain.ClassAlreadyOpen(code=command.code)
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
        known = self._find(command.details.code)
        if known is None:
            known = Class.open(uuid7(), command.details, command.by, imported=True)
        known.record(
            command.on,
            command.details,
            command.by,
            self.book.classes_on(command.details.closed_on or command.on),
            reason=command.reason,
            correct=command.correct,
        )
        return (known,)

    def _of_learner(self, known: Class, command: OfLearner) -> Sequence[Class]:
        on, candidacy, by = command.on, command.candidacy, command.by
        match command:
            case EnrolLearner(person=person):
                known.enrol(on, person, candidacy, by)
            case WithdrawLearner(reason=reason):
                known.withdraw(on, candidacy, by, reason)
            case RecordResult(result=result, correct=correct, reason=reason):
                rules = self.book.classes_on(on)
                known.record_result(
                    on, candidacy, result, by, rules, correct=correct, reason=reason
                )
            case IssueCertificate(number=number):
                known.issue_certificate(on, candidacy, number, by, self.book)
        return (known,)
