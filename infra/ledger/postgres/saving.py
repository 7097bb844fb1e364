"""Saves as the columns that `append` takes, and its answer as what became of each save."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import cast
from uuid import UUID

import msgspec
from eventsourcing.persistence import IntegrityError

from infra.database.columns import BYTES, FLAGS, NUMBERS, TEXTS, Column
from infra.ledger.port import (
    ClaimTakenError,
    CommandRepeatedError,
    ReaderMovedError,
    Save,
    Saved,
    SealedEvent,
    VersionTakenError,
)
from infra.ledger.rows import microseconds, stream_of


class _Refused(msgspec.Struct, frozen=True):
    save: int
    kind: str
    at: int = 0
    holder: str = ""
    fingerprint: str = ""
    position: int = 0
    events: int = 0


_refusals = msgspec.json.Decoder(list[_Refused])


class Saving:
    """The saves of one commit, column by column."""

    def __init__(self, calls: Sequence[Sequence[Save]], known_types: set[str]) -> None:
        self._calls = calls
        self._saves = [save for saves in calls for save in saves]
        self._contradictions: list[IntegrityError | None] = []
        self._known_types = known_types
        self._events: list[SealedEvent] = []
        self._takes: list[tuple[str, UUID, bool]] = []
        self._releases: list[str] = []
        self._ends: list[tuple[int, int, int]] = []
        for save in self._saves:
            self._add(save)

    def _add(self, save: Save) -> None:
        """Leave out what follows a contradiction: the save is refused there at the latest."""
        events, contradiction = _until_repeated(save.events)
        takes: Sequence[tuple[str, UUID]] = ()
        if contradiction is None:
            takes, contradiction = _until_contradicted(save.takes)
        self._contradictions.append(contradiction)
        self._events += events
        self._takes += [(key, stream, key in save.releases) for key, stream in takes]
        self._releases += save.releases
        self._ends.append((len(self._events), len(self._takes), len(self._releases)))

    def columns(self, now: datetime) -> list[int | Column]:
        """Return what `append` takes after the writer and its call."""
        saves, events = self._saves, self._events
        commands = [save.command or (None, None) for save in saves]
        readers = [save.reader or (None, None, None) for save in saves]
        causes = [save.not_before and microseconds(save.not_before) for save in saves]
        kinds = [event.topic for event in events]
        return [
            microseconds(now),
            Column(TEXTS, sorted(set(kinds) - self._known_types)),
            Column(NUMBERS, causes),
            Column(TEXTS, [key for key, _ in commands]),
            Column(BYTES, [fingerprint for _, fingerprint in commands]),
            Column(TEXTS, [name for name, _, _ in readers]),
            Column(NUMBERS, [at for _, at, _ in readers]),
            Column(NUMBERS, [to for _, _, to in readers]),
            Column(FLAGS, [each is not None for each in self._contradictions]),
            Column(NUMBERS, [end for end, _, _ in self._ends]),
            Column(BYTES, [stream_of(event.originator_id) for event in events]),
            Column(NUMBERS, [event.originator_version for event in events]),
            Column(TEXTS, kinds),
            Column(BYTES, [event.state for event in events]),
            Column(BYTES, [event.sealed for event in events]),
            Column(TEXTS, [event.trace for event in events]),
            Column(NUMBERS, [end for _, end, _ in self._ends]),
            Column(TEXTS, [key for key, _, _ in self._takes]),
            Column(BYTES, [stream.bytes for _, stream, _ in self._takes]),
            Column(FLAGS, [released for _, _, released in self._takes]),
            Column(NUMBERS, [end for _, _, end in self._ends]),
            Column(TEXTS, self._releases),
        ]

    def answers(self, firsts: Sequence[int], refusals: str) -> list[list[Saved]]:
        """Return what became of each save, call by call, and know the types that are new."""
        refused = {each.save: each for each in _refusals.decode(refusals)}
        saved = []
        for number, (save, first) in enumerate(zip(self._saves, firsts, strict=True)):
            if number in refused:
                saved.append(Saved(refusal=self._refusal(save, refused[number])))
            else:
                saved.append(Saved(tuple(range(first, first + len(save.events)))))
                self._known_types.update(event.topic for event in save.events)
        each = iter(saved)
        return [[next(each) for _ in saves] for saves in self._calls]

    def _refusal(self, save: Save, refused: _Refused) -> IntegrityError:
        match refused.kind:
            case "command":
                key, _ = cast("tuple[str, bytes]", save.command)
                positions = range(refused.position, refused.position + refused.events)
                return CommandRepeatedError(
                    key, bytes.fromhex(refused.fingerprint), tuple(positions)
                )
            case "reader":
                name, position, _ = cast("tuple[str, int, int]", save.reader)
                return ReaderMovedError(f"{name} is not at {position}")
            case "version":
                return _version_taken(save.events[refused.at])
            case "claim":
                return ClaimTakenError(save.takes[refused.at][0], UUID(hex=refused.holder))
            case _:
                return cast("IntegrityError", self._contradictions[refused.save])


def _until_repeated(
    events: Sequence[SealedEvent],
) -> tuple[Sequence[SealedEvent], IntegrityError | None]:
    if len(events) > 1:
        places = set()
        for number, event in enumerate(events):
            place = event.originator_id, event.originator_version
            if place in places:
                return events[:number], _version_taken(event)
            places.add(place)
    return events, None


def _until_contradicted(
    takes: Sequence[tuple[str, UUID]],
) -> tuple[Sequence[tuple[str, UUID]], IntegrityError | None]:
    own: dict[str, UUID] = {}
    for number, (key, stream) in enumerate(takes):
        if own.setdefault(key, stream) != stream:
            return takes[:number], ClaimTakenError(key, own[key])
    return takes, None


def _version_taken(event: SealedEvent) -> VersionTakenError:
    return VersionTakenError(
        f"version {event.originator_version} of {event.originator_id} is taken"
    )
