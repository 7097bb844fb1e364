"""What an application promises: bodies and answers by type, and every problem one may meet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

import msgspec
from fastapi import FastAPI, Response

from infra.http.problems import MEDIA_TYPE

_COMPONENTS = "#/components/schemas/{name}"
_JSON = "application/json"
ANYWHERE = (400, 401, 403, 404, 408, 409, 413, 422, 431, 503)
"""The problems that every address may answer with."""
OF_CHANGES = (412, 428)
"""Those of an address at which what one has read is changed."""


class Pointed(msgspec.Struct):
    """What is wrong in a request: a JSON pointer, or the name of a parameter."""

    pointer: str


class Problem(msgspec.Struct, omit_defaults=True):
    """Why something was not done (RFC 9457); `title` is what a user reads."""

    type: str
    title: str
    status: int
    code: str
    detail: str | None = None
    clause: str | None = None
    frees: str | None = None
    errors: list[Pointed] | None = None
    trace: str | None = None


def answer(
    value: object, status: int = 200, headers: Mapping[str, str] = MappingProxyType({})
) -> Response:
    """Return a value as JSON."""
    return Response(
        msgspec.json.encode(value), status_code=status, media_type=_JSON, headers=dict(headers)
    )


def takes(kind: type[msgspec.Struct], *, changes: bool = False) -> dict[str, Any]:
    """Return what a route says of a command: the body that it decodes itself, and its headers."""
    return {
        "requestBody": {"required": True, "content": {_JSON: {"schema": _named(kind)}}},
        "parameters": [
            _header("Idempotency-Key", "Names the command: sent twice, it is done once."),
            *([_header("If-Match", "The ETag of what was read.")] if changes else []),
        ],
    }


def gives(
    answers: Mapping[int, type[msgspec.Struct]], *, changes: bool = False
) -> dict[int | str, dict[str, Any]]:
    """Return what a route says of its answers, its problems among them."""
    statuses = (*ANYWHERE, *OF_CHANGES) if changes else ANYWHERE
    return {
        **{status: _content(status, MEDIA_TYPE, Problem) for status in statuses},
        **{status: _content(status, _JSON, kind) for status, kind in answers.items()},
    }


def promised(app: FastAPI, kinds: Iterable[type[msgspec.Struct]]) -> FastAPI:
    """Have the document of an application define the types of its bodies and answers."""
    _, components = msgspec.json.schema_components([Problem, *kinds], ref_template=_COMPONENTS)
    framework = app.openapi

    def openapi() -> dict[str, Any]:
        document = framework()
        document.setdefault("components", {}).setdefault("schemas", {}).update(components)
        return document

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's own way to extend it
    return app


def _content(status: int, media_type: str, kind: type[msgspec.Struct]) -> dict[str, Any]:
    return {
        "description": HTTPStatus(status).phrase,
        "content": {media_type: {"schema": _named(kind)}},
    }


def _header(name: str, description: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": "header",
        "required": True,
        "description": description,
        "schema": {"type": "string", "minLength": 1, "maxLength": 128},
    }


def _named(kind: type[msgspec.Struct]) -> dict[str, str]:
    return {"$ref": _COMPONENTS.format(name=kind.__name__)}
