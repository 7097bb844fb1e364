"""What keeps an installation, chosen in one place: files in a folder, or Postgres and Kafka."""

from __future__ import annotations

import fcntl
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock

import psycopg

from infra.access import Access
from infra.database import Away, Place, PostgresSchema, SqliteFile
from infra.database.patient import PatientConnection
from infra.ledger.port import Ledger
from infra.ledger.postgres import PostgresLedger
from infra.ledger.sqlite import SqliteLedger
from infra.sealing import Keys
from infra.settings import Settings

Clock = Callable[[], datetime]
FOLDERS = ("ledgers", "keys", "views", "staging")
LOCK = "projector.lock"


def now() -> datetime:
    """Return this moment."""
    return datetime.now(UTC)


class Adapters(ABC):
    """Opens what an installation is kept in. Whoever opens a thing closes it."""

    folder: Path
    """Where files lie that wait to be imported, also when all else lies on Postgres."""

    @abstractmethod
    def ledger(self, name: str, clock: Clock = now) -> Ledger:
        """Open a ledger."""

    @abstractmethod
    def place(self, view: str) -> Place:
        """Return where a view lies."""

    @abstractmethod
    def keys(self) -> Keys:
        """Open the keys of people."""

    @abstractmethod
    def access(self, secret: bytes, clock: Clock = now) -> Access:
        """Open the accounts, whose tokens are signed under a secret."""

    @abstractmethod
    def keeper(self, reader: str) -> str:
        """Return the name of who moves a reader: those of one name are moved together."""

    @abstractmethod
    def alone(self, keeper: str) -> AbstractContextManager[bool]:
        """Be the one who moves what a keeper moves, or be told that another is."""


class Folder(Adapters):
    """Everything in one folder, for its owner alone; what it lacks is made."""

    def __init__(self, folder: Path, master_key_file: Path | None = None) -> None:
        self.folder = folder
        self._master_key_file = master_key_file
        for path in (folder, *(folder / name for name in FOLDERS)):
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._held = Lock()

    def ledger(self, name: str, clock: Clock = now) -> Ledger:
        """Open a ledger."""
        return SqliteLedger(self.folder / "ledgers" / f"{name}.db", name, clock=clock)

    def place(self, view: str) -> Place:
        """Return where a view lies."""
        return SqliteFile(self.folder / "views" / f"{view}.db")

    def keys(self) -> Keys:
        """Open the keys of people."""
        return Keys.in_folder(self.folder / "keys", master_key_file=self._master_key_file)

    def access(self, secret: bytes, clock: Clock = now) -> Access:
        """Open the accounts, whose tokens are signed under a secret."""
        return Access.in_folder(self.folder / "access", secret, clock=clock)

    def keeper(self, reader: str) -> str:  # noqa: ARG002 - as everywhere
        """Return the one keeper: a process that keeps the views of a folder keeps them all."""
        return LOCK

    @contextmanager
    def alone(self, keeper: str = LOCK) -> Iterator[bool]:
        """Hold the projectors' lock, or tell that another thread or process does."""
        # A file is locked once a process, however many of its threads ask.
        if not self._held.acquire(blocking=False):
            yield False
            return
        try:
            with _locked(self.folder / keeper) as ours:
                yield ours
        finally:
            self._held.release()


class Province(Adapters):
    """Ledgers, keys, views and accounts on Postgres; `ketnap migrate` makes what is missing."""

    def __init__(self, said: Settings) -> None:
        self.folder = said.data
        self._said = said

    def ledger(self, name: str, clock: Clock = now) -> Ledger:
        """Open a ledger. Raises NotMigrated and Away."""
        try:
            return PostgresLedger(self._said.dsn("ledgers"), name, clock=clock)
        except psycopg.OperationalError as error:
            raise Away(str(error)) from error

    def place(self, view: str) -> PostgresSchema:
        """Return where a view lies."""
        return PostgresSchema(self._said.dsn("views"), view)

    def keys(self) -> Keys:
        """Open the keys of people. Raises MasterKeyError."""
        return Keys(PostgresSchema(self._said.dsn("keys"), "keys"), self._said.key_file)

    def access(self, secret: bytes, clock: Clock = now) -> Access:
        """Open the accounts, whose tokens are signed under a secret."""
        return Access(PostgresSchema(self._said.dsn("access"), "access"), secret, clock=clock)

    def keeper(self, reader: str) -> str:
        """Return the role of a service that moves a reader."""
        return f"{reader.partition('.')[0]} {'reactor' if '.policy.' in reader else 'projector'}"

    @contextmanager
    def alone(self, keeper: str) -> Iterator[bool]:
        """Hold the lock of a keeper, or tell that another process does. Raises Away."""
        with _advised(self._said.dsn("views"), keeper) as ours:
            yield ours


def adapters(said: Settings) -> Adapters:
    """Return what the settings choose."""
    return Province(said) if said.is_distributed else Folder(said.data, said.master_key_file)


@contextmanager
def _locked(path: Path) -> Iterator[bool]:
    file = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        yield False
    else:
        yield True
    finally:
        os.close(file)


@contextmanager
def _advised(dsn: str, name: str) -> Iterator[bool]:
    try:
        session = PatientConnection.to(dsn, name=f"ketnap keeps {name}")
    except psycopg.OperationalError as error:
        raise Away(str(error)) from error
    try:
        row = session.execute(
            "select pg_try_advisory_lock(hashtextextended('ketnap ' || %s, 0))", (name,)
        ).fetchone()
        yield bool(row and row[0])
    finally:
        with suppress(psycopg.Error):
            session.close()
