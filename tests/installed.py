"""Installations in both ways to run: all in one folder, or on the Postgres of the tests' stack.

What stands on `mode` is tested in both. What takes long to arrange is built once for all
processes that test, and copied: a folder as such, databases as templates.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from deploy.local.stack import Stack
from infra.adapters import Province
from infra.settings import DSNS, settings
from services import demo as material
from services.embedded import Embedded
from services.imports.run import import_files
from services.installation import LAYOUTS, Installation
from services.migrating import made
from tests.stack import FOLDER

EMBEDDED, POSTGRES = "embedded", "postgres"
MODES = (EMBEDDED, pytest.param(POSTGRES, marks=pytest.mark.stack))
EMPTY = "empty"
_DATABASES = {"ledgers": "kept", "keys": "kept", "access": "kept", "views": "views"}
"""Which of a province's two databases holds what: ledgers and views give schemas the same names."""

Fill = Callable[["Site"], None]


@dataclass(frozen=True)
class Site:
    """Where an installation lies."""

    folder: Path
    databases: str = ""
    """What the names of its databases begin with; nothing where all lies in the folder."""

    @property
    def told(self) -> dict[str, str]:
        """Return what the environment says to a process that is to find it."""
        told = {"KETNAP_DATA": str(self.folder)}
        if self.databases:
            told |= {DSNS[name]: self._dsn(name) for name in _DATABASES}
        return told

    def open(self, clock: Callable[[], datetime] | None = None) -> Installation:
        """Open it; whoever opens it closes it."""
        if self.databases:
            return Installation(Province(settings(self.told)), clock=clock)
        return Embedded(self.folder, clock=clock)

    def tamper(
        self, kept: str, schema: str, statement: str, *values: object
    ) -> list[tuple[Any, ...]]:
        """Do a statement on `ledgers` or `views` that no command of ours does; return its rows."""
        if not self.databases:
            with closing(sqlite3.connect(self.folder / kept / f"{schema}.db")) as db, db:
                return db.execute(statement, values).fetchall()
        with psycopg.connect(self._dsn(kept), options=f"-c search_path={schema}") as connection:
            done = connection.execute(statement.replace("?", "%s").encode(), values)
            return done.fetchall() if done.description else []

    def forget_views(self) -> None:
        """Leave of the views what there is where none has read anything yet."""
        for view, layout in LAYOUTS.items():
            if self.databases:
                self.tamper("views", view, f"truncate {', '.join(layout.tables)}")
            else:
                (self.folder / "views" / f"{view}.db").unlink()

    def copied(self, folder: Path) -> Site:
        """Return a copy in a folder that is not there yet. Nobody has this one open meanwhile."""
        shutil.copytree(self.folder, folder)
        copy = Site(folder, self.databases and _new())
        for each in set(_DATABASES.values()) if self.databases else ():
            _stack().make_database(copy.databases + each, template=self.databases + each)
        return copy

    def forget(self) -> None:
        """Drop its databases; folders are pytest's to clear."""
        for each in set(_DATABASES.values()) if self.databases else ():
            _stack().drop_database(self.databases + each)

    def _dsn(self, name: str) -> str:
        return _stack().dsn(self.databases + _DATABASES[name])


class Sites:
    """Makes sites: new ones, copies, and those that are built once."""

    def __init__(self, shared: Path) -> None:
        self._shared = shared

    def built(self, name: str, mode: str, fill: Fill) -> Site:
        """Return where it lies what `fill` made of an empty installation, to be copied."""
        folder = self._shared / f"built-{name}-{mode}"
        note = folder.with_suffix(".done")
        with folder.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not note.exists():
                shutil.rmtree(folder, ignore_errors=True)  # of one who failed
                site = self._new(name, mode, folder)
                fill(site)
                note.write_text(site.databases)
            return Site(folder, note.read_text())

    @contextmanager
    def copy(self, site: Site, folder: Path) -> Iterator[Site]:
        """Yield a copy, which is forgotten afterwards."""
        copy = site.copied(folder)
        try:
            yield copy
        finally:
            copy.forget()

    @contextmanager
    def empty(self, mode: str, folder: Path) -> Iterator[Site]:
        """Yield one in which nothing is recorded, which is forgotten afterwards."""
        if mode == EMBEDDED:
            yield Site(folder)
            return
        with self.copy(self.built(EMPTY, mode, lambda _: None), folder) as site:
            yield site

    def _new(self, name: str, mode: str, folder: Path) -> Site:
        if mode == EMBEDDED:
            return Site(folder)
        if name != EMPTY:
            return self.built(EMPTY, mode, lambda _: None).copied(folder)
        site = Site(folder, _new())
        for each in set(_DATABASES.values()):
            _stack().make_database(site.databases + each)
        last = next(reversed(LAYOUTS))
        for thing in made(settings(site.told)):
            if (thing.kind, thing.name) == ("view", last):
                break  # topics have one name on a broker: they are another test's
        return site


def _stack() -> Stack:
    return Stack.at(Path(os.environ[FOLDER]))


def _new() -> str:
    return f"province_{uuid4().hex[:12]}_"


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """Return a folder that all processes of this run have in common."""
    own = tmp_path_factory.getbasetemp()
    return own if worker_id == "master" else own.parent


@pytest.fixture(scope="session")
def sites(shared: Path) -> Sites:
    """Return what makes installations."""
    return Sites(shared)


@pytest.fixture(scope="session", params=MODES)
def mode(request: pytest.FixtureRequest) -> str:
    """Return how to run: `embedded` or `postgres`."""
    asked: str = request.param
    return asked


@pytest.fixture(scope="session")
def demo(sites: Sites, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data folder with the five organisations, which nobody writes to."""
    built = sites.built("demo", EMBEDDED, _load)
    return built.copied(tmp_path_factory.mktemp("demo") / "data").folder


@pytest.fixture(scope="session")
def five_organisations(sites: Sites, mode: str) -> Site:
    """Return where the five organisations are loaded, to be copied."""
    return sites.built("demo", mode, _load)


def _load(site: Site) -> None:
    with site.open() as ketnap:
        reports = import_files(ketnap, material.files(), commit=True)
    assert [line for report in reports for line in report.errors] == []
    assert all(report.written for report in reports)
