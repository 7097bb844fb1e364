"""Commands that are done once, changes of what was read, and bodies by annotation."""

from __future__ import annotations

from datetime import date

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from infra.http import Malformed, decoded
from tests.infra.http.inn import a_guest

WISH = {"on": "2026-11-24", "nights": 2}


@pytest.fixture(scope="module")
def guest() -> TestClient:
    return a_guest()


@pytest.mark.parametrize("key", ["k-1", '"k-1"', ' "k-1" '])
def test_a_command_is_named_by_account_route_and_key(guest: TestClient, key: str) -> None:
    response = guest.post("/rooms/7/stay", json=WISH, headers={"Idempotency-Key": key})

    assert response.json()["key"] == "account-1/POST /rooms/{room}/stay/k-1"


def test_a_command_without_a_key_is_not_done(guest: TestClient) -> None:
    response = guest.post("/rooms/7/stay", json=WISH)

    assert (response.status_code, response.json()["code"]) == (400, "idempotency-key-missing")


@pytest.mark.parametrize("key", ["", '""', "a b", "a" * 129, 'a"b', "é"])
def test_a_key_is_short_and_plain(guest: TestClient, key: str) -> None:
    response = guest.post(
        "/rooms/7/stay", json=WISH, headers={b"Idempotency-Key": key.encode("latin-1")}
    )

    assert (response.status_code, response.json()["code"]) == (422, "malformed")


@pytest.mark.parametrize(
    ("given_", "status", "code"),
    [
        ('"7"', 200, None),
        ("*", 200, None),
        ('"6", "7"', 200, None),
        (None, 428, "precondition-missing"),
        ('"6"', 412, "changed-meanwhile"),
        ('W/"7"', 412, "changed-meanwhile"),
        ("7", 422, "malformed"),
        ("", 422, "malformed"),
        ('"7" "8"', 422, "malformed"),
    ],
)
def test_a_change_names_the_version_that_it_changes(
    guest: TestClient, given_: str | None, status: int, code: str | None
) -> None:
    response = guest.put("/rooms/7", headers={} if given_ is None else {"If-Match": given_})

    assert response.status_code == status
    if code:
        assert response.json()["code"] == code
    else:
        assert response.headers["etag"] == '"8"'


class Guest(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    born: date
    bags: list[int] = []


GUESTS = msgspec.json.Decoder(Guest)


def test_a_body_is_decoded_by_annotation() -> None:
    assert decoded(b'{"name": "a", "born": "2000-01-01"}', GUESTS) == Guest("a", date(2000, 1, 1))


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (b'{"name": "a"}', "#/born"),
        (b'{"name": "secret", "born": "2000-13-01"}', "#/born"),
        (b'{"name": "a", "born": "2000-01-01", "bags": [1, "secret"]}', "#/bags/1"),
        (b'{"name": "a", "born": "2000-01-01", "role": "operator"}', "#/role"),
        (b"{", "#"),
        (b"", "#"),
        (b'{"name": "\xff"}', "#"),
        (b"[" * 100_000, "#"),
    ],
)
def test_a_body_of_another_form_names_the_field(body: bytes, pointer: str) -> None:
    with pytest.raises(Malformed) as refused:
        decoded(body, GUESTS)

    assert refused.value.facts == {"fields": (pointer,)}


@given(st.binary(max_size=200))
def test_no_body_is_anything_but_decoded_or_malformed(body: bytes) -> None:
    try:
        read: Guest | None = decoded(body, GUESTS)
    except Malformed:
        read = None

    assert read is None or isinstance(read, Guest)
