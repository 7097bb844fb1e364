"""Schemas in Postgres change by steps: each once, each whole or not at all."""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor

import psycopg
import pytest

from infra.database.migrating import OtherHistory, Step, migrate, missing

UNITS = Step(1, "units", "create table units(code text); create index on units(code)")
NAMES = Step(2, "names of units", "alter table units add column name text")
OLD_CODES = Step(3, "codes are gone", "alter table units drop column code", contracts=True)
DAYS = Step(4, "days of units", "alter table units add column day bigint")
STEPS = (UNITS, NAMES)


def columns(dsn: str) -> list[str]:
    with psycopg.connect(dsn) as database:
        rows = database.execute(
            "select column_name from information_schema.columns"
            " where table_schema = 'dossiers' and table_name = 'units' order by ordinal_position"
        ).fetchall()
    return [name for (name,) in rows]


def test_a_new_database_takes_every_step_in_the_order_of_their_numbers(database: str) -> None:
    assert migrate(database, "dossiers", (NAMES, UNITS)) == ["units", "names of units"]

    assert columns(database) == ["code", "name"]


def test_what_was_taken_is_not_taken_again(database: str) -> None:
    migrate(database, "dossiers", [UNITS])

    assert migrate(database, "dossiers", STEPS) == ["names of units"]
    assert migrate(database, "dossiers", STEPS) == []


def test_two_schemas_of_one_database_do_not_see_each_other(database: str) -> None:
    migrate(database, "training", STEPS)

    assert missing(database, "dossiers", STEPS) == ["units", "names of units"]
    assert migrate(database, "dossiers", STEPS) == ["units", "names of units"]


def test_a_step_that_fails_leaves_nothing_of_itself_and_all_before_it(database: str) -> None:
    broken = Step(2, "names of units", "alter table units add column name text; select 1 / 0")
    with pytest.raises(psycopg.errors.DivisionByZero):
        migrate(database, "dossiers", (UNITS, broken, DAYS))

    assert columns(database) == ["code"]
    assert missing(database, "dossiers", STEPS) == ["names of units"]
    assert migrate(database, "dossiers", STEPS) == ["names of units"]


def test_a_step_that_takes_away_waits_until_it_is_asked_for(database: str) -> None:
    steps = (UNITS, NAMES, OLD_CODES, DAYS)

    assert migrate(database, "dossiers", steps) == ["units", "names of units", "days of units"]
    assert missing(database, "dossiers", steps) == []
    assert migrate(database, "dossiers", steps, contract=True) == ["codes are gone"]
    assert columns(database) == ["name", "day"]


def test_another_step_under_a_number_that_was_taken_is_another_history(database: str) -> None:
    migrate(database, "dossiers", STEPS)
    other = (UNITS, Step(2, "notes", "alter table units add column note text"))

    for look in (migrate, missing):
        with pytest.raises(OtherHistory, match="'names of units' and is 'notes'"):
            look(database, "dossiers", other)
    assert columns(database) == ["code", "name"]


def test_of_processes_that_come_at_once_each_step_is_taken_by_one(database: str) -> None:
    steps = [UNITS, *(Step(n, f"c{n}", f"alter table units add c{n} text") for n in range(2, 60))]

    with ProcessPoolExecutor(3, multiprocessing.get_context("spawn")) as processes:
        calls = [processes.submit(migrate, database, "dossiers", steps) for _ in range(3)]
        taken = [name for call in calls for name in call.result()]

    assert sorted(taken) == sorted(step.name for step in steps)
    assert len(columns(database)) == len(steps)
