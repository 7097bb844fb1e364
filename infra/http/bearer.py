"""Who is asking, by the signed minute that the portal gives."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Annotated

from fastapi import Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from infra.access import BadTokenError, Grant, Tokens
from infra.http.refusals import SignInRequired

Bearer = Annotated[
    HTTPAuthorizationCredentials | None, Security(HTTPBearer(auto_error=False, scheme_name="token"))
]


def bearer(tokens: Tokens) -> Callable[[HTTPAuthorizationCredentials | None], tuple[Grant, date]]:
    """Return what tells by which grant, and on which day, a request asks.

    It raises SignInRequired.
    """

    def asking(given: Bearer) -> tuple[Grant, date]:
        if given is None:
            raise SignInRequired
        try:
            return tokens.read(given.credentials)
        except BadTokenError:
            raise SignInRequired from None

    return asking
