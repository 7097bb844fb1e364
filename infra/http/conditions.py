"""Doing a thing once, and changing only what one has read."""

from __future__ import annotations

import re

from fastapi import Request

from infra.http.refusals import (
    ChangedMeanwhile,
    IdempotencyKeyMissing,
    Malformed,
    PreconditionMissing,
)

_KEY = re.compile(r'"?([!#-\[\]-~]{1,128})"?')
_TAG = re.compile(r'(W/)?"([!#-~]*)"')
_TAGS = re.compile(rf"\s*{_TAG.pattern}\s*(?:,\s*{_TAG.pattern}\s*)*")


def command_key(request: Request, account: str) -> str:
    """Return under which key a command is done once: `account/route/key`.

    The same key on another address of the same route is the same command with another body.
    Raises IdempotencyKeyMissing and Malformed.
    """
    given = request.headers.get("Idempotency-Key")
    if given is None:
        raise IdempotencyKeyMissing
    if not (read := _KEY.fullmatch(given.strip())):
        raise Malformed(fields=("Idempotency-Key",))
    return f"{account}/{request.method} {request.scope['route'].path}/{read[1]}"


def entity_tag(version: object) -> str:
    """Return the ETag of a version."""
    return f'"{version}"'


def if_match(given: str | None, version: object) -> None:
    """Let a change pass if it says that it changes this version.

    Raises PreconditionMissing, ChangedMeanwhile and Malformed. A stale change is never tried
    again: who sent it has not seen what is there now.
    """
    if given is None:
        raise PreconditionMissing
    if given.strip() == "*":
        return
    if not _TAGS.fullmatch(given):
        raise Malformed(fields=("If-Match",))
    if not any(tag == str(version) for weak, tag in _TAG.findall(given) if not weak):
        raise ChangedMeanwhile
