"""A fact behind a figure, and the line of a person that it comes from."""

from __future__ import annotations

from typing import NamedTuple


class Behind(NamedTuple):
    """A fact that stands behind a figure, with what it adds; None where that is unknown."""

    key: tuple[object, ...]
    """What it is, whatever is corrected of it."""
    n: int | None
    ledger: str
    position: int
    fact: str
    on: int
    unit: int
    candidacy: int | None = None
    facets: int | None = None
    more: tuple[tuple[str, object], ...] = ()
    line: tuple[str, str] = ("", "")
    """Of a person: kind and value of the line."""


class PersonLine(NamedTuple):
    """What counts of one person, through one child of the asked unit."""

    candidacy: int
    version: int
    kind: str
    value: str
    unit: int
    on: int
    facets: int
    child: int
    n: int
    position: int
