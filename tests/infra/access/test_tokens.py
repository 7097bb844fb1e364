"""The signed minute: who signs, what it says, and everything that is not it."""

from __future__ import annotations

import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256, sha512
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.access import BadTokenError, Grant, Tokens

KEY = bytes(range(32))
NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
DAY = date(2026, 11, 24)
GRANT = Grant(
    account="account-1",
    unit=UUID("01920000-0000-7000-8000-000000000001"),
    role="cell_committee",
    first=date(2026, 1, 1),
)


def at(moment: datetime, key: bytes = KEY) -> Tokens:
    return Tokens(key, lambda: moment)


def encoded(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode()


TOKEN = at(NOW).sign(GRANT, DAY)
BODY, MAC = TOKEN.split(".")


def test_a_token_tells_by_which_grant_and_on_which_day_is_asked() -> None:
    grant, day = at(NOW).read(TOKEN)

    assert (grant.account, grant.role, grant.unit) == (GRANT.account, GRANT.role, GRANT.unit)
    assert day == DAY
    assert grant.in_force(DAY)
    assert not grant.in_force(DAY + timedelta(days=1))


@given(age=st.floats(-600, 600))
def test_a_token_is_good_for_sixty_seconds(age: float) -> None:
    reader = at(NOW + timedelta(seconds=age))

    if timedelta(seconds=-5) <= timedelta(seconds=age) < timedelta(seconds=60):
        assert reader.read(TOKEN)[1] == DAY
    else:
        with pytest.raises(BadTokenError):
            reader.read(TOKEN)


def test_another_installations_token_is_nobodys() -> None:
    with pytest.raises(BadTokenError):
        at(NOW, key=bytes(32)).read(TOKEN)


@given(place=st.integers(0, len(TOKEN) - 1), sign=st.characters(max_codepoint=126))
def test_no_sign_of_a_token_may_change(place: int, sign: str) -> None:
    altered = TOKEN[:place] + sign + TOKEN[place + 1 :]

    if altered == TOKEN:
        assert at(NOW).read(altered)[1] == DAY
    else:
        with pytest.raises(BadTokenError):
            at(NOW).read(altered)


def raised(**claims: str) -> str:
    return encoded(json.dumps(json.loads(urlsafe_b64decode(BODY)) | claims).encode())


HEADER_NONE = encoded(b'{"alg":"none","typ":"JWT"}').rstrip("=")
HEADER_HS = encoded(b'{"alg":"HS256","typ":"JWT"}').rstrip("=")


@pytest.mark.parametrize(
    "forged",
    [
        "",
        ".",
        BODY,
        f"{BODY}.",
        f".{MAC}",
        f"{MAC}.{BODY}",
        f"{TOKEN}.",
        f"{TOKEN}.{MAC}",
        f" {TOKEN}",
        f"{TOKEN}\n",
        f"{HEADER_NONE}.{BODY}.",
        f"{HEADER_NONE}.{BODY}",
        f"{HEADER_HS}.{BODY}.{MAC}",
        f"{raised(role='operator')}.{MAC}",
        f"{raised(alg='none')}.",
        f"{BODY}.{encoded(sha256(BODY.encode()).digest())}",
        f"{BODY}.{encoded(hmac.digest(KEY, BODY.encode(), 'sha256'))}",  # of no purpose
        f"{BODY}.{encoded(hmac.new(KEY, b'ketnap-token-1.' + BODY.encode(), sha512).digest())}",
        f"{BODY}.{encoded(hmac.digest(b'', b'ketnap-token-1.' + BODY.encode(), 'sha256'))}",
        "\ud800.\ud800",
    ],
)
def test_a_forged_token_is_nobodys(forged: str) -> None:
    with pytest.raises(BadTokenError):
        at(NOW).read(forged)


@pytest.mark.parametrize(
    "claims",
    [
        b"{}",
        b"not json",
        b'{"account":"a","role":"operator","unit":"x","day":"2026-11-24","issued":"now"}',
        json.dumps(json.loads(urlsafe_b64decode(BODY)) | {"admin": True}).encode(),
        json.dumps(
            json.loads(urlsafe_b64decode(BODY)) | {"issued": "2026-11-24T02:00:00"}
        ).encode(),
    ],
)
def test_claims_of_another_shape_are_not_guessed_at(claims: bytes) -> None:
    body = encoded(claims)
    mac = encoded(hmac.digest(KEY, b"ketnap-token-1." + body.encode(), "sha256"))

    with pytest.raises(BadTokenError):
        at(NOW).read(f"{body}.{mac}")
