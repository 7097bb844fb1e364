"""Columns as Postgres takes them: arrays in binary, always of the type that they are said to be.

The library's own arrays take their type from what is in them, and an empty one has none; each
other type would be another prepared statement.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from struct import Struct, pack
from typing import Any

from psycopg.adapt import Dumper
from psycopg.pq import Format

_number = Struct("!iq").pack
_length = Struct("!i").pack
_NULL = _length(-1)


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of array: its number in Postgres, that of an element, and how one is written."""

    oid: int
    element: int
    write: Callable[[Any], bytes]


def _write_bytes(value: bytes) -> bytes:
    return _length(len(value)) + value


def _write_text(value: str) -> bytes:
    return _write_bytes(value.encode())


NUMBERS = Kind(1016, 20, lambda value: _number(8, value))
TEXTS = Kind(1009, 25, _write_text)
BYTES = Kind(1001, 17, _write_bytes)
FLAGS = Kind(1000, 16, lambda value: b"\0\0\0\1\1" if value else b"\0\0\0\1\0")


NAMED = {"bigint": NUMBERS, "text": TEXTS, "bytea": BYTES}
"""The types that tables of views have."""


class Column:
    """Values of one type, any of which may be None, as they are sent."""

    __slots__ = ("data", "oid")

    def __init__(self, kind: Kind, values: Sequence[Any]) -> None:
        write = kind.write
        elements = [_NULL if value is None else write(value) for value in values]
        # The dimensions, whether any is null, the type; the length and the first index.
        sizes = (len(elements), 1) if elements else ()
        head = pack(f"!iiI{len(sizes)}i", len(sizes) // 2, 1, kind.element, *sizes)
        self.data = head + b"".join(elements)
        self.oid = kind.oid


class ColumnDumper(Dumper):
    """Sends columns; they are told apart by a key, as the library does with its lists."""

    format = Format.BINARY

    def get_key(self, obj: Column, format: Any) -> Any:  # noqa: A002, ANN401, ARG002 - the library's
        return (self.cls, obj.oid)

    def upgrade(self, obj: Column, format: Any) -> ColumnDumper:  # noqa: A002, ANN401, ARG002 - as above
        dumper = ColumnDumper(self.cls)
        dumper.oid = obj.oid
        return dumper

    def dump(self, obj: Column) -> bytes:
        return obj.data
