"""Roles as data: what each sees and does, how far, and which duties never meet in one account."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

SEE = "see"
"""The act without which a record does not exist for a grant."""
UNIT = "unit"
"""The link to the unit that a record belongs to; every kind has it."""


class Reach(StrEnum):
    """How far from the unit of a grant a permission goes."""

    OWN = "own"
    BELOW = "below"
    NAMED = "named"
    ANY = "any"


class BadRolesError(ValueError):
    """The table of roles contradicts itself; named by the message."""


class UnknownActError(LookupError):
    """Nothing of that kind can be asked: a defect of ours, and never an allowance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """Some acts, to records whose link lies within a reach."""

    acts: frozenset[str]
    reach: Reach
    through: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """What an account may see and do by one grant."""

    code: str
    name: str
    unit_kinds: frozenset[str]
    first: date
    last: date
    permissions: Mapping[str, tuple[Permission, ...]]
    """By kind of record."""

    def in_force(self, on: date) -> bool:
        """Tell whether the role may change something on a day."""
        return self.first <= on <= self.last


@dataclass(frozen=True, slots=True, kw_only=True)
class Roles:
    """The whole table."""

    roles: Mapping[str, Role]
    acts: Mapping[str, tuple[str, ...]]
    """Everything that can be done, by kind of record."""
    reading: frozenset[str]
    """Acts that change nothing."""
    apart: Mapping[str, frozenset[str]]
    """By `kind.act`, the others that an account never does to the same record."""

    def role(self, code: str) -> Role | None:
        """Return a role."""
        return self.roles.get(code)

    def check(self, kind: str, act: str) -> None:
        """Raise UnknownActError unless the act can be done to that kind of record."""
        if act not in self.acts.get(kind, ()):
            raise UnknownActError(f"{kind}.{act}")


class _Kind(msgspec.Struct, forbid_unknown_fields=True):
    acts: list[str]
    links: list[str] = []


class _May(msgspec.Struct, forbid_unknown_fields=True):
    on: list[str]
    acts: list[str]
    reach: Reach
    through: str = UNIT


class _Role(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    unit_kinds: list[str]
    may: list[_May]
    first: date = date.min
    last: date = date.max


class _Table(msgspec.Struct, forbid_unknown_fields=True):
    reading: list[str]
    apart: list[tuple[str, str]]
    kinds: dict[str, _Kind]
    roles: dict[str, _Role]


@cache
def roles(path: Path = Path(__file__).parents[2] / "contracts/rulebook/roles.toml") -> Roles:
    """Return the table of roles. Raises BadRolesError."""
    return parsed(tomllib.loads(path.read_text(encoding="utf-8")))


def parsed(table: Mapping[str, Any]) -> Roles:
    """Return the roles of a table. Raises BadRolesError."""
    try:
        read = msgspec.convert(table, _Table)
    except msgspec.ValidationError as error:
        raise BadRolesError(str(error)) from error
    _check(read)
    apart: dict[str, set[str]] = {}
    for one, other in read.apart:
        apart.setdefault(one, set()).add(other)
        apart.setdefault(other, set()).add(one)
    return Roles(
        roles={code: _role(code, role) for code, role in read.roles.items()},
        acts={name: tuple(kind.acts) for name, kind in read.kinds.items()},
        reading=frozenset(read.reading),
        apart={act: frozenset(others) for act, others in apart.items()},
    )


def _role(code: str, role: _Role) -> Role:
    permissions: dict[str, tuple[Permission, ...]] = {}
    for may in role.may:
        permission = Permission(acts=frozenset(may.acts), reach=may.reach, through=may.through)
        for kind in may.on:
            permissions[kind] = (*permissions.get(kind, ()), permission)
    return Role(
        code=code,
        name=role.name,
        unit_kinds=frozenset(role.unit_kinds),
        first=role.first,
        last=role.last,
        permissions=permissions,
    )


def _check(table: _Table) -> None:
    known = {f"{name}.{act}" for name, kind in table.kinds.items() for act in kind.acts}
    _none_of(sorted({act for pair in table.apart for act in pair} - known), "unknown act")
    _none_of([name for name, kind in table.kinds.items() if SEE not in kind.acts], "unseen kind")
    for code, role in table.roles.items():
        for may in role.may:
            _none_of([kind for kind in may.on if kind not in table.kinds], f"{code}: unknown kind")
            for name in may.on:
                kind, what = table.kinds[name], f"{code}, {name}"
                _none_of(set(may.acts) - set(kind.acts), f"{what}: unknown act")
                _none_of({may.through} - {UNIT, *kind.links}, f"{what}: unknown link")
                if SEE not in may.acts:
                    raise BadRolesError(f"{what}: acts on what it does not see")


def _none_of(wrong: Iterable[str], reason: str) -> None:
    if named := ", ".join(sorted(wrong)):
        raise BadRolesError(f"{reason}: {named}")
