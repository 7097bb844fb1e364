"""Errors as problem+json (RFC 9457), with a title that a user reads."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec
import structlog
from eventsourcing.persistence import OperationalError
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.types import Scope

from events.refusal import Refusal
from infra import access
from infra.database import Away
from infra.http import refusals
from infra.ledger.application import ChangedCommand
from infra.ledger.port import LedgerClosedError

MEDIA_TYPE = "application/problem+json"
LANGUAGES = ("vi", "en")
_REFUSED = 409
_DEFECT = 500
_FRAMES = 8

STATUSES: Mapping[type[Refusal], int] = MappingProxyType(
    {
        refusals.IdempotencyKeyMissing: 400,
        refusals.SignInRequired: 401,
        access.SignInFailed: 401,
        access.ActNotGranted: 403,
        access.RoleNotInForce: 403,
        access.DutiesApart: 403,
        access.WrongPassword: 403,
        access.NotFound: 404,
        refusals.MethodNotAllowed: 405,
        refusals.SlowBody: 408,
        refusals.ChangedMeanwhile: 412,
        refusals.BodyTooLarge: 413,
        ChangedCommand: 422,
        refusals.Malformed: 422,
        refusals.TooDeep: 422,
        access.UnfitName: 422,
        access.UnfitPassword: 422,
        refusals.PreconditionMissing: 428,
        access.TooManySignIns: 429,
        refusals.TooManyStreams: 429,
        refusals.HeadersTooMany: 431,
        refusals.Defect: _DEFECT,
        access.SignInBusy: 503,
        refusals.Unavailable: 503,
    }
)
"""The status of a refusal, where it is not 409: the rules refuse it as things stand."""


class Problems:
    """Turns every error into one answer, and logs those that are ours.

    `law` tells of a clause what it says, as `detail`, and what frees who is held by it, as `frees`.
    """

    def __init__(
        self,
        words: Callable[[Refusal, str], str],
        statuses: Mapping[type[Refusal], int] = MappingProxyType({}),
        law: Callable[[str], Mapping[str, str]] = lambda _: {},
    ) -> None:
        self._words = words
        self._law = law
        self._statuses = {**STATUSES, **statuses}
        self._log = structlog.get_logger()

    async def handler(self, request: Request, error: Exception) -> Response:
        """Answer an error that a route raised."""
        return self.answer(request.scope, error)

    def answer(self, scope: Scope, error: Exception) -> Response:
        """Return the problem that an error is."""
        refusal, headers = _refusal(error)
        lang = language(scope)
        status = self.status(refusal)
        if isinstance(refusal, refusals.Defect | refusals.Unavailable):
            self._log.error(refusal.code, error=type(error).__name__, at=_where(error))
        problem: dict[str, Any] = {
            "type": f"urn:ketnap:problem:{refusal.code}",
            "title": self._words(refusal, lang),
            "status": status,
            "code": refusal.code,
        }
        if refusal.clause:
            problem |= {"clause": refusal.clause, **self._law(refusal.clause)}
        if fields := refusal.facts.get("fields"):
            problem["errors"] = [{"pointer": field} for field in fields]
        if trace := scope.get("state", {}).get("trace_id"):
            problem["trace"] = trace
        if seconds := refusal.facts.get("retry_after_seconds"):
            headers = {**headers, "Retry-After": str(seconds)}
        return Response(
            msgspec.json.encode(problem),
            status_code=status,
            media_type=MEDIA_TYPE,
            headers={"Content-Language": lang, **headers},
        )

    def status(self, refusal: Refusal) -> int:
        """Return the status of a refusal: its own, its family's, or 409."""
        kinds = (kind for kind in type(refusal).__mro__ if kind in self._statuses)
        return next((self._statuses[kind] for kind in kinds), _REFUSED)


def language(scope: Scope) -> str:
    """Return the language that the asking program prefers, Vietnamese unless it says English."""
    header = next((value for name, value in scope["headers"] if name == b"accept-language"), b"")
    for wanted in header.decode("latin-1").lower().split(","):
        if (tag := wanted.split(";")[0].split("-")[0].strip()) in LANGUAGES:
            return tag
    return LANGUAGES[0]


def _where(error: Exception) -> list[str]:
    """Return the way to an error, without its message: that may be about a person."""
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    return [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]


def _refusal(error: Exception) -> tuple[Refusal, Mapping[str, str]]:
    match error:
        case Refusal():
            return error, {}
        case RequestValidationError():
            return refusals.Malformed(fields=_pointers(error)), {}
        case HTTPException():
            return _of_the_framework(error)
        case LedgerClosedError() | OperationalError() | Away():
            return refusals.Unavailable(retry_after_seconds=1), {}
        case _:
            return refusals.Defect(), {}


def _of_the_framework(error: HTTPException) -> tuple[Refusal, Mapping[str, str]]:
    match error.__cause__, error.status_code:
        case Refusal() as cause, _:  # met while a body was read
            return cause, {}
        case _, 404:
            return access.NotFound(), {}
        case _, 405:
            return refusals.MethodNotAllowed(), error.headers or {}
        case _, status if status < _DEFECT:
            return refusals.Malformed(fields=()), {}
        case _:
            return refusals.Defect(), {}


def _pointers(error: RequestValidationError) -> tuple[str, ...]:
    """Name the wrong fields, never what was written into them."""
    told: dict[str, None] = {}
    for each in error.errors():
        where, *path = each["loc"]
        steps = [str(step) for step in path if each["type"] != "json_invalid"]
        pointer = "".join(f"/{step}" for step in steps)
        told["#" + pointer if where == "body" else ".".join(steps)] = None
    return tuple(told)
