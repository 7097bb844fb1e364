"""Every error is one problem, worded, with nothing of ours in it."""

from __future__ import annotations

from typing import Any

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from tests.infra.http.inn import ERRORS, a_guest


@pytest.fixture(scope="module")
def guest() -> TestClient:
    return a_guest()


def problem(response: Response) -> dict[str, Any]:
    assert response.headers["content-type"] == "application/problem+json"
    told: dict[str, Any] = response.json()
    assert told["status"] == response.status_code
    assert told["type"] == f"urn:ketnap:problem:{told['code']}"
    assert told["trace"] == response.headers["x-request-id"]
    return told


def test_a_refusal_says_its_reason_in_vietnamese_and_its_clause(guest: TestClient) -> None:
    response = guest.get("/errors/refusal")

    told = problem(response)
    del told["trace"]
    assert told == {
        "type": "urn:ketnap:problem:room-taken",
        "title": "vi: room-taken",
        "status": 409,
        "code": "room-taken",
        "clause": "house-rules/7",
    }
    assert response.headers["content-language"] == "vi"


@pytest.mark.parametrize(
    ("accepted", "lang"),
    [
        ("en", "en"),
        ("en-GB,en;q=0.9,vi;q=0.8", "en"),
        ("vi-VN,vi;q=0.9,en;q=0.8", "vi"),
        ("fr, en", "en"),
        ("fr", "vi"),
        ("", "vi"),
    ],
)
def test_the_reader_is_answered_in_the_language_preferred(
    guest: TestClient, accepted: str, lang: str
) -> None:
    response = guest.get("/errors/refusal", headers={"Accept-Language": accepted})

    assert problem(response)["title"] == f"{lang}: room-taken"


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("refusal", 409, "room-taken"),
        ("contended", 409, "contended"),
        ("unknown", 404, "no-such-inn"),
        ("hidden", 404, "not-found"),
        ("changed", 422, "changed-command"),
        ("sign-in", 401, "sign-in-failed"),
        ("too-many", 429, "too-many-sign-ins"),
        ("closed", 503, "unavailable"),
        ("away", 503, "unavailable"),
        ("defect", 500, "defect"),
    ],
)
@pytest.mark.parametrize("route", ["errors", "errors-later"])
def test_each_reason_has_its_status(
    guest: TestClient, route: str, name: str, status: int, code: str
) -> None:
    response = guest.get(f"/{route}/{name}")

    assert response.status_code == status
    assert problem(response)["code"] == code


@pytest.mark.parametrize("name", sorted(ERRORS))
def test_no_error_tells_what_lies_behind_it(guest: TestClient, name: str) -> None:
    response = guest.get(f"/errors/{name}")

    problem(response)
    for inner in ("secret", "Secret", "Bí Mật", "Người Khác", "Traceback", "Error", ".py"):
        assert inner not in response.text


def test_who_must_wait_is_told_how_long(guest: TestClient) -> None:
    assert guest.get("/errors/too-many").headers["retry-after"] == "61"
    assert guest.get("/errors/away").headers["retry-after"] == "1"
    assert "retry-after" not in guest.get("/errors/refusal").headers


def test_what_is_hidden_is_answered_as_what_is_not(guest: TestClient) -> None:
    hidden, absent = guest.get("/errors/hidden"), guest.get("/no/such/address")

    def comparable(response: Response) -> tuple[int, dict[str, Any], dict[str, str]]:
        body, headers = response.json(), dict(response.headers)
        del body["trace"], headers["x-request-id"]
        return response.status_code, body, headers

    assert comparable(hidden) == comparable(absent)


def test_a_method_that_is_not_taken_names_those_that_are(guest: TestClient) -> None:
    response = guest.delete("/rooms/7")

    assert problem(response)["code"] == "method-not-allowed"
    assert response.headers["allow"] == "PUT"


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ('{"on": "2026-11-24"}', ["#/nights"]),
        ('{"on": "người", "nights": "nhiều"}', ["#/on", "#/nights"]),
        ('{"on": "2026-11-24", "nights": 1, "role": "operator"}', ["#/role"]),
        ("{", ["#"]),
        ("[]", ["#"]),
        ("null", ["#"]),
        ('"\\ud800"', ["#"]),
    ],
)
def test_what_is_malformed_is_named_and_not_repeated(
    guest: TestClient, body: str, pointers: list[str]
) -> None:
    response = guest.post(
        "/rooms/7/stay", content=body, headers={"Content-Type": "application/json"}
    )

    told = problem(response)
    assert (told["status"], told["code"]) == (422, "malformed")
    assert [each["pointer"] for each in told["errors"]] == pointers
    assert "người" not in response.text


def test_a_wrong_parameter_is_named(guest: TestClient) -> None:
    told = problem(guest.get("/bills/x", params={"least": 0}))

    assert [each["pointer"] for each in told["errors"]] == ["bill", "least"]
