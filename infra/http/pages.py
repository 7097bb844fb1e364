"""Lists page by page, from where the last row stood, whatever was added meanwhile."""

from __future__ import annotations

import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from urllib.parse import parse_qsl, urlencode

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from fastapi import Request

from infra.http.refusals import Malformed

LIMIT, MOST = 50, 200
_NONCE_BYTES = 12
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows of a list, and where the next ones begin."""

    items: list[T]
    next: str | None


class Cursors:
    """A place in a list, in a form that nobody reads or makes: it may be a person's name."""

    def __init__(self, secret: bytes) -> None:
        self._cipher = AESGCM(secret)

    def seal(self, place: Sequence[Any], about: str) -> str:
        """Return the cursor of a place; `about` is the list and all that it was filtered by."""
        nonce = os.urandom(_NONCE_BYTES)
        box = self._cipher.encrypt(nonce, msgspec.json.encode(list(place)), about.encode())
        return urlsafe_b64encode(nonce + box).decode("ascii").rstrip("=")

    def open(self, cursor: str, about: str) -> list[Any]:
        """Return a place. Raises Malformed for a cursor that is not ours, or of another list."""
        try:
            box = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
            plain = self._cipher.decrypt(box[:_NONCE_BYTES], box[_NONCE_BYTES:], about.encode())
        except (InvalidTag, Error, ValueError):
            raise Malformed(fields=("cursor",)) from None
        return msgspec.json.decode(plain, type=list[Any])


def limit_of(given: str | int | None) -> int:
    """Return how many rows a page has. Raises Malformed."""
    text = str(LIMIT if given is None else given)
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text[:9]) <= MOST:
        raise Malformed(fields=("limit",))
    return int(text)


def paged(
    rows: Sequence[T], limit: int, place: Callable[[T], Sequence[Any]], cursors: Cursors, about: str
) -> Page[T]:
    """Return a page of rows that were asked for with one more than the limit."""
    items = list(rows[:limit])
    more = len(rows) > limit
    return Page(items, cursors.seal(place(items[-1]), about) if more else None)


def next_link(request: Request, page: Page[Any]) -> dict[str, str]:
    """Return the header that names the next page; none after the last."""
    if page.next is None:
        return {}
    kept = [pair for pair in parse_qsl(request.url.query) if pair[0] != "cursor"]
    query = urlencode([*kept, ("cursor", page.next)])
    return {"Link": f'<{request.url.path}?{query}>; rel="next"'}
