"""A verification case: what is asked about whom, what is replied, and when it is done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, cast
from uuid import UUID

from eventsourcing.domain import BaseAggregate, event

from events import verification
from events.dossiers import Deadline, Finding
from events.envelope import By, Fact
from events.refusal import Refusal
from events.rulebook import Rulebook
from events.verification import case_of

CANDIDATE = "candidate"
CLOCK = "reply"


class CaseNotOpened(Refusal):
    """No case is opened: the personal history is not sealed, or not yet known to be."""


class CaseClosed(Refusal):
    """The case is done."""


class CaseSuspended(Refusal):
    """The candidacy ended; nothing is asked any more."""


class SealMissing(Refusal):
    """The seal was retracted; nothing is requested before there is another."""


class SealOvertaken(Refusal):
    """Dossiers told something of the seal after what is asked for."""


class RequestBeforeSeal(Refusal):
    """Nothing is requested before the pages are sealed."""


class UnknownVerificationSubject(Refusal):
    """The rules do not list such a subject."""


class PlaceMissing(Refusal):
    """A request names the place that is asked."""


class UnknownRequest(Refusal):
    """The case has no request of that number."""


class ReplyBeforeRequest(Refusal):
    """A reply lies before what it replies to."""


class AlreadyReplied(Refusal):
    """The reply is recorded, and says something else."""


class RequestIsWaived(Refusal):
    """No reply is needed for that request."""


class NothingToSupplement(Refusal):
    """A supplement is asked for when there is a reply."""


class GroundMissing(Refusal):
    """A waiver says on what ground."""


class RepliesMissing(Refusal):
    """Some requests are neither answered nor waived."""


class CandidateNotVerified(Refusal):
    """No place has replied about the candidate himself."""


class ClosedBeforeReply(Refusal):
    """The case does not end before its last reply."""


@dataclass(slots=True, kw_only=True)
class Request:
    """A place that is asked about a subject, or a subject about whom no place needs to be asked."""

    subject_kind: str
    place: str | None
    subject_name: str | None
    asked_on: date
    due: Deadline | None
    abroad: bool = False
    place_name: str | None = None
    replied_on: date | None = None
    """The day of the reply, until a supplement is asked for."""
    matches: bool | None = None
    remarks: str | None = None
    waived_on: date | None = None

    @property
    def settled_on(self) -> date | None:
        """Return the day since which nothing is awaited, or None."""
        return self.waived_on or self.replied_on


class Case(BaseAggregate[UUID]):
    """The background verification of one candidacy, opened by the seal."""

    TOPIC = "verification.Case"

    class Event(Fact):
        """Every fact of a case."""

    VerificationOpened = verification.VerificationOpened
    VerificationRequested = verification.VerificationRequested
    VerificationReplied = verification.VerificationReplied
    SupplementRequested = verification.SupplementRequested
    VerificationWaived = verification.VerificationWaived
    VerificationClosed = verification.VerificationClosed
    SealCorrected = verification.SealCorrected
    ConclusionNoted = verification.ConclusionNoted
    VerificationSuspended = verification.VerificationSuspended
    VerificationResumed = verification.VerificationResumed

    @classmethod
    def open(  # noqa: PLR0913 - what a case is
        cls, on: date, by: By, book: Rulebook, *, candidacy: UUID, person: UUID, unit: UUID
    ) -> Case:
        """Begin a case on the day of the seal; its stream follows from the candidacy."""
        opened: Case = cls._create(
            cls.VerificationOpened,
            id=case_of(candidacy),
            on=on,
            candidacy=candidacy,
            person=person,
            unit=unit,
            rule_set=book.on(on).id,
            **by.fields(),
        )
        return opened

    @event(verification.VerificationOpened)
    def __init__(
        self, on: date, candidacy: UUID, person: UUID, unit: UUID, causation: str | None
    ) -> None:
        self.candidacy = candidacy
        self.person = person
        self.unit = unit
        self.sealed_on: date | None = on
        self._seal_told_at = _position(causation)
        self.suspended = False
        self.closed_on: date | None = None
        self.concluded_by: frozenset[str] = frozenset()
        self.requests: dict[int, Request] = {}

    def request(  # noqa: PLR0913 - what a request is
        self,
        on: date,
        by: By,
        book: Rulebook,
        *,
        subject_kind: str,
        place: str,
        abroad: bool,
        subject_name: str | None,
        place_name: str | None,
    ) -> None:
        """Ask a place about a subject; the same said again of the same day changes nothing."""
        self._must_go_on()
        self._must_be_sealed(on, book)
        self._check_subject(subject_kind, on, book)
        if not place.strip():
            raise PlaceMissing
        asked = (subject_kind, place, subject_name, on)
        if any(
            (known.subject_kind, known.place, known.subject_name, known.asked_on) == asked
            for known in self.requests.values()
        ):
            return
        self._record(
            self.VerificationRequested,
            on,
            by,
            book,
            request=len(self.requests) + 1,
            subject_kind=subject_kind,
            place=place,
            abroad=abroad,
            due=_deadline(on, book, abroad=abroad),
            first=all(known.place is None for known in self.requests.values()),
            subject_name=subject_name,
            place_name=place_name,
        )

    def reply(  # noqa: PLR0913 - what a reply is
        self,
        on: date,
        by: By,
        book: Rulebook,
        number: int,
        *,
        matches: bool,
        remarks: str | None,
    ) -> None:
        """Record a reply; a late one is recorded as late."""
        known = self._request(number)
        if (known.replied_on, known.matches, known.remarks) == (on, matches, remarks):
            return
        self._must_go_on()
        if known.waived_on:
            raise RequestIsWaived(request=number, on=known.waived_on)
        if known.replied_on:
            raise AlreadyReplied(request=number, on=known.replied_on)
        if on < known.asked_on:
            raise ReplyBeforeRequest(request=number, on=on, asked_on=known.asked_on)
        late = known.due and on > known.due.due
        finding = known.due and Finding(
            kind="overrun", expected=known.due.due.isoformat(), actual=on.isoformat()
        )
        self._record(
            self.VerificationReplied,
            on,
            by,
            book,
            request=number,
            subject_kind=known.subject_kind,
            matches=matches,
            findings=(finding,) if late and finding else (),
            remarks=remarks,
        )

    def supplement(
        self, on: date, by: By, book: Rulebook, number: int, question: str | None
    ) -> None:
        """Ask once more a place whose reply was not enough."""
        self._must_go_on()
        known = self._request(number)
        if known.waived_on:
            raise RequestIsWaived(request=number, on=known.waived_on)
        if known.replied_on is None or known.due is None:
            raise NothingToSupplement(request=number)
        if on < known.replied_on:
            raise ReplyBeforeRequest(request=number, on=known.replied_on, asked_on=on)
        self._record(
            self.SupplementRequested,
            on,
            by,
            book,
            request=number,
            subject_kind=known.subject_kind,
            due=_deadline(on, book, abroad=known.abroad),
            question=question,
        )

    def waive(  # noqa: PLR0913 - what a waiver is
        self,
        on: date,
        by: By,
        book: Rulebook,
        *,
        number: int | None,
        subject_kind: str | None,
        subject_name: str | None,
        ground: str,
        reason: str | None,
    ) -> None:
        """Do without a reply."""
        self._must_go_on()
        if not ground.strip():
            raise GroundMissing
        if number is None:
            self._must_be_sealed(on, book)
            self._check_subject(subject_kind or "", on, book)
            number = len(self.requests) + 1
        else:
            known = self._request(number)
            if known.waived_on == on:
                return
            if known.settled_on:
                raise AlreadyReplied(request=number, on=known.settled_on)
            if on < known.asked_on:
                raise ReplyBeforeRequest(request=number, on=on, asked_on=known.asked_on)
            subject_kind, subject_name = known.subject_kind, known.subject_name
        self._record(
            self.VerificationWaived,
            on,
            by,
            book,
            request=number,
            subject_kind=subject_kind,
            ground=ground,
            subject_name=subject_name,
            reason=reason,
        )

    def close(self, on: date, by: By, book: Rulebook) -> None:
        """End the case when everything that was asked is answered or waived."""
        if self.closed_on == on:
            return
        self._must_go_on()
        self._must_be_sealed(on, book)
        clause = book.on(on).clauses["reply_first"]
        awaited = tuple(n for n, known in self.requests.items() if not known.settled_on)
        if awaited:
            raise RepliesMissing(clause=clause, requests=awaited)
        replies = [known for known in self.requests.values() if known.replied_on]
        if not any(known.subject_kind == CANDIDATE for known in replies):
            raise CandidateNotVerified(clause=book.on(on).clauses["verification_subjects"])
        last = max(known.settled_on for known in self.requests.values() if known.settled_on)
        if on < last:
            raise ClosedBeforeReply(on=on, last=last)
        self._record(
            self.VerificationClosed,
            on,
            by,
            book,
            replies=len(replies),
            waived=sum(known.waived_on is not None for known in self.requests.values()),
            conflicts=sum(known.matches is False for known in replies),
        )

    def rest_on_seal(self, on: date, by: By, book: Rulebook, sealed_on: date | None) -> None:
        """Let the case rest on a seal of a day, or on none; nothing requested lies before it.

        What dossiers told later is kept, also of the same day: what it told before may have
        been refused, and be tried again.
        """
        told_at = _position(by.causation)
        if told_at <= self._seal_told_at and sealed_on == self.sealed_on:
            return
        if 0 < told_at <= self._seal_told_at:
            raise SealOvertaken(sealed_on=self.sealed_on)
        first = min((known.asked_on for known in self.requests.values()), default=None)
        if first and (sealed_on is None or first < sealed_on):
            raise RequestBeforeSeal(
                clause=book.on(first).clauses["seal_first"], on=first, sealed_on=sealed_on
            )
        self._record(self.SealCorrected, on, by, book, sealed_on=sealed_on)

    def note_conclusion(self, on: date, by: By, book: Rulebook, account: str) -> None:
        """Know who concluded on the standard; a case that is done is not closed by anybody."""
        if self.closed_on is None and account not in self.concluded_by:
            self._record(self.ConclusionNoted, on, by, book, concluded_by=account)

    def suspend(self, on: date, by: By, book: Rulebook) -> None:
        """Await nothing more; a case that is done stays so."""
        if not self.suspended and self.closed_on is None:
            self._record(self.VerificationSuspended, on, by, book)

    def resume(self, on: date, by: By, book: Rulebook) -> None:
        """Go on where the case stood."""
        if self.suspended:
            self._record(self.VerificationResumed, on, by, book)

    def _must_go_on(self) -> None:
        if self.closed_on:
            raise CaseClosed(on=self.closed_on)
        if self.suspended:
            raise CaseSuspended

    def _must_be_sealed(self, on: date, book: Rulebook) -> None:
        clause = book.on(on).clauses["seal_first"]
        if self.sealed_on is None:
            raise SealMissing(clause=clause)
        if on < self.sealed_on:
            raise RequestBeforeSeal(clause=clause, on=on, sealed_on=self.sealed_on)

    def _check_subject(self, subject_kind: str, on: date, book: Rulebook) -> None:
        rules = book.on(on)
        if subject_kind not in rules.verification_subjects:
            raise UnknownVerificationSubject(
                clause=rules.clauses["verification_subjects"],
                subject=subject_kind,
                subjects=rules.verification_subjects,
            )

    def _request(self, number: int) -> Request:
        if number not in self.requests:
            raise UnknownRequest(request=number)
        return self.requests[number]

    def _record(
        self,
        kind: type[verification.CaseFact],
        on: date,
        by: By,
        book: Rulebook,
        **own: Any,  # noqa: ANN401 - the fields of the fact
    ) -> None:
        self.trigger_event(
            cast("type[Case.Event]", kind),
            on=on,
            candidacy=self.candidacy,
            person=self.person,
            unit=self.unit,
            rule_set=book.on(on).id,
            **own,
            **by.fields(),
        )

    @event(verification.VerificationRequested)
    def _requested(  # noqa: PLR0913 - the fields of the fact
        self,
        *,
        on: date,
        request: int,
        subject_kind: str,
        place: str,
        abroad: bool,
        due: Deadline,
        subject_name: str | None,
        place_name: str | None,
    ) -> None:
        self.requests[request] = Request(
            subject_kind=subject_kind,
            place=place,
            abroad=abroad,
            subject_name=subject_name,
            place_name=place_name,
            asked_on=on,
            due=due,
        )

    @event(verification.VerificationReplied)
    def _replied(self, *, on: date, request: int, matches: bool, remarks: str | None) -> None:
        known = self.requests[request]
        known.replied_on, known.matches, known.remarks = on, matches, remarks

    @event(verification.SupplementRequested)
    def _supplement_requested(self, on: date, request: int, due: Deadline) -> None:
        known = self.requests[request]
        known.replied_on = known.matches = known.remarks = None
        known.asked_on, known.due = on, due

    @event(verification.VerificationWaived)
    def _waived(self, on: date, request: int, subject_kind: str, subject_name: str | None) -> None:
        known = self.requests.setdefault(
            request,
            Request(
                subject_kind=subject_kind,
                place=None,
                subject_name=subject_name,
                asked_on=on,
                due=None,
            ),
        )
        known.waived_on = on

    @event(verification.VerificationClosed)
    def _closed(self, on: date) -> None:
        self.closed_on = on

    @event(verification.SealCorrected)
    def _seal_corrected(self, sealed_on: date | None, causation: str | None) -> None:
        self.sealed_on = sealed_on
        self._seal_told_at = max(self._seal_told_at, _position(causation))

    @event(verification.ConclusionNoted)
    def _conclusion_noted(self, concluded_by: str) -> None:
        self.concluded_by |= {concluded_by}

    @event(verification.VerificationSuspended)
    def _suspended(self) -> None:
        self.suspended = True

    @event(verification.VerificationResumed)
    def _resumed(self) -> None:
        self.suspended = False


def _position(causation: str | None) -> int:
    """Return where dossiers recorded what is followed; 0 where nothing is."""
    position = causation.partition("/")[2] if causation else ""
    return int(position) if position.isdecimal() else 0


def _deadline(on: date, book: Rulebook, *, abroad: bool) -> Deadline:
    rules = book.on(on)
    clock = rules.reply_abroad if abroad else rules.reply_home
    due, provisional = book.working_days.after(on, clock.working_days)
    return Deadline(clock=CLOCK, starts=on, due=due, provisional=provisional)
