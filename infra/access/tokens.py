"""The signed minute in which a service takes the portal's word for who is asking."""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Annotated
from uuid import UUID

import msgspec

from infra.access.decision import Grant

SERVICE = "service"
"""The role in which a service asks another: nobody is granted it, no table of roles has it."""
LIFETIME = timedelta(seconds=60)
SKEW = timedelta(seconds=5)
"""How far ahead the clock of who signs may be."""
_CONTEXT = b"ketnap-token-1."


class BadTokenError(ValueError):
    """A token that is not ours, was altered, or is over: whoever brings it is nobody."""


class _Claims(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    account: str
    role: str
    unit: UUID
    day: date
    issued: Annotated[datetime, msgspec.Meta(tz=True)]


class Tokens:
    """Signs and reads tokens: `claims.mac`, one algorithm, and nothing in it that chooses one."""

    def __init__(
        self, key: bytes, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._key = key
        self._clock = clock

    def sign(self, grant: Grant, day: date) -> str:
        """Return a token for what is asked by a grant on a day."""
        claims = _Claims(grant.account, grant.role, grant.unit, day, self._clock())
        body = _text(msgspec.json.encode(claims))
        return f"{body}.{_text(self._mac(body))}"

    def sign_service(self, name: str) -> str:
        """Return a token for what a service asks by itself, for nobody in particular."""
        today = self._clock().date()
        grant = Grant(account=name, unit=UUID(int=0), role=SERVICE, first=today, last=today)
        return self.sign(grant, today)

    def read(self, token: str) -> tuple[Grant, date]:
        """Return by which grant and on which day is asked. Raises BadTokenError."""
        body, _, mac = token.partition(".")
        if not hmac.compare_digest(_text(self._mac(body)).encode(), _bytes(mac)):
            raise BadTokenError("not signed by us")
        try:
            claims = msgspec.json.decode(urlsafe_b64decode(body), type=_Claims)
        except (msgspec.DecodeError, Error, ValueError) as error:
            raise BadTokenError("signed by us, and unreadable") from error
        age = self._clock() - claims.issued
        if not -SKEW <= age < LIFETIME:
            raise BadTokenError("over, or not yet begun")
        grant = Grant(
            account=claims.account,
            unit=claims.unit,
            role=claims.role,
            first=claims.day,
            last=claims.day,
        )
        return grant, claims.day

    def _mac(self, body: str) -> bytes:
        return hmac.digest(self._key, _CONTEXT + _bytes(body), "sha256")


def is_service(grant: Grant) -> bool:
    """Tell whether it is a service that asks."""
    return grant.role == SERVICE


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode("ascii")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
