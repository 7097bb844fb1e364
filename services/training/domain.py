"""An awareness class: its days, its learners, their results and their certificates."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, cast
from uuid import UUID

from eventsourcing.domain import BaseAggregate, event

from events import training
from events.dossiers import Finding
from events.envelope import By, Fact
from events.refusal import Refusal
from events.rulebook import ClassRules, Rulebook

UNKNOWN_DAY = date.min
"""The day of a class whose day nobody knows: it belongs to no period."""


class ClassAlreadyOpen(Refusal):
    """A class with that code is known."""


class UnknownClass(Refusal):
    """No class with that code is known."""


class ClassAlreadyCompleted(Refusal):
    """The class ended on another day."""


class DaysOutOfOrder(Refusal):
    """One day must not be after the other."""


class DiffersFromRecorded(Refusal):
    """What is recorded is something else; a correction says so, with reason and document."""


class UnknownLearner(Refusal):
    """The candidate is no learner of the class."""


class LearnerInAnotherClass(Refusal):
    """A person learns in one class at a time."""


class OutsideTheClass(Refusal):
    """The day lies before the class was opened."""


class AttendanceTooLow(Refusal):
    """Who attended too few periods does not sit the final paper."""


class ScoreImpossible(Refusal):
    """A score lies outside the scale, or more periods were attended than there were."""


class RetakeNotAllowed(Refusal):
    """The paper is written again only by who sat it and did not pass."""


class ResultsMissing(Refusal):
    """The class ends when the result of every learner is known."""


class ResultAlreadyRecorded(Refusal):
    """The learner has another result; a correction says so, with its reason."""


class CertifiedDiffers(Refusal):
    """The number that passed is not that of the learners who did."""


class ClassNotCompleted(Refusal):
    """Certificates are issued when the class has ended."""


class NotPassed(Refusal):
    """The learner did not pass, and gets no certificate."""


class CertificateAlreadyIssued(Refusal):
    """A certificate is issued once."""


class CertificateNumberTaken(Refusal):
    """Another certificate bears the number."""


class CertificateNumberMissing(Refusal):
    """A certificate bears the number of the register."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How a learner did: attendance, the final paper, and the paper written again."""

    attended: int
    periods: int
    score: Decimal | None = None
    """None where the learner did not sit the paper."""
    retake: Decimal | None = None

    def check(self, rules: ClassRules) -> None:
        """Refuse what the rules of classes do not allow."""
        scores = [score for score in (self.score, self.retake) if score is not None]
        if not 0 <= self.attended <= self.periods or not self.periods:
            raise ScoreImpossible(score=self.attended, most=self.periods)
        for score in scores:
            if not 0 <= score <= rules.full_mark:
                raise ScoreImpossible(score=str(score), most=str(rules.full_mark))
        if scores and not rules.may_sit(self.attended, self.periods):
            raise AttendanceTooLow(
                clause=rules.clauses["attendance_percent"],
                attended=self.attended,
                periods=self.periods,
                percent=rules.attendance_percent,
            )
        sat_and_failed = self.score is not None and not rules.passes(self.score)
        if self.retake is not None and not (sat_and_failed and rules.retakes):
            raise RetakeNotAllowed(clause=rules.clauses["retakes"])


@dataclass(slots=True, kw_only=True)
class Learner:
    """A learner of a class, by the candidacy for which a person learns."""

    person: UUID
    enrolled_on: date
    passed: bool | None = None
    """None until the result is known."""
    result: Result | None = None
    """None until it is known, or when nobody can read it any more."""
    certificate: str | None = None
    certified_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """What is known of a class; None is unknown."""

    code: str
    centre: UUID
    opened_on: date | None = None
    closed_on: date | None = None
    weekend: bool | None = None
    co_organiser: str | None = None
    enrolled: int | None = None
    certified: int | None = None

    def check(self) -> None:
        """Refuse a class that ends before it begins."""
        if self.opened_on and self.closed_on:
            _in_order(("opened_on", self.opened_on), ("closed_on", self.closed_on))


def _in_order(earlier: tuple[str, date], later: tuple[str, date]) -> None:
    if later[1] < earlier[1]:
        raise DaysOutOfOrder(
            columns=(earlier[0], later[0]),
            first=earlier[0],
            first_on=earlier[1],
            then=later[0],
            then_on=later[1],
        )


