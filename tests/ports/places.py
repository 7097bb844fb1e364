"""Where a ledger of each adapter lives, and how somebody changes it behind its back."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

import psycopg
import pytest
from eventsourcing.persistence import IntegrityError

from infra.database.migrating import migrate
from infra.ledger.port import Ledger, Save, SealedEvent
from infra.ledger.postgres import STEPS, PostgresLedger
from infra.ledger.sqlite import SqliteLedger

Clock = Callable[[], datetime]
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


class Place(Protocol):
    @property
    def address(self) -> tuple[str, str]: ...

    def open(self, clock: Clock = ...) -> Ledger: ...

    def change(self, position: int, /, **columns: object) -> None: ...

    def change_head(self, **columns: object) -> None: ...

    def remove(self, position: int) -> None: ...

    def close(self) -> None: ...


class SqliteFile:
    def __init__(self, folder: Path) -> None:
        self.path = folder / "dossiers.db"
        self.address = ("sqlite", str(self.path))
        self._opened: list[Ledger] = []

    def open(self, clock: Clock = lambda: datetime.now(UTC)) -> Ledger:
        ledger = SqliteLedger(self.path, "dossiers", clock=clock)
        self._opened.append(ledger)
        return ledger

    def change(self, position: int, /, **columns: object) -> None:
        changes = ", ".join(f"{name} = :{name}" for name in columns)
        self._execute(
            f"update events set {changes} where position = :at",  # noqa: S608 - a test's own words
            columns | {"at": position},
        )

    def change_head(self, **columns: object) -> None:
        changes = ", ".join(f"{name} = :{name}" for name in columns)
        self._execute(f"update head set {changes}", columns)  # noqa: S608 - a test's own words

    def remove(self, position: int) -> None:
        self._execute("delete from events where position = :at", {"at": position})

    def _execute(self, statement: str, values: dict[str, object]) -> None:
        with closing(sqlite3.connect(self.path)) as database, database:
            assert database.execute(statement, values).rowcount == 1

    def close(self) -> None:
        for ledger in self._opened:
            ledger.close()


class PostgresSchema:
    def __init__(self, dsn: str, name: str = "dossiers") -> None:
        self.dsn = dsn
        self.address = ("postgres", dsn)
        self._name = name
        self._opened: list[Ledger] = []
        migrate(dsn, name, STEPS)

    def open(self, clock: Clock = lambda: datetime.now(UTC)) -> Ledger:
        ledger = PostgresLedger(self.dsn, self._name, clock=clock)
        self._opened.append(ledger)
        return ledger

    def change(self, position: int, /, **columns: object) -> None:
        changes = ", ".join(f"{name} = %({name})s" for name in columns)
        self._execute(
            f"update events set {changes} where position = %(at)s",  # noqa: S608 - a test's own words
            columns | {"at": position},
        )

    def change_head(self, **columns: object) -> None:
        changes = ", ".join(f"{name} = %({name})s" for name in columns)
        self._execute(f"update head set {changes}", columns)  # noqa: S608 - a test's own words

    def remove(self, position: int) -> None:
        self._execute("delete from events where position = %(at)s", {"at": position})

    def _execute(self, statement: str, values: dict[str, object]) -> None:
        with psycopg.connect(self.dsn, options=f"-c search_path={self._name}") as database:
            assert database.execute(statement.encode(), values).rowcount == 1

    def close(self) -> None:
        for ledger in self._opened:
            ledger.close()


def sqlite(request: pytest.FixtureRequest) -> Place:
    return SqliteFile(request.getfixturevalue("tmp_path"))


def postgres(request: pytest.FixtureRequest) -> Place:
    return PostgresSchema(request.getfixturevalue("database"))


ADAPTERS = [sqlite, pytest.param(postgres, marks=pytest.mark.stack)]


class Hands:
    """A clock that shows what it is told to, and may go back."""

    def __init__(self) -> None:
        self.shows = NOON

    def __call__(self) -> datetime:
        return self.shows

    def move(self, **by: float) -> None:
        self.shows += timedelta(**by)


def happened(
    stream: UUID,
    version: int,
    *,
    state: bytes = b"{}",
    sealed: bytes | None = None,
    kind: str = "t.A",
) -> SealedEvent:
    return SealedEvent(stream, version, kind, state, sealed)


def one(stream: UUID, version: int, **rest: Any) -> Save:  # noqa: ANN401 - the other fields of a save
    return Save(events=[happened(stream, version)], **rest)


def refusal_of(ledger: Ledger, save: Save) -> IntegrityError | None:
    [saved] = ledger.append([save])
    return saved.refusal


def chain_digest(ledger: Ledger) -> bytes:
    """Fold the chain as the design states it, sharing no code with the ledger."""
    digest = bytes(32)
    for row in ledger.read(0, 1_000_000):
        since_1970 = row.recorded - datetime(1970, 1, 1, tzinfo=UTC)
        microseconds = (since_1970.days * 86_400 + since_1970.seconds) * 10**6
        microseconds += since_1970.microseconds
        body = b"".join(n.to_bytes(8, "big") for n in (row.position, microseconds))
        body += row.stream.bytes + row.version.to_bytes(8, "big")
        body += len(row.type.encode()).to_bytes(4, "big") + row.type.encode()
        body += sha256(row.state).digest()
        body += sha256(ledger.boxes(row.stream)[row.version] or b"").digest()
        digest = sha256(digest + body).digest()
    return digest
