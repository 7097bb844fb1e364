"""Classes in a list, and one with its learners and what may be done today."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from itertools import islice
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from events.envelope import By
from events.period import parse_period
from infra.access import NotFound, Resource, Scope
from infra.http import Malformed, answer, entity_tag, gives, limit_of, next_link, paged
from infra.http.problems import language
from services.acting import Act, judged
from services.training import commands
from services.training.api.bodies import (
    Classes,
    ClassNow,
    ClassTold,
    LearnerTold,
    ResultTold,
)
from services.training.api.room import Awaited, Here, Room, Who, decide, visible
from services.training.domain import Class, Learner, Result
from services.training.view import UNKNOWN_DAY, ClassRow

router = APIRouter(dependencies=[Awaited])
_A_BATCH = 200
_SHOWN = "-"
"""Stands in a rehearsal for what a form has not said yet."""


@router.get(
    "/classes",
    summary="Classes of the centres at or below a unit, the latest first",
    response_class=Response,
    responses=gives({200: Classes}),
)
def classes(  # noqa: PLR0913, PLR0917 - what a list is asked by
    here: Here,
    scope: Who,
    request: Request,
    unit: Annotated[str | None, Query(max_length=64)] = None,
    period: Annotated[str | None, Query(max_length=64)] = None,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
    limit: Annotated[int | None, Query(ge=1, le=200)] = None,
) -> Response:
    most = limit_of(limit)
    within = scope.grant.unit if unit is None else here.directory.bearer(unit, scope.today)
    if within is None:
        raise NotFound
    about = f"classes/{scope.grant.account}/{scope.grant.unit}/{scope.grant.role}/{unit}/{period}"
    place = here.cursors.open(cursor, about) if cursor else None
    found = list(islice(_found(here, scope, within, _days(period), place), most + 1))
    page = paged(found, most, _place, here.cursors, about)
    told = [_listed(here, row) for row in page.items]
    return answer(Classes(told, page.next), 200, next_link(request, page))


@router.get(
    "/classes/{stream}",
    summary="A class; with a purpose, its learners' names, whose reading is put on record",
    response_class=Response,
    responses=gives({200: ClassNow}),
)
def class_(
    here: Here,
    scope: Who,
    request: Request,
    stream: UUID,
    purpose: Annotated[str | None, Query(min_length=1, max_length=200, pattern=r"\S")] = None,
) -> Response:
    known = here.class_(scope, stream)
    details = known.details
    row = here.view.class_(stream)
    told = ClassNow(
        id=stream,
        version=known.version,
        code=details.code,
        centre=here.place(details.centre, details.opened_on or scope.today),
        opened_on=details.opened_on,
        closed_on=details.closed_on,
        weekend=details.weekend,
        co_organiser=details.co_organiser,
        enrolled=details.enrolled,
        certified=details.certified,
        certificates_due=row.certificates_due if row else None,
        learners=_learners(here, scope, known, purpose),
        acts=_acts(here, scope, known, language(request.scope)),
    )
    return answer(told, headers={"ETag": entity_tag(known.version)})


def _days(period: str | None) -> tuple[date, date]:
    if period is None:
        return date.min, date.max
    try:
        read = parse_period(period)
    except ValueError:
        raise Malformed(fields=("period",)) from None
    return read.first, read.last


def _place(row: ClassRow) -> list[str]:
    return [row.opened_on.isoformat(), row.stream.hex]


def _found(
    here: Room, scope: Scope, within: UUID, days: tuple[date, date], place: list[str] | None
) -> Iterator[ClassRow]:
    before = (place[0], UUID(place[1]).bytes) if place else None
    while rows := here.view.classes(*days, before=before, most=_A_BATCH):
        for row in rows:
            opened_on = None if row.opened_on == UNKNOWN_DAY else row.opened_on
            if _lies(here, row.centre, within, opened_on or scope.today) and visible(
                scope, row.centre, opened_on
            ):
                yield row
        before = (rows[-1].opened_on.isoformat(), rows[-1].stream.bytes)


def _lies(here: Room, centre: UUID, within: UUID, on: date) -> bool:
    return centre == within or within in (here.directory.ancestors(centre, on) or ())


def _listed(here: Room, row: ClassRow) -> ClassTold:
    opened_on = None if row.opened_on == UNKNOWN_DAY else row.opened_on
    return ClassTold(
        id=row.stream,
        code=row.code,
        centre=here.place(row.centre, opened_on or date.max),
        opened_on=opened_on,
        closed_on=row.closed_on,
        enrolled=row.enrolled,
        certified=row.certified,
        certificates_due=row.certificates_due,
        learners=row.learners,
        passed=row.passed,
        issued=row.issued,
    )


def _learners(here: Room, scope: Scope, known: Class, purpose: str | None) -> list[LearnerTold]:
    seen = {
        candidacy: resource
        for candidacy, learner in known.learners.items()
        if scope.decide(resource := _learner(here, known, candidacy, learner))
    }
    named: Mapping[UUID, str] = {}
    if purpose:
        persons = [
            known.learners[candidacy].person
            for candidacy, resource in seen.items()
            if scope.decide(resource, "read")
        ]
        named = here.directory.names(persons, actor=scope.grant.account, purpose=purpose)
    rows = [
        LearnerTold(
            candidacy=candidacy,
            person=learner.person,
            full_name=named.get(learner.person),
            unit=here.place(candidate.unit, learner.enrolled_on)
            if (candidate := here.directory.candidate(candidacy))
            else None,
            enrolled_on=learner.enrolled_on,
            passed=learner.passed,
            result=_result(learner.result),
            certificate=learner.certificate,
            certified_on=learner.certified_on,
        )
        for candidacy, learner in known.learners.items()
        if candidacy in seen
    ]
    return sorted(rows, key=lambda row: (row.enrolled_on, row.full_name or "", row.candidacy))


def _learner(here: Room, known: Class, candidacy: UUID, learner: Learner) -> Resource:
    links = {"centre": known.details.centre}
    if candidate := here.directory.candidate(candidacy):
        links["unit"] = candidate.unit
    return Resource(kind="learner", day=learner.enrolled_on, links=links)


def _result(result: Result | None) -> ResultTold | None:
    if result is None:
        return None
    return ResultTold(
        result.attended,
        result.periods,
        None if result.score is None else str(result.score),
        None if result.retake is None else str(result.retake),
    )


def _acts(here: Room, scope: Scope, known: Class, lang: str) -> list[Act]:
    """Return what may be done today, judged by a rehearsal of each act."""
    return [
        judged(here.training, act, decide(scope, known, act, scope.today), command, lang)
        for act, command in _rehearsed(scope, known).items()
    ]


def _rehearsed(scope: Scope, known: Class) -> dict[str, commands.Command]:
    on, code, by = scope.today, known.details.code, By(actor=scope.grant.account)
    awaited = [each for each, learner in known.learners.items() if learner.passed is None]
    passed = [
        each
        for each, learner in known.learners.items()
        if learner.passed and not learner.certificate
    ]
    anybody = next(iter(known.learners), uuid4())
    learns = awaited[0] if awaited else anybody
    marked = [
        each
        for each, learner in known.learners.items()
        if learner.passed is not None and not learner.certificate
    ]
    return {
        "enrol": commands.EnrolLearner(on=on, code=code, person=uuid4(), candidacy=uuid4(), by=by),
        "withdraw": commands.WithdrawLearner(on=on, code=code, candidacy=learns, by=by),
        "record_result": commands.RecordResult(
            on=on, code=code, candidacy=learns, result=Result(attended=1, periods=1), by=by
        ),
        "correct": commands.RecordResult(
            on=on,
            code=code,
            candidacy=marked[0] if marked else anybody,
            result=Result(attended=1, periods=1),
            correct=True,
            reason=_SHOWN,
            by=by,
        ),
        "close": commands.CompleteClass(on=on, code=code, by=by),
        "issue_certificate": commands.IssueCertificate(
            on=on, code=code, candidacy=passed[0] if passed else anybody, number=_SHOWN, by=by
        ),
    }