class Class(BaseAggregate[UUID]):
    """Awareness class (lớp nhận thức về Đảng), known by its code for ever."""

    TOPIC = "training.Class"

    class Event(Fact):
        """Every fact of a class."""

    ClassOpened = training.ClassOpened
    ClassCompleted = training.ClassCompleted
    ClassCorrected = training.ClassCorrected
    LearnerEnrolled = training.LearnerEnrolled
    LearnerWithdrawn = training.LearnerWithdrawn
    ResultRecorded = training.ResultRecorded
    CertificateIssued = training.CertificateIssued

    @classmethod
    def open(cls, stream: UUID, details: Details, by: By, *, imported: bool = False) -> Class:
        """Begin a class; without its day it is known, and counted in no period."""
        details.check()
        opened: Class = cls._create(
            cls.ClassOpened,
            id=stream,
            on=details.opened_on or UNKNOWN_DAY,
            code=details.code,
            centre=details.centre,
            weekend=details.weekend,
            co_organiser=details.co_organiser,
            enrolled=details.enrolled,
            imported=imported,
            **by.fields(),
        )
        return opened

    @event(training.ClassOpened)
    def __init__(  # noqa: PLR0913 - the fields of the fact
        self,
        *,
        on: date,
        code: str,
        centre: UUID,
        weekend: bool | None,
        co_organiser: str | None,
        enrolled: int | None,
    ) -> None:
        self.details = Details(
            code=code,
            centre=centre,
            opened_on=None if on == UNKNOWN_DAY else on,
            weekend=weekend,
            co_organiser=co_organiser,
            enrolled=enrolled,
        )
        self.learners: dict[UUID, Learner] = {}

    def enrol(self, on: date, person: UUID, candidacy: UUID, by: By) -> None:
        """Take a learner in; said again, it changes nothing."""
        if candidacy in self.learners:
            return
        self._must_go_on()
        self._must_be_open(on)
        if any(learner.person == person for learner in self.learners.values()):
            raise LearnerInAnotherClass(code=self.details.code)
        self._record(self.LearnerEnrolled, on, person, candidacy, by)

    def withdraw(self, on: date, candidacy: UUID, by: By, reason: str | None) -> None:
        """Let a learner leave whose result is not known."""
        self._must_go_on()
        learner = self._learner(candidacy)
        if learner.passed is not None:
            raise ResultAlreadyRecorded(code=self.details.code)
        self._must_be_open(on, learner)
        self._record(self.LearnerWithdrawn, on, learner.person, candidacy, by, reason=reason)

    def record_result(  # noqa: PLR0913 - what a result is, and who says so
        self,
        on: date,
        candidacy: UUID,
        result: Result,
        by: By,
        rules: ClassRules,
        *,
        correct: bool = False,
        reason: str | None = None,
    ) -> None:
        """Say how a learner did, or, until there is a certificate, correct it."""
        learner = self._learner(candidacy)
        result.check(rules)
        if learner.result == result:
            return
        known = learner.passed is not None
        if known and not (correct and reason):
            raise ResultAlreadyRecorded(code=self.details.code)
        if learner.certificate:
            raise CertificateAlreadyIssued(clause=rules.clauses["certificate_days"])
        self._must_be_open(on, learner)
        self._record(
            self.ResultRecorded,
            on,
            learner.person,
            candidacy,
            by,
            passed=rules.passes(result.score, result.retake),
            corrects=known,
            reason=reason if known else None,
            **asdict(result),
        )
        if self.details.closed_on and self.details.certified != self._passed():
            self._correct(on, replace(self.details, certified=self._passed()), by)

    def complete(self, on: date, certified: int | None, by: By, rules: ClassRules) -> None:
        """End the class; said again of the same day, it changes nothing."""
        known = self.details
        if self.learners:
            if certified not in {None, self._passed()}:
                raise CertifiedDiffers(told=certified, passed=self._passed())
            certified = self._passed()
        if known.closed_on is not None:
            if (known.closed_on, known.certified) != (on, certified):
                raise ClassAlreadyCompleted(code=known.code, closed_on=known.closed_on)
            return
        replace(known, closed_on=on).check()
        if missing := sum(learner.passed is None for learner in self.learners.values()):
            raise ResultsMissing(code=known.code, missing=missing)
        due: date | None = None
        findings: tuple[Finding, ...] = ()
        if self.learners:
            due = on + timedelta(days=rules.certificate_days)
            findings = self._size(rules)
        self.trigger_event(
            self.ClassCompleted,
            on=on,
            centre=known.centre,
            certified=certified,
            certificates_due=due,
            findings=findings,
            **by.fields(),
        )

    def issue_certificate(
        self, on: date, candidacy: UUID, number: str, by: By, book: Rulebook
    ) -> None:
        """Issue the certificate of who passed, once; a late one is recorded as late."""
        learner = self._learner(candidacy)
        if (learner.certificate, learner.certified_on) == (number, on):
            return
        closed_on = self.details.closed_on
        if closed_on is None:
            raise ClassNotCompleted(code=self.details.code)
        rules = book.classes_on(closed_on)
        clause = rules.clauses["certificate_days"]
        if learner.certificate:
            raise CertificateAlreadyIssued(clause=clause)
        if not learner.passed:
            raise NotPassed(clause=rules.clauses["pass_mark"], code=self.details.code)
        if not number.strip():
            raise CertificateNumberMissing
        _in_order(("closed_on", closed_on), ("certified_on", on))
        due = closed_on + timedelta(days=rules.certificate_days)
        late = Finding(kind="overrun", expected=due.isoformat(), actual=on.isoformat())
        self._record(
            self.CertificateIssued,
            on,
            learner.person,
            candidacy,
            by,
            number=number,
            findings=(late,) if on > due else (),
        )

    def _must_go_on(self) -> None:
        if self.details.closed_on is not None:
            raise ClassAlreadyCompleted(code=self.details.code, closed_on=self.details.closed_on)

    def _must_be_open(self, on: date, learner: Learner | None = None) -> None:
        first = learner.enrolled_on if learner else self.details.opened_on
        if first and on < first:
            raise OutsideTheClass(code=self.details.code, on=on, first=first)

    def _learner(self, candidacy: UUID) -> Learner:
        if candidacy not in self.learners:
            raise UnknownLearner(code=self.details.code)
        return self.learners[candidacy]

    def _passed(self) -> int:
        return sum(bool(learner.passed) for learner in self.learners.values())

    def _size(self, rules: ClassRules) -> tuple[Finding, ...]:
        known, least = len(self.learners), rules.minimum_learners
        if known >= least:
            return ()
        return (Finding(kind="class-too-small", expected=str(least), actual=str(known)),)

    def _record(
        self,
        kind: type[training.LearnerFact],
        on: date,
        person: UUID,
        candidacy: UUID,
        by: By,
        **own: Any,  # noqa: ANN401 - the fields of the fact
    ) -> None:
        self.trigger_event(
            cast("type[Class.Event]", kind),
            on=on,
            person=person,
            candidacy=candidacy,
            centre=self.details.centre,
            class_code=self.details.code,
            **own,
            **by.fields(),
        )

    def record(  # noqa: PLR0913 - a row, and how it is taken
        self,
        on: date,
        row: Details,
        by: By,
        rules: ClassRules,
        *,
        reason: str | None,
        correct: bool,
    ) -> None:
        """Take in what a row knows more than we do, or, when it corrects, otherwise."""
        known = asdict(self.details)
        told = {name: value for name, value in asdict(row).items() if value is not None}
        different = tuple(name for name, value in told.items() if known[name] not in {None, value})
        if different and not correct:
            raise DiffersFromRecorded(
                columns=different, recorded={name: known[name] for name in different}
            )
        after = Details(**(known | told))
        if after == self.details:
            return
        after.check()
        fresh = {name for name in told if known[name] != told[name]}
        if "closed_on" in fresh and fresh <= {"closed_on", "certified"} and not different:
            self.complete(told["closed_on"], after.certified, by, rules)
            return
        self._correct(on, after, by, reason if different else None)

    def _correct(self, on: date, after: Details, by: By, reason: str | None = None) -> None:
        fields: dict[str, Any] = asdict(after) | {"opened_on": after.opened_on or UNKNOWN_DAY}
        self.trigger_event(self.ClassCorrected, on=on, reason=reason, **fields, **by.fields())

    @event(training.LearnerEnrolled)
    def _learner_enrolled(self, on: date, person: UUID, candidacy: UUID) -> None:
        self.learners[candidacy] = Learner(person=person, enrolled_on=on)

    @event(training.LearnerWithdrawn)
    def _learner_withdrawn(self, candidacy: UUID) -> None:
        del self.learners[candidacy]

    @event(training.ResultRecorded)
    def _result_recorded(  # noqa: PLR0913 - the fields of the fact
        self,
        *,
        candidacy: UUID,
        passed: bool,
        attended: int | None,
        periods: int | None,
        score: Decimal | None,
        retake: Decimal | None,
    ) -> None:
        learner = self.learners[candidacy]
        learner.passed = passed
        if attended is not None and periods is not None:
            learner.result = Result(attended=attended, periods=periods, score=score, retake=retake)

    @event(training.CertificateIssued)
    def _certificate_issued(self, on: date, candidacy: UUID, number: str) -> None:
        learner = self.learners[candidacy]
        learner.certificate, learner.certified_on = number, on

    @event(training.ClassCompleted)
    def _completed(self, on: date, certified: int | None) -> None:
        self.details = replace(self.details, closed_on=on, certified=certified)

    @event(training.ClassCorrected)
    def _corrected(  # noqa: PLR0913 - the fields of the fact
        self,
        *,
        centre: UUID,
        opened_on: date,
        closed_on: date | None,
        weekend: bool | None,
        co_organiser: str | None,
        enrolled: int | None,
        certified: int | None,
    ) -> None:
        self.details = Details(
            code=self.details.code,
            centre=centre,
            opened_on=None if opened_on == UNKNOWN_DAY else opened_on,
            closed_on=closed_on,
            weekend=weekend,
            co_organiser=co_organiser,
            enrolled=enrolled,
            certified=certified,
        )
