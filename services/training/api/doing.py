"""What is done to classes: one resource an act, each once under its key."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from events.refusal import Refusal
from infra.access import Resource, Scope
from infra.http import decoded
from services import acting
from services.acting import Body, check_day, must_match, promise, recorded
from services.training import commands
from services.training.api import bodies
from services.training.api.room import KIND, Here, Room, Who, decide
from services.training.domain import Class, Result

router = APIRouter()


class UnknownCandidate(Refusal):
    """No candidacy is known of that person, or under that id."""


class UnknownCentre(Refusal):
    """No training centre of that code is there, or none that the grant acts for."""


_OPENING = msgspec.json.Decoder(bodies.Opening)
_ENROLMENT = msgspec.json.Decoder(bodies.Enrolment)
_WITHDRAWAL = msgspec.json.Decoder(bodies.Withdrawal)
_OUTCOME = msgspec.json.Decoder(bodies.Outcome)
_CLOSING = msgspec.json.Decoder(bodies.Closing)
_CERTIFICATE = msgspec.json.Decoder(bodies.Certificate)


@router.post("/classes", summary="A class begins", **promise(bodies.Opening, changes=False))
def open_class(here: Here, scope: Who, request: Request, sent: Body) -> Response:
    body = decoded(sent, _OPENING)
    check_day(body.on, scope.today)
    centre = here.directory.bearer(body.centre, body.on)
    if centre is None or not scope.sees(KIND, centre, body.on):
        raise UnknownCentre(centre=body.centre, on=body.on)
    scope.demand(Resource(kind=KIND, day=body.on, links={"unit": centre}), "open")
    command = commands.OpenClass(
        on=body.on,
        code=body.code,
        centre=centre,
        weekend=body.weekend,
        co_organiser=body.co_organiser,
        enrolled=body.enrolled,
        by=acting.by(scope, body.document),
    )
    positions = acting.perform(here.training, command, request=request, scope=scope)
    [row] = here.training.ledger.read(positions[-1] - 1, 1)
    place = f"{request.scope.get('root_path', '')}/classes/{row.stream}"
    return recorded(here.training, row.stream, positions, {"Location": place})


@router.post(
    "/classes/{stream}/learners", summary="A candidate learns", **promise(bodies.Enrolment)
)
def enrol(here: Here, scope: Who, request: Request, stream: UUID, sent: Body) -> Response:
    body = decoded(sent, _ENROLMENT)
    known, match = _known(here, scope, request, stream, "enrol", body)
    candidacy = body.candidacy
    if candidacy is None and body.person_ref:
        candidacy = here.directory.candidacy_of(body.person_ref.strip())
    candidate = here.directory.candidate(candidacy) if candidacy else None
    if candidacy is None or candidate is None:
        raise UnknownCandidate
    command = commands.EnrolLearner(
        on=body.on,
        code=known.details.code,
        person=candidate.person,
        candidacy=candidacy,
        by=acting.by(scope, body.document),
    )
    return _perform(here, scope, request, stream, match, command)


@router.post(
    "/classes/{stream}/withdrawals", summary="A learner leaves", **promise(bodies.Withdrawal)
)
def withdraw(here: Here, scope: Who, request: Request, stream: UUID, sent: Body) -> Response:
    body = decoded(sent, _WITHDRAWAL)
    known, match = _known(here, scope, request, stream, "withdraw", body)
    command = commands.WithdrawLearner(
        on=body.on,
        code=known.details.code,
        candidacy=body.candidacy,
        reason=body.reason,
        by=acting.by(scope, body.document),
    )
    return _perform(here, scope, request, stream, match, command)


@router.post("/classes/{stream}/results", summary="How a learner did", **promise(bodies.Outcome))
def record_result(here: Here, scope: Who, request: Request, stream: UUID, sent: Body) -> Response:
    body = decoded(sent, _OUTCOME)
    act = "correct" if body.correct else "record_result"
    known, match = _known(here, scope, request, stream, act, body)
    command = commands.RecordResult(
        on=body.on,
        code=known.details.code,
        candidacy=body.candidacy,
        result=_result(body),
        correct=body.correct,
        reason=body.reason,
        by=acting.by(scope, body.document),
    )
    return _perform(here, scope, request, stream, match, command)


@router.post("/classes/{stream}/closing", summary="The class ends", **promise(bodies.Closing))
def close(here: Here, scope: Who, request: Request, stream: UUID, sent: Body) -> Response:
    body = decoded(sent, _CLOSING)
    known, match = _known(here, scope, request, stream, "close", body)
    command = commands.CompleteClass(
        on=body.on,
        code=known.details.code,
        certified=body.certified,
        results=tuple((marks.candidacy, _result(marks)) for marks in body.results),
        by=acting.by(scope, body.document),
    )
    return _perform(here, scope, request, stream, match, command)


@router.post(
    "/classes/{stream}/certificates",
    summary="A learner who passed is issued the certificate",
    **promise(bodies.Certificate),
)
def issue_certificate(
    here: Here, scope: Who, request: Request, stream: UUID, sent: Body
) -> Response:
    body = decoded(sent, _CERTIFICATE)
    known, match = _known(here, scope, request, stream, "issue_certificate", body)
    command = commands.IssueCertificate(
        on=body.on,
        code=known.details.code,
        candidacy=body.candidacy,
        number=body.number,
        by=acting.by(scope, body.document),
    )
    return _perform(here, scope, request, stream, match, command)


def _known(  # noqa: PLR0913, PLR0917 - who does what to which class
    here: Room, scope: Scope, request: Request, stream: UUID, act: str, body: acting.Sent
) -> tuple[Class, str]:
    """Return a class to which the act may be done that day, and the version that was seen."""
    check_day(body.on, scope.today)
    known = here.class_(scope, stream)
    if refusal := decide(scope, known, act, body.on).refusal:
        raise refusal
    return known, must_match(request)


def _perform(  # noqa: PLR0913, PLR0917 - a command, and how it is sent
    here: Room, scope: Scope, request: Request, stream: UUID, match: str, command: commands.Command
) -> Response:
    positions = acting.perform(
        here.training, command, request=request, scope=scope, stream=stream, match=match
    )
    return recorded(here.training, stream, positions)


def _result(marks: bodies.Marks | bodies.Outcome) -> Result:
    return Result(
        attended=marks.attended,
        periods=marks.periods,
        score=_score(marks.score),
        retake=_score(marks.retake),
    )


def _score(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text.replace(",", "."))
