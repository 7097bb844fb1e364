"""Where keys or accounts lie, on either database, and how somebody changes them behind its back."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from infra.database import Database, Keep, Place, PostgresSchema, SqliteFile


class Vault(ABC):
    """The place of one schema, and all the bytes that it left on the disk."""

    def __init__(self, place: Place, hasty: Place, schema: str) -> None:
        self.place = place
        self.hasty = hasty
        """The same place for who does not wait for others."""
        self._schema = schema

    @contextmanager
    def opened(self) -> Iterator[Database]:
        db = self.place.open(self._schema, keep=Keep.DURABLE)
        try:
            yield db
        finally:
            db.close()

    def rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with self.opened() as db:
            found = db.execute(statement, values)
            return found.fetchall() if statement.startswith("select") else []

    @abstractmethod
    def everything(self) -> bytes:
        """Return what lies in the files of the tables, and of what an adapter may clear."""


class File(Vault):
    def __init__(self, path: Path, schema: str) -> None:
        super().__init__(SqliteFile(path), SqliteFile(path, busy_seconds=0.1), schema)
        self._folder = path.parent

    def everything(self) -> bytes:
        return b"".join(path.read_bytes() for path in sorted(self._folder.iterdir()))


class Schema(Vault):
    def __init__(self, dsn: str, name: str, schema: str) -> None:
        place = PostgresSchema(dsn, name)
        place.make(schema)
        super().__init__(place, PostgresSchema(dsn, name, busy_seconds=0.1), schema)
        self._dsn = dsn
        self._name = name

    def everything(self) -> bytes:
        with psycopg.connect(self._dsn, autocommit=True) as connection:
            connection.execute("checkpoint")
            found = connection.execute(
                "select pg_read_binary_file(pg_relation_filepath(c.oid)) from pg_class c"
                " where relnamespace = %s::regnamespace"
                " and coalesce(pg_relation_filepath(c.oid), '') <> ''",
                (self._name,),
            ).fetchall()
        return b"".join(bytes(each) for (each,) in found)
