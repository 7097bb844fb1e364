"""What verification accepts: cases are found by their candidacy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, assert_never
from uuid import UUID

from eventsourcing.application import AggregateNotFoundError
from eventsourcing.domain import BaseAggregate

from events import verification
from events.rulebook import Rulebook, rulebook
from events.verification import case_of
from infra.ledger.application import Commands
from infra.ledger.outcomes import PolicyOutcome
from infra.ledger.port import Ledger
from infra.sealing import Keys
from services.verification import commands
from services.verification.domain import Case, CaseNotOpened


class Outcome(PolicyOutcome):
    """What a fact of another ledger asked of verification, and was refused."""

    TOPIC = "verification.Outcome"
    PolicyRefused = verification.PolicyRefused
    PolicySettled = verification.PolicySettled


class Verification(Commands):
    """Cases, one a candidacy."""

    aggregates: ClassVar[tuple[type[BaseAggregate[UUID]], ...]] = (Case, Outcome)
    outcomes = Outcome

    def __init__(self, ledger: Ledger, keys: Keys, book: Rulebook | None = None) -> None:
        super().__init__(ledger, keys)
        self.book = book or rulebook()

    def about(self, command: Any) -> UUID | None:  # noqa: ANN401 - as the base
        """Return the candidacy of a command."""
        return command.candidacy if isinstance(command, commands.Command) else None

    def decide(self, command: commands.Command) -> Sequence[BaseAggregate[UUID]]:
        """Return the case that the command changed."""
        match command:
            case commands.OpenCase():
                return self._open(command)
            case (
                commands.CorrectSeal()
                | commands.NoteConclusion()
                | commands.SuspendCase()
                | commands.ResumeCase()
            ):
                return self._follow(command)
            case commands.OnCase():
                case = self.case(command.candidacy)
                self._act(case, command)
                return (case,)
            case _:
                assert_never(command)

    def case(self, candidacy: UUID) -> Case:
        """Return the case of a candidacy as it is now. Raises CaseNotOpened."""
        known = self._find(candidacy)
        if known is None:
            raise CaseNotOpened(candidacy=candidacy)
        return known

    def _find(self, candidacy: UUID) -> Case | None:
        try:
            known: Case = self.repository.get(case_of(candidacy))
        except AggregateNotFoundError:
            return None
        return known

    def _open(self, command: commands.OpenCase) -> Sequence[Case]:
        known = self._find(command.candidacy)
        if known is None:
            case = Case.open(
                command.on,
                command.by,
                self.book,
                candidacy=command.candidacy,
                person=command.person,
                unit=command.unit,
            )
            return (case,)
        known.rest_on_seal(command.on, command.by, self.book, command.on)
        return (known,)

    def _follow(self, command: commands.OnCase) -> Sequence[Case]:
        """Follow what became of the candidacy; where there is no case, there is nothing to do."""
        case = self._find(command.candidacy)
        if case is None:
            return ()
        match command:
            case commands.CorrectSeal(sealed_on=sealed_on):
                case.rest_on_seal(command.on, command.by, self.book, sealed_on)
            case commands.NoteConclusion(concluded_by=account):
                case.note_conclusion(command.on, command.by, self.book, account)
            case commands.SuspendCase():
                case.suspend(command.on, command.by, self.book)
            case commands.ResumeCase():
                case.resume(command.on, command.by, self.book)
        return (case,)

    def _act(self, case: Case, command: commands.OnCase) -> None:
        on, by, book = command.on, command.by, self.book
        match command:
            case commands.RequestVerification():
                case.request(
                    on,
                    by,
                    book,
                    subject_kind=command.subject_kind,
                    place=command.place,
                    abroad=command.abroad,
                    subject_name=command.subject_name,
                    place_name=command.place_name,
                )
            case commands.RecordReply(request=number, matches=matches, remarks=remarks):
                case.reply(on, by, book, number, matches=matches, remarks=remarks)
            case commands.RequestSupplement(request=number, question=question):
                case.supplement(on, by, book, number, question)
            case commands.WaiveVerification():
                case.waive(
                    on,
                    by,
                    book,
                    number=command.request,
                    subject_kind=command.subject_kind,
                    subject_name=command.subject_name,
                    ground=command.ground,
                    reason=command.reason,
                )
            case commands.CloseCase():
                case.close(on, by, book)
