"""Uploaded files, encrypted on disk until they are written or their time is over."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEPT_FOR = timedelta(hours=24)
_NONCE_BYTES = 12
_ABOUT, _FILE, _ERRORS = "about", "file", "errors"


class Pointed(msgspec.Struct):
    """A column of a file, by its code and in words."""

    column: str
    name: str


class WrongRow(msgspec.Struct):
    """A row that cannot be taken in: why, and in which columns."""

    row: int
    columns: list[Pointed]
    code: str
    reason: str


class Taken(msgspec.Struct):
    """What came of one table: a text file, or one sheet of a workbook."""

    sheet: str
    kind: str | None
    title: str | None
    """What the kind is called."""
    rows: int
    good: int
    bad: int
    changed: int
    """How many rows record something, or would."""
    errors: list[WrongRow]
    """The first of them; the error file has all."""
    has_errors_file: bool
    refused: str | None
    """Why nothing of the table can be read."""

    @property
    def is_good(self) -> bool:
        """Tell whether all of it can be taken in."""
        return self.refused is None and not self.bad


class Upload(msgspec.Struct, kw_only=True):
    """A file that was sent in, how it is to be taken, and how far it came."""

    id: UUID
    account: str
    unit: UUID
    role: str
    day: date
    """The day of whoever set it going, whose grant bounds it."""
    name: str
    digest: str
    kind: str | None
    correct: bool
    reason: str | None
    document: str | None
    uploaded: datetime
    state: str = "checking"
    """`checking`, `checked`, `writing`, `written` or `failed`."""
    accept_good: bool = False
    version: int = 1
    tables: list[Taken] = []
    positions: dict[str, int] = {}

    @property
    def expires(self) -> datetime:
        """Return when nothing of it is kept any more."""
        return self.uploaded + KEPT_FOR


class Uploads:
    """A folder of boxes that only the key of the data folder opens."""

    def __init__(
        self,
        folder: Path,
        cipher: AESGCM,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._folder = folder
        self._cipher = cipher
        self._clock = clock
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def now(self) -> datetime:
        """Return the moment."""
        return self._clock()

    def put(self, upload: Upload) -> None:
        """Keep what is known of a file."""
        self._put(upload.id, _ABOUT, msgspec.msgpack.encode(upload))

    def put_file(self, upload: UUID, content: bytes) -> None:
        """Keep the file itself."""
        self._put(upload, _FILE, content)

    def put_errors(self, upload: UUID, table: int, content: bytes) -> None:
        """Keep the error file of a table."""
        self._put(upload, f"{_ERRORS}-{table}", content)

    def find(self, upload: UUID) -> Upload | None:
        """Return what is known of a file, until its time is over."""
        read = self._get(upload, _ABOUT)
        known = None if read is None else msgspec.msgpack.decode(read, type=Upload)
        return known if known and self._clock() < known.expires else None

    def file(self, upload: UUID) -> bytes | None:
        """Return the file itself; None when it is written."""
        return self._get(upload, _FILE)

    def errors(self, upload: UUID, table: int) -> bytes | None:
        """Return the error file of a table; None where every row is good."""
        return self._get(upload, f"{_ERRORS}-{table}")

    def drop_file(self, upload: UUID) -> None:
        """Forget the file itself: all of it is recorded."""
        (self._folder / f"{upload}.{_FILE}").unlink(missing_ok=True)

    def drop_errors(self, upload: UUID) -> None:
        """Forget the error files: the rows are checked anew."""
        for path in self._folder.glob(f"{upload}.{_ERRORS}-*"):
            path.unlink(missing_ok=True)

    def all(self) -> list[Upload]:
        """Return every file whose time is not over, the newest first, and forget the others."""
        kept: list[Upload] = []
        over = (self._clock() - KEPT_FOR).timestamp()
        for path in self._folder.iterdir():
            name, _, part = path.name.partition(".")
            if part == _ABOUT and (found := self.find(UUID(name))):
                kept.append(found)
            elif path.stat().st_mtime < over:
                path.unlink(missing_ok=True)
        return sorted(kept, key=lambda each: each.uploaded, reverse=True)

    def _put(self, upload: UUID, part: str, content: bytes) -> None:
        nonce = os.urandom(_NONCE_BYTES)
        box = nonce + self._cipher.encrypt(nonce, content, _place(upload, part))
        path = self._folder / f"{upload}.{part}"
        begun = path.with_name(f"{path.name}~")
        with os.fdopen(os.open(begun, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as file:
            file.write(box)
            file.flush()
            os.fsync(file.fileno())
        begun.replace(path)

    def _get(self, upload: UUID, part: str) -> bytes | None:
        try:
            box = (self._folder / f"{upload}.{part}").read_bytes()
        except FileNotFoundError:
            return None
        try:
            plain = self._cipher.decrypt(
                box[:_NONCE_BYTES], box[_NONCE_BYTES:], _place(upload, part)
            )
        except (InvalidTag, ValueError):
            return None  # of another key, or torn: it cannot be taken in, only sent again
        return plain


def _place(upload: UUID, part: str) -> bytes:
    return f"upload/{upload}/{part}".encode()


@contextmanager
def in_memory(content: bytes = b"") -> Iterator[Path]:
    """Yield the path of a file that is never on disk."""
    number = os.memfd_create("ketnap-import", os.MFD_CLOEXEC)
    with os.fdopen(number, "r+b") as file:
        file.write(content)
        file.flush()
        yield Path(f"/proc/self/fd/{number}")


def told(upload: Upload, done: int, total: int) -> dict[str, Any]:
    """Return the state of a file as it is answered."""
    return {
        "import": str(upload.id),
        "name": upload.name,
        "state": upload.state,
        "kind": upload.kind,
        "correct": upload.correct,
        "reason": upload.reason,
        "document": upload.document,
        "uploaded": upload.uploaded,
        "expires": upload.expires,
        "accept_good": upload.accept_good,
        "version": upload.version,
        "done": done,
        "total": total,
        "tables": upload.tables,
        "positions": upload.positions,
    }
