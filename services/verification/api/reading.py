"""Cases in a list, and one with its requests and what may be done today."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from events.envelope import By
from infra.access import Scope
from infra.http import answer, entity_tag, gives, limit_of, next_link, paged
from infra.http.problems import language
from services.acting import Act, judged
from services.verification import commands
from services.verification import domain as rules
from services.verification.api.bodies import CaseNow, Cases, CaseTold, Due, RequestTold
from services.verification.api.room import Awaited, Here, Room, Sight, Who
from services.verification.domain import Case
from services.verification.view import NEVER, CaseRow

router = APIRouter(dependencies=[Awaited])
_A_BATCH = 200
_SHOWN = "-"
"""Stands in a rehearsal for what a form has not said yet."""
Purpose = Annotated[str | None, Query(min_length=1, max_length=200, pattern=r"\S")]


@router.get(
    "/cases",
    summary="Cases at or below a unit, or that ask it, what is due soonest first",
    response_class=Response,
    responses=gives({200: Cases}),
)
def cases(  # noqa: PLR0913, PLR0917 - what a list is asked by
    here: Here,
    scope: Who,
    request: Request,
    unit: Annotated[str | None, Query(max_length=64)] = None,
    closed: bool = False,  # noqa: FBT001, FBT002 - a parameter of the address
    purpose: Purpose = None,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
    limit: Annotated[int | None, Query(ge=1, le=200)] = None,
) -> Response:
    most = limit_of(limit)
    within = here.within(scope, unit)
    about = f"cases/{scope.grant.account}/{scope.grant.unit}/{scope.grant.role}/{unit}/{closed}"
    place = here.cursors.open(cursor, about) if cursor else None
    found = list(islice(_found(here, scope, within, place, closed=closed), most + 1))
    page = paged(found, most, lambda sight: _place(sight.row), here.cursors, about)
    named = _names(here, scope, page.items, purpose)
    told = [_listed(here, sight.row, named) for sight in page.items]
    return answer(Cases(told, page.next), 200, next_link(request, page))


@router.get(
    "/cases/{case}",
    summary="A case, by its id or its candidacy's; what is said of people is read for a purpose",
    response_class=Response,
    responses=gives({200: CaseNow}),
)
def case(here: Here, scope: Who, request: Request, case: UUID, purpose: Purpose = None) -> Response:
    row, known, sight = here.case(scope, case)
    named = _names(here, scope, [sight], purpose)
    told = CaseNow(
        id=row.stream,
        version=known.version,
        candidacy=row.candidacy,
        person=row.person,
        full_name=named.get(row.person),
        unit=here.place(row.unit, row.opened_on),
        sealed_on=known.sealed_on,
        closed_on=known.closed_on,
        suspended=known.suspended,
        requests=_requests(here, known, sight, purpose),
        acts=_acts(here, known, sight, language(request.scope)),
        subjects=list(here.verification.book.on(scope.today).verification_subjects),
    )
    return answer(told, headers={"ETag": entity_tag(known.version)})


def _found(
    here: Room, scope: Scope, within: UUID | None, place: list[str] | None, *, closed: bool
) -> Iterator[Sight]:
    beyond = (place[0], UUID(place[1]).bytes) if place else None
    while rows := here.view.cases(closed=closed, beyond=beyond, most=_A_BATCH):
        for row in rows:
            if (within is None or here.lies_in(row, within, scope.today)) and (
                sight := here.sight(scope, row)
            ):
                yield sight
        due, stream = _place(rows[-1])
        beyond = (due, UUID(stream).bytes)


def _place(row: CaseRow) -> list[str]:
    return [row.due.isoformat() if row.due else NEVER, row.stream.hex]


def _listed(here: Room, row: CaseRow, named: Mapping[UUID, str]) -> CaseTold:
    return CaseTold(
        id=row.stream,
        candidacy=row.candidacy,
        person=row.person,
        full_name=named.get(row.person),
        unit=here.place(row.unit, row.opened_on),
        opened_on=row.opened_on,
        closed_on=row.closed_on,
        suspended=row.suspended,
        due=row.due,
        requests=row.requests,
        awaited=row.awaited,
    )


def _names(
    here: Room, scope: Scope, sights: list[Sight], purpose: str | None
) -> Mapping[UUID, str]:
    """Return the names of candidates to whoever may know them: also to a body that was asked."""
    known = [
        sight.row.person
        for sight in sights
        if sight.reads() or any(sight.reads(request) for request in sight.asked)
    ]
    if not purpose or not known:
        return {}
    return here.directory.names(known, actor=scope.grant.account, purpose=purpose)


def _requests(here: Room, known: Case, sight: Sight, purpose: str | None) -> list[RequestTold]:
    scope = sight.scope
    seen = {number: each for number, each in known.requests.items() if sight.sees(number)}
    read = {number for number in seen if purpose and sight.reads(number)}
    if read and purpose:
        here.verification.keys.log_read(
            scope.grant.account, known.person, purpose, ("subject_name", "place_name", "remarks")
        )
    return [
        _request(number, each, sight, reads=number in read) for number, each in sorted(seen.items())
    ]


def _request(number: int, known: rules.Request, sight: Sight, *, reads: bool) -> RequestTold:
    today = sight.scope.today
    return RequestTold(
        request=number,
        subject_kind=known.subject_kind,
        subject_name=known.subject_name if reads else None,
        place=known.place,
        place_name=known.place_name if reads else None,
        abroad=known.abroad,
        asked_on=known.asked_on,
        deadline=None
        if known.due is None
        else Due(
            known.due.starts,
            known.due.due,
            known.due.provisional,
            known.settled_on is None and today > known.due.due,
        ),
        replied_on=known.replied_on,
        matches=known.matches,
        remarks=known.remarks if reads else None,
        waived_on=known.waived_on,
        may_reply=known.settled_on is None and bool(sight.decide("reply", today, number)),
    )


def _acts(here: Room, known: Case, sight: Sight, lang: str) -> list[Act]:
    """Return what may be done today, judged by a rehearsal of each act."""
    today = sight.scope.today
    return [
        judged(
            here.verification,
            act,
            sight.decide(act, today, getattr(command, "request", None)),
            command,
            lang,
        )
        for act, command in _rehearsed(known, sight).items()
    ]


def _rehearsed(known: Case, sight: Sight) -> dict[str, commands.OnCase]:
    on, candidacy = sight.scope.today, known.candidacy
    by = By(actor=sight.scope.grant.account)
    awaited = [number for number, each in known.requests.items() if not each.settled_on]
    replied = [number for number, each in known.requests.items() if each.replied_on]
    first = next(iter(known.requests), 1)
    return {
        "request": commands.RequestVerification(
            candidacy=candidacy, on=on, by=by, subject_kind=rules.CANDIDATE, place=_SHOWN
        ),
        "reply": commands.RecordReply(
            candidacy=candidacy, on=on, by=by, request=next(iter(awaited), first), matches=True
        ),
        "supplement": commands.RequestSupplement(
            candidacy=candidacy, on=on, by=by, request=next(iter(replied), first)
        ),
        "waive": commands.WaiveVerification(
            candidacy=candidacy, on=on, by=by, subject_kind=rules.CANDIDATE, ground=_SHOWN
        ),
        "close": commands.CloseCase(candidacy=candidacy, on=on, by=by),
    }
