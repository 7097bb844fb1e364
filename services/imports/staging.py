"""Rows that were found good, encrypted on disk from their check until they are written."""

from __future__ import annotations

import fcntl
import os
import struct
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import msgspec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from events.refusal import Refusal

_NONCE_BYTES = 12
_LENGTH = struct.Struct(">I")

Row = tuple[int, Mapping[str, str]]
"""The number of a row and what its cells say, by column."""


class ImportUnderWay(Refusal):
    """Another process is taking in the same file."""


class Staging:
    """One file of encrypted batches, which is gone when it is closed.

    What a killed process left is removed by the next import: only the key of this data
    folder opens it, and the file itself is what completes an interrupted import.
    """

    def __init__(self, folder: Path, cipher: AESGCM, name: str) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._cipher = cipher
        self._name = name.encode()
        self._path = folder / f"{name}.rows"
        self._count = 0
        self._file = _locked(self._path)
        if self._file is None:
            raise ImportUnderWay
        self._file.truncate(0)
        for other in folder.glob("*.rows"):
            if other != self._path and (left := _locked(other)):
                other.unlink(missing_ok=True)
                left.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with suppress(FileNotFoundError):
            self._path.unlink()
        self._open.close()

    @property
    def _open(self) -> IO[bytes]:
        if self._file is None:
            raise ImportUnderWay
        return self._file

    def add(self, rows: Sequence[Row]) -> None:
        """Put a batch at the end."""
        nonce = os.urandom(_NONCE_BYTES)
        box = nonce + self._cipher.encrypt(nonce, msgspec.msgpack.encode(rows), self._place())
        self._open.write(_LENGTH.pack(len(box)) + box)
        self._count += 1

    def batches(self) -> Iterator[list[Row]]:
        """Yield the batches as they were put in."""
        self._open.seek(0)
        self._count = 0
        while length := self._open.read(_LENGTH.size):
            box = self._open.read(_LENGTH.unpack(length)[0])
            nonce, text = box[:_NONCE_BYTES], box[_NONCE_BYTES:]
            plain = self._cipher.decrypt(nonce, text, self._place())
            self._count += 1
            yield msgspec.msgpack.decode(plain, type=list[tuple[int, dict[str, str]]])

    def _place(self) -> bytes:
        return b"%s/%d" % (self._name, self._count)


def _locked(path: Path) -> IO[bytes] | None:
    """Open a file for ourselves, or return None where a living process holds it."""
    file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file
