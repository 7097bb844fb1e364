"""Passwords: argon2id, two at a time, and the same work whether or not there is an account."""

from __future__ import annotations

import secrets
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from events.refusal import Refusal

MEMORY_KIB = 19 * 1024
PASSES = 2
AT_ONCE = 2
PATIENCE_SECONDS = 3.0
SHORTEST, LONGEST = 12, 128
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that is read as another
_GROUPS, _GROUP_LETTERS = 4, 5

# Nobody's password: verifying against it costs what verifying a real one does.
NOBODY = (
    "$argon2id$v=19$m=19456,t=2,p=1$PmJ/uFsNIBeY7Hook22Zbw"
    "$YMdoiS7u9yemfOJPlSJpQZw6yJKpQh5Hu2PFRDBM2xs"
)


class SignInBusy(Refusal):
    """More people sign in at once than may take the memory for it."""


class Passwords:
    """Hashes and verifies; each takes 19 MiB, so only two do at once and others wait briefly."""

    def __init__(self, *, patience_seconds: float = PATIENCE_SECONDS) -> None:
        self._hasher = PasswordHasher(
            time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=1, type=Type.ID
        )
        self._places = BoundedSemaphore(AT_ONCE)
        self._patience_seconds = patience_seconds

    def hashed(self, password: str) -> str:
        """Return what is stored of a password. Raises SignInBusy."""
        with self.place():
            return self._hasher.hash(_composed(password))

    def fits(self, stored: str | None, password: str) -> bool:
        """Tell whether a password is the stored one; nobody's, where there is none."""
        with self.place():
            try:
                self._hasher.verify(stored or NOBODY, _composed(password))
            except (VerificationError, InvalidHashError):
                return False
        return stored is not None

    @contextmanager
    def place(self) -> Iterator[None]:
        """Hold one of the places in memory. Raises SignInBusy."""
        if not self._places.acquire(timeout=self._patience_seconds):
            raise SignInBusy(retry_after_seconds=1)
        try:
            yield
        finally:
            self._places.release()


def generated() -> str:
    """Return a new password of 99 bits that can be read out and typed."""
    return "-".join(
        "".join(secrets.choice(_LETTERS) for _ in range(_GROUP_LETTERS)) for _ in range(_GROUPS)
    )


def is_fit(password: str) -> bool:
    """Tell whether somebody may choose that password: long enough, and not one letter."""
    signs = unicodedata.normalize("NFC", password)
    return SHORTEST <= len(signs) <= LONGEST and len(set(signs)) > SHORTEST // 3


def _composed(password: str) -> bytes:
    # One keyboard writes a marked letter as one sign, another as two.
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")
