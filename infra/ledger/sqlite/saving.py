"""One transaction of a ledger in SQLite: saves, each checked before anything of it is written."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import cast
from uuid import UUID

from eventsourcing.persistence import IntegrityError

from infra.ledger.port import (
    ClaimTakenError,
    CommandRepeatedError,
    ReaderMovedError,
    Save,
    Saved,
    SealedEvent,
    VersionTakenError,
    link,
)
from infra.ledger.rows import microseconds, sealed_digest, stream_of
from infra.ledger.sqlite.tables import command_of, head_of, holder_of, reader_of


class Saving:
    """One transaction: where the chain stands while saves extend it."""

    def __init__(self, database: sqlite3.Connection, now: int, known_types: set[str]) -> None:
        self._database = database
        self._now = now
        self._known_types = known_types
        self.position, self.digest, self.recorded = head_of(database)
        self._start = self.position
        self.new_types: set[str] = set()

    def save(self, save: Save) -> Saved:
        """Refuse the save before anything of it is written, or write all of it."""
        refusal = self._conflict(save)
        if refusal is not None:
            return Saved(refusal=refusal)
        positions = self._insert(save) if save.events else ()
        self._keep(save, positions)
        return Saved(positions)

    def _conflict(self, save: Save) -> IntegrityError | None:
        if save.command is not None:
            key = save.command[0]
            recorded = command_of(self._database, key)
            if recorded is not None:
                return CommandRepeatedError(key, *recorded)
        if save.reader is not None:
            name, position, _ = save.reader
            if reader_of(self._database, name) != position:
                return ReaderMovedError(f"{name} is not at {position}")
        return self._version_taken(save.events) or self._claim_taken(save)

    def _version_taken(self, events: Sequence[SealedEvent]) -> IntegrityError | None:
        own = set()
        for event in events:
            place = stream_of(event.originator_id), event.originator_version
            if (
                place in own
                or self._database.execute(
                    "select 1 from events where stream = ? and version = ?", place
                ).fetchone()
            ):
                return VersionTakenError(
                    f"version {event.originator_version} of {event.originator_id} is taken"
                )
            own.add(place)
        return None

    def _claim_taken(self, save: Save) -> IntegrityError | None:
        own: dict[str, UUID] = {}
        for key, stream in save.takes:
            holder = own.setdefault(key, stream)
            if holder == stream and key not in save.releases:
                holder = holder_of(self._database, key) or stream
            if holder != stream:
                return ClaimTakenError(key, holder)
        return None

    def _insert(self, save: Save) -> tuple[int, ...]:
        first = self.position + 1
        cause = 0 if save.not_before is None else microseconds(save.not_before)
        self.recorded = max(self._now, self.recorded, cause)
        rows = []
        for event in save.events:
            self.position += 1
            stream = cast("UUID", event.originator_id)
            version, kind = event.originator_version, event.topic
            self.digest = link(
                self.digest,
                self.position,
                self.recorded,
                stream,
                version,
                kind,
                event.state,
                sealed_digest(event.sealed),
            )
            rows.append(
                (
                    self.position,
                    stream.bytes,
                    version,
                    kind,
                    self.recorded,
                    event.state,
                    event.sealed,
                    self.digest,
                    event.trace,
                )
            )
            if kind not in self._known_types and kind not in self.new_types:
                self._database.execute("insert or ignore into types values (?)", (kind,))
                self.new_types.add(kind)
        self._database.executemany("insert into events values (?,?,?,?,?,?,?,?,?)", rows)
        return tuple(range(first, self.position + 1))

    def _keep(self, save: Save, positions: tuple[int, ...]) -> None:
        write = self._database.execute
        for key in save.releases:
            write("delete from claims where key = ?", (key,))
        for key, stream in save.takes:
            write(
                "insert or ignore into claims values (?, ?, ?)", (key, stream.bytes, self.position)
            )
        if save.command is not None:
            write("insert into commands values (?, ?, ?)", (*save.command, str(list(positions))))
        if save.reader is not None:
            name, _, position = save.reader
            write("insert or replace into readers values (?, ?)", (name, position))

    def finish(self) -> None:
        """Move the head to where the chain now stands."""
        if self.position != self._start:
            self._database.execute(
                "insert or replace into head values (1, ?, ?, ?)",
                (self.position, self.digest, self.recorded),
            )
