"""The columns of each kind of file, as data, and the kind that a header row means."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path

from events.refusal import Refusal
from events.rulebook import rulebook
from infra.tables import clean, fold

YES_NO: Mapping[str, tuple[str, ...]] = {"yes": ("có", "true"), "no": ("không", "false")}
REASON = "reason"
"""The column of an error file, which is passed over when that file comes back."""
_FILE = Path(__file__).with_name("columns.toml")


class UnknownKind(Refusal):
    """No kind of file has such a header row."""


class UnknownColumns(Refusal):
    """The kind of file has no such columns."""


class MissingColumns(Refusal):
    """The kind of file cannot do without these columns."""


class RepeatedColumn(Refusal):
    """Two columns of the file say that they are the same."""


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """A column: what it holds, and the words for it and for its values."""

    code: str
    type: str
    name: str
    required: bool = False
    aliases: tuple[str, ...] = ()
    example: str = ""
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Where only some values are allowed: each code with its names in Vietnamese."""

    def value(self, text: str) -> str | None:
        """Return the code that a value stands for, or None."""
        return _codes(self).get(fold(text))


@dataclass(frozen=True)
class Kind:
    """A kind of file."""

    code: str
    title: str
    columns: Mapping[str, Column]

    @cached_property
    def required(self) -> tuple[str, ...]:
        """Return the columns that must be there."""
        return tuple(code for code, column in self.columns.items() if column.required)

    @cached_property
    def _headers(self) -> dict[str, str]:
        return {
            fold(name): column.code
            for column in reversed(list(self.columns.values()))
            for name in (*column.aliases, column.name, column.code)
        }

    def column(self, header: str) -> str | None:
        """Return the column that a header means, or None."""
        return self._headers.get(fold(header))

    def places(self, header: Sequence[str]) -> dict[int, str | None]:
        """Return the columns by their place in the file; all are known, and none is missing.

        None marks the reasons of an error file that comes back.

        Raises UnknownColumns, MissingColumns, RepeatedColumn.
        """
        named = {place: name for place, name in enumerate(header) if _is_said(name)}
        passed_over = {place: None for place, name in enumerate(header) if _is_reason(name)}
        unknown = tuple(clean(name) for name in named.values() if self.column(name) is None)
        if unknown:
            raise UnknownColumns(columns=unknown, kind=self.code)
        places = {place: self.column(name) for place, name in named.items()}
        found = [code for code in places.values() if code]
        for code in found:
            if found.count(code) > 1:
                raise RepeatedColumn(columns=(code,), kind=self.code)
        if missing := tuple(code for code in self.required if code not in found):
            raise MissingColumns(columns=missing, kind=self.code)
        return places | passed_over


def kind_of(header: Sequence[str]) -> Kind:
    """Return the kind that a header row decides: the one most of whose columns are there.

    Raises UnknownKind when there is none.
    """
    named = [name for name in header if _is_said(name)]

    def fit(kind: Kind) -> tuple[int, int]:
        found = {kind.column(name) for name in named} - {None}
        return len(found) - 2 * sum(code not in found for code in kind.required), len(found)

    best = max(kinds().values(), key=fit)
    if fit(best)[1] == 0:
        raise UnknownKind(columns=tuple(map(clean, named)), kinds=tuple(kinds()))
    return best


def _is_said(name: str) -> bool:
    return fold(name) != "" and not _is_reason(name)


def _is_reason(name: str) -> bool:
    return fold(name) in {REASON, "ly do"}


@cache
def kinds() -> Mapping[str, Kind]:
    """Return every kind of file by its code, in the order in which files are taken in."""
    with _FILE.open("rb") as file:
        data = tomllib.load(file)
    return {
        code: Kind(
            code,
            told["title"],
            {
                name: Column(
                    name,
                    **{**column, "aliases": tuple(column.get("aliases", ()))},
                    values=_values(column["type"], told.get("values", {}).get(name, {})),
                )
                for name, column in told["columns"].items()
            },
        )
        for code, told in data.items()
    }


def _values(kind: str, told: Mapping[str, Sequence[str]]) -> Mapping[str, tuple[str, ...]]:
    if kind == "yes-no":
        return YES_NO
    if kind == "unit-kind":
        return {k.code: (k.name, *k.aliases) for k in rulebook().unit_kinds.values()}
    return {code: tuple(names) for code, names in told.items()}


@cache
def _codes(column: Column) -> dict[str, str]:
    return {
        fold(name): code
        for code, names in column.values.items()
        for name in (*reversed(names), code)
    }
