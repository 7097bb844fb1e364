"""The same act as a plain FastAPI application keeps it: a row inserted, a version raised.

It checks what ours checks of a request: who asks and how long ago that was signed, the body, the
day, the key, the version that was seen, and that the unit lies in the scope. Of the rules of
admission it knows none, and it keeps no chain.
"""

from __future__ import annotations

import re
import socket
import sqlite3
import sys
from datetime import date
from pathlib import Path
from threading import Lock
from typing import Annotated, Any, Protocol
from uuid import UUID

import uvicorn
from fastapi import Depends, FastAPI, Header, HTTPException, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, ConfigDict, Field

from infra.access import BadTokenError, Grant, Tokens

TOKENS = Tokens(b"bench")
EARLIEST = date(1930, 2, 3)
_KEY = re.compile(r"[!-~]{1,128}")
_SCHEMA = """
pragma journal_mode = wal;
pragma synchronous = full;
create table if not exists units(id blob primary key, parent blob);
create table if not exists candidacies(id blob primary key, unit blob, version integer);
create table if not exists acts(
    position integer primary key, candidacy blob, version integer, kind text, day text,
    actor text, document text, class_code text, recorded text default current_timestamp);
create table if not exists commands(key text primary key, body text, position integer);
"""
_ABOVE = (
    "with recursive above(id) as (select ?1 union all"
    " select u.parent from units u join above a on u.id = a.id where u.parent is not null)"
    " select 1 from above where id = ?2"
)


class Certificate(BaseModel):
    """A certificate of an awareness class."""

    model_config = ConfigDict(extra="forbid")

    on: date
    document: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    class_code: Annotated[str, Field(min_length=1, max_length=64)] | None = None


class Recorded(BaseModel):
    """Where it stands."""

    candidacy: UUID
    position: str
    version: int


class Kept(Protocol):
    """Where the plain application keeps its rows."""

    def fill(
        self, units: list[tuple[bytes, bytes | None]], rows: list[tuple[bytes, bytes]]
    ) -> None:
        """Insert units below each other, and candidacies."""
        ...

    def certify(
        self, candidacy: UUID, body: Certificate, grant: Grant, key: str, match: str
    ) -> tuple[int, int]:
        """Record a certificate; return its position and version."""
        ...

    def close(self) -> None:
        """Close the database."""
        ...


class Table:
    """One connection, for SQLite has one writer; durable at every commit."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._lock = Lock()
        self._db.executescript(_SCHEMA)

    def fill(
        self, units: list[tuple[bytes, bytes | None]], rows: list[tuple[bytes, bytes]]
    ) -> None:
        """Insert units below each other, and candidacies."""
        with self._db:
            self._db.execute("begin")
            self._db.executemany("insert into units values (?, ?)", units)
            self._db.executemany("insert into candidacies values (?, ?, 2)", rows)

    def certify(
        self, candidacy: UUID, body: Certificate, grant: Grant, key: str, match: str
    ) -> tuple[int, int]:
        """Record a certificate; return its position and version."""
        text = body.model_dump_json()
        with self._lock, self._db:
            write = self._db.execute
            write("begin immediate")
            if known := write(
                "select body, position from commands where key = ?", [key]
            ).fetchone():
                if known[0] != text:
                    raise HTTPException(422, "changed command")
                [version] = write(
                    "select version from acts where position = ?", [known[1]]
                ).fetchone()
                return known[1], version
            row = write(
                "select unit, version from candidacies where id = ?", [candidacy.bytes]
            ).fetchone()
            if row is None or not write(_ABOVE, [row[0], grant.unit.bytes]).fetchone():
                raise HTTPException(404)
            if match != f'"{row[1]}"':
                raise HTTPException(412)
            version = row[1] + 1
            position = write(
                "insert into acts(candidacy, version, kind, day, actor, document, class_code)"
                " values (?, ?, 'certified', ?, ?, ?, ?)",
                [
                    candidacy.bytes,
                    version,
                    body.on.isoformat(),
                    grant.account,
                    body.document,
                    body.class_code,
                ],
            ).lastrowid
            write("update candidacies set version = ? where id = ?", [version, candidacy.bytes])
            write("insert into commands values (?, ?, ?)", [key, text, position])
        return position or 0, version

    def close(self) -> None:
        """Close the database."""
        self._db.close()


def who(
    given: Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())],
) -> tuple[Grant, date]:
    """Return who asks, and on which day."""
    try:
        return TOKENS.read(given.credentials)
    except BadTokenError:
        raise HTTPException(401) from None


Who = Annotated[tuple[Grant, date], Depends(who)]


def application(table: Kept) -> FastAPI:
    """Return the application."""
    app = FastAPI()

    def certify(  # noqa: PLR0917 - the parts of a request
        candidacy: UUID,
        body: Certificate,
        response: Response,
        asking: Who,
        idempotency_key: Annotated[str, Header()],
        if_match: Annotated[str, Header()],
    ) -> Any:  # noqa: ANN401 - FastAPI makes it a `Recorded`
        grant, today = asking
        if not _KEY.fullmatch(idempotency_key) or not EARLIEST <= body.on <= today:
            raise HTTPException(422)
        key = f"{grant.account}/{idempotency_key}"
        position, version = table.certify(candidacy, body, grant, key, if_match)
        response.headers["ETag"] = f'"{version}"'
        return {"candidacy": candidacy, "position": f"acts:{position}", "version": version}

    path = "/candidacies/{candidacy}/certificate"
    app.post(path, status_code=201, response_model=Recorded)(certify)
    return app


def serve(table: Kept) -> None:
    """Serve a table at a free port and print the address."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        config = uvicorn.Config(application(table), log_config=None, access_log=False)
        sys.stderr.write("http://{}:{}\n".format(*listening.getsockname()))
        sys.stderr.flush()
        uvicorn.Server(config).run(sockets=[listening])
    table.close()


if __name__ == "__main__":
    serve(Table(Path(sys.argv[1])))
