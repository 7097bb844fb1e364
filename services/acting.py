"""What an address at which something is done does before its command, and after."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from functools import partial
from types import MappingProxyType
from typing import Annotated, Any
from uuid import UUID

import msgspec
from fastapi import Depends, Request, Response
from msgspec import Meta

from events.days import must_have_come
from events.envelope import By
from events.refusal import Refusal
from infra.access import ActNotGranted, Decision, NotFound, Resource, Scope, Verdict
from infra.http import (
    Malformed,
    PreconditionMissing,
    answer,
    command_key,
    entity_tag,
    gives,
    if_match,
    takes,
)
from infra.ledger.application import Commands
from services.wording import law, refusal_words

EARLIEST = date(1930, 2, 3)
"""Nothing that is recorded here happened before there was a Party."""
_CREATED, _ALREADY = 201, 200

Line = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=200,
        pattern=r"^[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*$",
    ),
]
Code = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=64,
        pattern=r"^[^\s\x00-\x1f\x7f]([^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f])?$",
    ),
]
Text = Annotated[str, Meta(min_length=1, max_length=2000)]


class Sent(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What is done, on a day, by a paper; a field that nobody knows is refused."""

    on: date
    document: Line | None = None


class Recorded(msgspec.Struct):
    """Where it stands now. `position` is null where it was so already."""

    id: UUID
    position: str | None
    version: int


class Reason(msgspec.Struct):
    """Why something cannot be done, by which rule, and what would free it."""

    code: str
    title: str
    clause: str | None = None
    detail: str | None = None
    frees: str | None = None


class Act(msgspec.Struct):
    """An act, and whether it could be done today."""

    act: str
    allowed: bool
    blocked: Reason | None


async def _raw(request: Request) -> bytes:
    return await request.body()


Body = Annotated[bytes, Depends(_raw)]


def promise(kind: type[msgspec.Struct], *, changes: bool = True) -> dict[str, Any]:
    """Return what a route says of a command and its answers."""
    return {
        "status_code": _CREATED,
        "response_class": Response,
        "responses": gives({_CREATED: Recorded, _ALREADY: Recorded}, changes=changes),
        "openapi_extra": {
            **takes(kind),
            "parameters": [
                _header("Idempotency-Key", "Under which it is done once"),
                *([_header("If-Match", "The version that is changed")] if changes else []),
            ],
        },
    }


def _header(name: str, description: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": "header",
        "required": True,
        "description": description,
        "schema": {"type": "string"},
    }


def by(scope: Scope, document: str | None) -> By:
    """Return who records, for which body, and on what paper."""
    return By(
        actor=scope.grant.account, acting_for=str(scope.grant.unit), document=document or None
    )


def check_day(on: date, today: date) -> None:
    """Refuse a day that cannot be meant. Raises Malformed and DayToCome."""
    if on < EARLIEST:
        raise Malformed(fields=("#/on",))
    must_have_come(on, today)


def decide(scope: Scope, seen: Iterable[Resource], now: Resource, act: str) -> Decision:
    """Decide on an act of a day to a record that is seen for what it is, or was.

    What is seen only for another day is not hidden: it is another body's to change.
    """
    if not any(scope.decide(each) for each in seen):
        return Decision(Verdict.HIDDEN, NotFound())
    decision = scope.decide(now, act)
    if decision.verdict is Verdict.HIDDEN:
        return Decision(Verdict.REFUSED, ActNotGranted(role=role_name(scope), act=act))
    return decision


def role_name(scope: Scope) -> str:
    """Return how the role of who asks is called."""
    role = scope.roles.role(scope.grant.role)
    return role.name if role else scope.grant.role


def must_match(request: Request) -> str:
    """Return the version that one says one has seen. Raises PreconditionMissing."""
    if (given := request.headers.get("If-Match")) is None:
        raise PreconditionMissing
    return given


def judged(service: Commands, act: str, decision: Decision, command: object, lang: str) -> Act:
    """Return whether an act could be done today: the grant is asked, then the act rehearsed."""
    refusal = decision.refusal or _rehearsed(service, command)
    return Act(act, refusal is None, reason(refusal, lang) if refusal else None)


def reason(refusal: Refusal, lang: str) -> Reason:
    """Return a refusal in words, with its rule."""
    told = law(refusal.clause) if refusal.clause else {}
    return Reason(refusal.code, refusal_words(refusal, lang), refusal.clause, **told)


def _rehearsed(service: Commands, command: object) -> Refusal | None:
    try:
        with service.rehearsal():
            service.perform(command)
    except Refusal as refusal:
        return refusal
    return None


def perform(  # noqa: PLR0913 - a command, and how it is sent
    service: Commands,
    command: object,
    *,
    request: Request,
    scope: Scope,
    stream: UUID | None = None,
    match: str | None = None,
) -> tuple[int, ...]:
    """Do a command once under its key, to the version that was seen."""
    key = command_key(request, scope.grant.account)
    condition = (stream, partial(if_match, match)) if stream else None
    return service.perform(command, key=key, condition=condition)


def recorded(
    service: Commands,
    stream: UUID,
    positions: tuple[int, ...],
    headers: Mapping[str, str] = MappingProxyType({}),
) -> Response:
    """Return where a record stands. A repeat says what was said the first time."""
    ledger = service.ledger
    position: str | None = None
    if positions:
        [row] = ledger.read(positions[-1] - 1, 1)
        version, position = row.version, f"{ledger.name}:{positions[-1]}"
    else:
        [newest] = ledger.select_events(stream, desc=True, limit=1)
        version = newest.originator_version
    return answer(
        Recorded(stream, position, version),
        _CREATED if position else _ALREADY,
        {"ETag": entity_tag(version), **headers},
    )
