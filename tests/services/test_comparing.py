"""Two views are compared side by side, in pieces, whatever keeps them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from typing import Any

import pytest

from infra.database import Database, Place, PostgresSchema, SqliteFile
from services import comparing
from services.comparing import compared

TABLES = """
create table if not exists people(person blob primary key, known integer) without rowid;
create table if not exists stays(unit integer not null, day text not null, n integer,
    primary key (unit, day)) without rowid;
"""
KEYS = {"people": ("person",), "stays": ("unit", "day")}
PEOPLE: list[tuple[Any, ...]] = [(bytes([n]), n % 3 or None) for n in range(9)]
STAYS: list[tuple[Any, ...]] = [
    (unit, day, 1) for unit in (2, 10, 300) for day in ("b", "Z", "ă", "ạ")
]
Rows = Sequence[tuple[Any, ...]]
Filled = Callable[[str, Rows, Rows], Database]


@pytest.fixture(autouse=True)
def _in_small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparing, "CHUNK_ROWS", 2)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.stack)])
def filled(request: pytest.FixtureRequest) -> Iterator[Filled]:
    """Return what opens a database of a name with people and stays in it."""

    def place(name: str) -> Place:
        if request.param == "sqlite":
            return SqliteFile(request.getfixturevalue("tmp_path") / f"{name}.db")
        schema = PostgresSchema(request.getfixturevalue("database"), name)
        schema.make(TABLES)
        return schema

    with ExitStack() as stack:

        def opened(name: str, people: Rows, stays: Rows) -> Database:
            db = stack.enter_context(closing(place(name).open(TABLES)))
            with db.writing():
                db.put("people", people)
                db.put("stays", stays)
            return db

        yield opened


def told(live: Database, rebuilt: Database) -> dict[str, tuple[int, int, int]]:
    with live.reading(), rebuilt.reading():
        rows = list(compared("view", KEYS, live, rebuilt))
    return {row.table: (row.rows, row.missing, row.extra) for row in rows}


def test_views_that_hold_the_same_do_not_differ(filled: Filled) -> None:
    live, rebuilt = filled("live", PEOPLE, STAYS), filled("rebuilt", PEOPLE[::-1], STAYS[::-1])

    assert told(live, rebuilt) == {"people": (9, 0, 0), "stays": (12, 0, 0)}


@pytest.mark.parametrize("at", range(len(STAYS)))
def test_a_row_that_is_missing_is_found_wherever_it_is(filled: Filled, at: int) -> None:
    without = STAYS[:at] + STAYS[at + 1 :]

    live, rebuilt = filled("live", PEOPLE, without), filled("rebuilt", PEOPLE, STAYS)
    assert told(live, rebuilt)["stays"] == (12, 1, 0)
    assert told(rebuilt, live)["stays"] == (11, 0, 1)


def test_a_row_that_holds_something_else_is_missing_and_one_too_many(filled: Filled) -> None:
    other = [(person, 7 if person == b"\4" else known) for person, known in PEOPLE]

    live, rebuilt = filled("live", other, STAYS), filled("rebuilt", PEOPLE, STAYS)
    assert told(live, rebuilt) == {"people": (9, 1, 1), "stays": (12, 0, 0)}


def test_an_empty_view_lacks_everything(filled: Filled) -> None:
    live, rebuilt = filled("live", [], []), filled("rebuilt", PEOPLE, STAYS)

    assert told(live, rebuilt) == {"people": (9, 9, 0), "stays": (12, 12, 0)}


def test_no_statement_returns_more_than_a_piece(
    filled: Filled, monkeypatch: pytest.MonkeyPatch
) -> None:
    live, rebuilt = filled("live", PEOPLE, STAYS), filled("rebuilt", PEOPLE, STAYS)
    asked, execute = [], type(live).execute

    def counting(db: Database, *words: Any) -> Any:  # noqa: ANN401 - as it is
        if words[0].startswith("select"):
            asked.append(execute(db, *words).fetchall())
        return execute(db, *words)

    monkeypatch.setattr(type(live), "execute", counting)
    told(live, rebuilt)

    assert max(map(len, asked)) == 2


def test_it_tells_how_far_it_is(filled: Filled) -> None:
    live, rebuilt = filled("live", PEOPLE, STAYS), filled("rebuilt", PEOPLE, STAYS)
    at: list[tuple[int, int]] = []

    with live.reading(), rebuilt.reading():
        list(compared("view", KEYS, live, rebuilt, lambda done, all_: at.append((done, all_))))

    assert at == sorted(at)
    assert at[-1] == (21, 21)
    assert len(at) > 8


def test_a_key_of_another_kind_differs(tmp_path: Any) -> None:  # noqa: ANN401 - a path
    """What is not strict about types may hold any, where somebody wrote into the file."""
    with ExitStack() as stack:
        live, rebuilt = (
            stack.enter_context(closing(SqliteFile(tmp_path / f"{name}.db").open(TABLES)))
            for name in ("live", "rebuilt")
        )
        with rebuilt.writing():
            rebuilt.put("stays", STAYS)
        with closing(sqlite3.connect(tmp_path / "live.db")) as db, db:
            db.executemany("insert into stays values (?, ?, ?)", [*STAYS, ("two", "b", 1)])

        assert told(live, rebuilt)["stays"] == (12, 0, 1)
