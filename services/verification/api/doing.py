"""What is done in a case: one resource an act, each once under its key."""

from __future__ import annotations

from uuid import UUID

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from infra.access import NotFound, Scope
from infra.http import decoded
from services import acting
from services.acting import Body, check_day, must_match, promise, recorded
from services.verification import commands
from services.verification.api import bodies
from services.verification.api.room import Here, Room, Who
from services.verification.view import CaseRow

router = APIRouter()
_ASKING = msgspec.json.Decoder(bodies.Asking)
_REPLY = msgspec.json.Decoder(bodies.Reply)
_SUPPLEMENT = msgspec.json.Decoder(bodies.Supplement)
_WAIVER = msgspec.json.Decoder(bodies.Waiver)
_CLOSING = msgspec.json.Decoder(bodies.Closing)


@router.post("/cases/{case}/requests", summary="A place is asked", **promise(bodies.Asking))
def ask(here: Here, scope: Who, request: Request, case: UUID, sent: Body) -> Response:
    body = decoded(sent, _ASKING)
    row, match = _known(here, scope, request, case, "request", body)
    command = commands.RequestVerification(
        candidacy=row.candidacy,
        on=body.on,
        by=acting.by(scope, body.document),
        subject_kind=body.subject_kind,
        place=body.place,
        abroad=body.abroad,
        subject_name=body.subject_name,
        place_name=body.place_name,
    )
    return _perform(here, scope, request, row, match, command)


@router.post("/cases/{case}/replies", summary="A place replied", **promise(bodies.Reply))
def reply(here: Here, scope: Who, request: Request, case: UUID, sent: Body) -> Response:
    body = decoded(sent, _REPLY)
    row, match = _known(here, scope, request, case, "reply", body, body.request)
    command = commands.RecordReply(
        candidacy=row.candidacy,
        on=body.on,
        by=acting.by(scope, body.document),
        request=body.request,
        matches=body.matches,
        remarks=body.remarks,
    )
    return _perform(here, scope, request, row, match, command)


@router.post(
    "/cases/{case}/supplements", summary="A place is asked more", **promise(bodies.Supplement)
)
def supplement(here: Here, scope: Who, request: Request, case: UUID, sent: Body) -> Response:
    body = decoded(sent, _SUPPLEMENT)
    row, match = _known(here, scope, request, case, "supplement", body)
    command = commands.RequestSupplement(
        candidacy=row.candidacy,
        on=body.on,
        by=acting.by(scope, body.document),
        request=body.request,
        question=body.question,
    )
    return _perform(here, scope, request, row, match, command)


@router.post("/cases/{case}/waivers", summary="No reply is needed", **promise(bodies.Waiver))
def waive(here: Here, scope: Who, request: Request, case: UUID, sent: Body) -> Response:
    body = decoded(sent, _WAIVER)
    row, match = _known(here, scope, request, case, "waive", body)
    command = commands.WaiveVerification(
        candidacy=row.candidacy,
        on=body.on,
        by=acting.by(scope, body.document),
        request=body.request,
        subject_kind=body.subject_kind,
        subject_name=body.subject_name,
        ground=body.ground,
        reason=body.reason,
    )
    return _perform(here, scope, request, row, match, command)


@router.post("/cases/{case}/closing", summary="The case is done", **promise(bodies.Closing))
def close(here: Here, scope: Who, request: Request, case: UUID, sent: Body) -> Response:
    body = decoded(sent, _CLOSING)
    row, match = _known(here, scope, request, case, "close", body)
    command = commands.CloseCase(
        candidacy=row.candidacy, on=body.on, by=acting.by(scope, body.document)
    )
    return _perform(here, scope, request, row, match, command)


def _known(  # noqa: PLR0913, PLR0917 - who does what in which case
    here: Room,
    scope: Scope,
    request: Request,
    case: UUID,
    act: str,
    body: acting.Sent,
    number: int | None = None,
) -> tuple[CaseRow, str]:
    """Return a case in which the act may be done that day, and the version that was seen."""
    check_day(body.on, scope.today)
    row, _, sight = here.case(scope, case)
    if number is not None and not sight.sees(number):
        raise NotFound
    if refusal := sight.decide(act, body.on, number).refusal:
        raise refusal
    return row, must_match(request)


def _perform(  # noqa: PLR0913, PLR0917 - a command, and how it is sent
    here: Room, scope: Scope, request: Request, row: CaseRow, match: str, command: commands.OnCase
) -> Response:
    positions = acting.perform(
        here.verification, command, request=request, scope=scope, stream=row.stream, match=match
    )
    return recorded(here.verification, row.stream, positions)
