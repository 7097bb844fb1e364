"""Facts to the bytes that a ledger stores and a topic carries, and back, by annotation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields
from datetime import datetime
from functools import cache
from typing import Any, get_type_hints
from uuid import UUID

import msgspec

from events.envelope import Fact, FirstFact
from events.registry import fact_type

OF_THE_LIBRARY = frozenset({"originator_id", "originator_version", "timestamp", "originator_topic"})


class UndecodableError(ValueError):
    """The stored bytes are not a fact of that type."""


class NewerVersionError(UndecodableError):
    """The fact was stored by a newer release, in a version of its type unknown here."""


class Form:
    """How one class of fact is written: its public fields as JSON, its sealed ones apart.

    A state that omits a field means the default, so a new default, like any other change
    that old states do not survive, needs a new `class_version` with `upcast_v1_v2(state)`.
    """

    def __init__(self, of: type[Fact]) -> None:
        hints = get_type_hints(of)
        own = {
            member.name: (hints[member.name], member)
            for member in fields(of)
            if member.name not in OF_THE_LIBRARY
        }
        if strange := set(of.sealed) - own.keys():
            raise TypeError(f"{of.TOPIC} seals fields that it has not: {sorted(strange)}")
        self.of = of
        self.version: int = getattr(of, "class_version", 1)
        self.sealed_names = frozenset(of.sealed)
        self.public = self._struct(
            [*(item for item in own.items() if item[0] not in self.sealed_names)],
            ("class_version", int, 1),
        )
        self.sealed = self._struct(
            [*(item for item in own.items() if item[0] in self.sealed_names)]
        )
        self._from_json = msgspec.json.Decoder(self.public)
        self._nothing_sealed: dict[str, Any] = dict.fromkeys(of.sealed)

    def _struct(
        self,
        members: list[tuple[str, tuple[Any, Any]]],
        *more: tuple[str, type, Any],
    ) -> type[msgspec.Struct]:
        return msgspec.defstruct(
            self.of.__name__,
            [
                (name, hint) if member.default is MISSING else (name, hint, member.default)
                for name, (hint, member) in members
            ]
            + list(more),
            kw_only=True,
            omit_defaults=True,
            gc=False,
        )

    def encode(self, fact: Fact) -> tuple[bytes, dict[str, Any]]:
        """Return the state and the sealed fields that are set.

        Raises msgspec.ValidationError for a value that its annotation does not allow:
        what no reader could decode is never recorded.
        """
        state = _TO_JSON.encode(msgspec.convert(fact, self.public, from_attributes=True))
        if not self.sealed_names:
            return state, {}
        sealed = msgspec.structs.asdict(msgspec.convert(fact, self.sealed, from_attributes=True))
        return state, {name: value for name, value in sealed.items() if value is not None}

    def decode(
        self, state: bytes, sealed: Mapping[str, Any] | None, outside: Mapping[str, Any]
    ) -> Fact:
        """Return the fact, brought to the version known here; sealed fields not given are None.

        `outside` holds what the state does not: the library's own fields.
        """
        try:
            public = self._from_json.decode(state)
        except msgspec.MsgspecError as error:
            known = self._upcast(state, sealed, error)
        else:
            known = msgspec.structs.asdict(public)
            if known.pop("class_version") != self.version:
                known = self._upcast(state, sealed, None)
            elif sealed:
                known |= self._opened(sealed)
            elif self._nothing_sealed:
                known |= self._nothing_sealed
        known |= outside
        fact = object.__new__(self.of)
        # As the library's mapper does: the values are checked, and a frozen __init__ is slow.
        object.__setattr__(fact, "__dict__", known)
        return fact

    def _opened(self, sealed: Mapping[str, Any]) -> dict[str, Any]:
        try:
            return msgspec.structs.asdict(msgspec.convert(sealed, self.sealed))
        except msgspec.ValidationError as error:
            raise UndecodableError(f"{self.of.TOPIC}, sealed: {error}") from None

    def _upcast(
        self, state: bytes, sealed: Mapping[str, Any] | None, error: Exception | None
    ) -> dict[str, Any]:
        try:
            raw: dict[str, Any] = msgspec.json.decode(state, type=dict[str, Any])
        except msgspec.MsgspecError as cause:
            raise UndecodableError(f"{self.of.TOPIC}: {cause}") from None
        stored = raw.pop("class_version", 1)
        if stored > self.version:
            raise NewerVersionError(
                f"{self.of.TOPIC} is stored in version {stored}; this release knows up to"
                f" {self.version}",
            )
        if stored == self.version:
            raise UndecodableError(f"{self.of.TOPIC}: {error}") from error
        raw |= sealed or {}
        for version in range(stored, self.version):
            getattr(self.of, f"upcast_v{version}_v{version + 1}")(raw)
        try:
            known = msgspec.structs.asdict(msgspec.convert(raw, self.public))
        except msgspec.ValidationError as cause:
            raise UndecodableError(f"{self.of.TOPIC}, upcast from {stored}: {cause}") from None
        del known["class_version"]
        return known | (self._opened(raw) if sealed else self._nothing_sealed)


_TO_JSON = msgspec.json.Encoder()


@cache
def form(of: type[Fact]) -> Form:
    """Return how a class of fact is written, the classes that aggregates adopt included."""
    return Form(of)


def encode(fact: Fact) -> tuple[bytes, dict[str, Any]]:
    """Return a fact's state and, apart, those of its sealed fields that are set."""
    return form(type(fact)).encode(fact)


def decode(  # noqa: PLR0913 - what a ledger's row holds
    type_name: str,
    state: bytes,
    *,
    stream: UUID,
    version: int,
    recorded: datetime,
    sealed: Mapping[str, Any] | None = None,
) -> Fact:
    """Return a stored fact as a reader receives it: unknown fields ignored, old ones upcast.

    Raises UnknownTypeError, NewerVersionError or UndecodableError.
    """
    known = form(fact_type(type_name))
    outside: dict[str, Any] = {
        "originator_id": stream,
        "originator_version": version,
        "timestamp": recorded,
    }
    if issubclass(known.of, FirstFact):
        outside["originator_topic"] = ""  # the aggregate is the writer's affair
    return known.decode(state, sealed, outside)
