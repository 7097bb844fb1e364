"""What a document says of bodies and answers, and who is asking."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Annotated
from uuid import uuid4

import msgspec
import pytest
from fastapi import Depends, FastAPI, Response
from starlette.testclient import TestClient

from infra.access import Grant, Tokens
from infra.http import Bearer, WebApplication, answer, bearer, gives, promised, takes
from tests.infra.http.inn import words

NOW = datetime(2026, 11, 24, 3, tzinfo=UTC)
GRANT = Grant(account="an", unit=uuid4(), role="guest", first=date.min)
SIGNING = Tokens(b"k" * 32, lambda: NOW)
READING = Tokens(b"k" * 32, lambda: NOW + timedelta(seconds=30))
_asks = bearer(READING)


def _who(given: Bearer) -> str:
    grant, day = _asks(given)
    return f"{grant.account} on {day}"


Who = Annotated[str, Depends(_who)]


class Bed(msgspec.Struct):
    """Where one sleeps."""

    legs: int


class Stay(msgspec.Struct):
    """A stay in a bed."""

    bed: Bed


@pytest.fixture(scope="module")
def app() -> FastAPI:
    made = WebApplication(words, law=lambda clause: {"frees": f"ask {clause}"}, docs_url=None)

    @made.post(
        "/stays",
        status_code=201,
        responses=gives({201: Stay}, changes=True),
        openapi_extra=takes(Stay, changes=True),
    )
    def stay(who: Who) -> Response:
        return answer(Stay(Bed(4)), 201, {"X-Who": who})

    return promised(made, (Stay,))


def test_a_route_names_what_it_takes_and_everything_that_it_answers(app: FastAPI) -> None:
    document = app.openapi()
    operation = document["paths"]["/stays"]["post"]

    assert operation["requestBody"]["content"]["application/json"]["schema"] == {
        "$ref": "#/components/schemas/Stay"
    }
    assert {"201", "401", "404", "409", "412", "422", "428", "503"} <= set(operation["responses"])
    assert operation["responses"]["409"]["content"] == {
        "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
    }
    assert {each["name"] for each in operation["parameters"]} == {"Idempotency-Key", "If-Match"}
    assert {"Stay", "Bed", "Problem"} <= set(document["components"]["schemas"])


def test_who_has_a_token_is_known_by_it(app: FastAPI) -> None:
    token = SIGNING.sign(GRANT, date(2026, 11, 24))
    with TestClient(app) as guest:
        response = guest.post("/stays", headers={"Authorization": f"Bearer {token}"})

    assert response.headers["X-Who"] == "an on 2026-11-24"
    assert response.json() == {"bed": {"legs": 4}}


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer x"},
        {"Authorization": "Bearer x.y"},
        {"Authorization": "Basic YTpi"},
        {"Authorization": "Bearer " + "x" * 4000},
        {"Authorization": b"Bearer \xff.\xff"},
    ],
)
def test_who_has_none_is_nobody(app: FastAPI, headers: dict[str, str | bytes]) -> None:
    with TestClient(app) as guest:
        response = guest.post("/stays", headers=headers)  # type: ignore[arg-type]

    assert (response.status_code, response.json()["code"]) == (401, "sign-in-required")
