"""`ketnap reader`: where every reader stands, and the way out for one that stands still."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from threading import Event
from time import monotonic

import pytest

from services.embedded import Embedded
from tests.system.small import Run
from tests.system.test_processes import SECONDS, get, ketnap, up

WHY = ("--reason", "Bản ghi hỏng, biên bản 12")
READERS = {"dossiers.units", "dossiers.candidacies", "reporting.dossiers"}
"""Those that read the ledger of dossiers into a view."""
POLICY = "verification.policy.dossiers"


def ledger(data: Path, name: str, statement: str, *values: object) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(data / "ledgers" / f"{name}.db")) as db:
        found = db.execute(statement, values).fetchall()
        db.commit()
        return found


@pytest.fixture
def last(data: Path) -> int:
    [(position,)] = ledger(data, "dossiers", "select max(position) from events")
    assert isinstance(position, int)
    return position


@pytest.fixture
def broken(data: Path, last: int) -> bytes:
    """Break the last event of dossiers, which no view has read; return what it was."""
    [(state,)] = ledger(data, "dossiers", "select state from events where position = ?", last)
    assert isinstance(state, bytes)
    write(data, last, b"{")
    for file in (data / "views").iterdir():
        file.unlink()
    return state


def write(data: Path, position: int, state: bytes) -> None:
    ledger(data, "dossiers", "update events set state = ? where position = ?", state, position)


def parked(run: Run, data: Path) -> dict[str, int]:
    rows = run("reader", "list", "--json", "--data", data).json
    return {row["reader"]: row["parked"] for row in rows if row["parked"] is not None}


def skip_all(run: Run, data: Path, last: int) -> None:
    for reader in sorted(READERS):
        assert run("reader", "resume", reader, "--skip", last, *WHY, "--data", data).code == 0


def stand_still(run: Run, data: Path) -> None:
    """Have every reader come to the broken record: each command stops at the first of them."""
    for _ in READERS:
        assert run("figures", "--unit", "H", "--data", data).code == 1
        with Embedded.open(data) as ketnap:
            for runner in ketnap.runners:
                while runner.step():
                    pass


def test_every_reader_is_listed_with_how_far_it_is(run: Run, data: Path, last: int) -> None:
    told = run("reader", "list", "--json", "--data", data)

    assert told.code == 0
    assert {row["reader"] for row in told.json} > READERS | {POLICY}
    for row in told.json:
        assert (row["behind"], row["parked"], row["since"]) == (0, None, None)
        assert row["position"] == row["head"]
    assert {row["head"] for row in told.json if row["ledger"] == "dossiers"} == {last}
    assert "Còn chậm" in run("reader", "list", "--data", data).out


@pytest.mark.usefixtures("broken")
def test_a_reader_that_stands_still_is_listed_with_its_reason_and_since_when(
    run: Run, data: Path, last: int
) -> None:
    stand_still(run, data)

    told = run("reader", "list", "--json", "--data", data)

    assert told.code == 1
    standing = {row["reader"]: row for row in told.json if row["parked"]}
    assert set(standing) == READERS
    for row in standing.values():
        assert (row["parked"], row["position"], row["behind"]) == (last, last - 1, 1)
        assert row["why"].startswith("UndecodableError")
        assert row["since"]
    assert "dossiers.units" in told.err


def test_a_record_that_was_mended_is_read_when_the_reader_is_told(
    run: Run, data: Path, last: int, broken: bytes
) -> None:
    stand_still(run, data)
    write(data, last, broken)

    for reader in sorted(READERS):
        told = run("reader", "resume", reader, "--data", data)
        assert told.code == 0
        assert f"thử lại bản ghi {last}" in told.out

    assert parked(run, data) == {}
    assert run("figures", "--unit", "H", "--data", data).code == 0
    assert run("replay", "--data", data).code == 0


@pytest.mark.usefixtures("broken")
def test_a_record_is_skipped_and_that_is_on_record(run: Run, data: Path, last: int) -> None:
    stand_still(run, data)

    skip_all(run, data, last)

    assert run("reader", "list", "--data", data).code == 0
    assert run("figures", "--unit", "H", "--data", data).code == 0
    facts = ledger(
        data,
        "reporting",
        "select type, state from events e where type = 'reporting.ReaderResumed'",
    )
    told = [json.loads(state) for _, state in facts if isinstance(state, bytes)]
    assert {fact["reader"] for fact in told} == READERS
    for fact in told:
        assert (fact["at"], fact["skipped"], fact["reason"]) == (last, True, WHY[1])
        assert fact["actor"].startswith("cli/")

    history = run("history", "--reader", "dossiers.units", "--data", data)
    assert history.code == 0
    assert f"Cho dossiers.units chạy tiếp từ bản ghi {last}" in history.out
    assert WHY[1] in history.out
    assert len(run("history", "--reader", "dossiers.units", "--json", "--data", data).json) == 1
    assert run("history", "--reader", "nobody", "--data", data).code == 1


@pytest.mark.usefixtures("broken")
def test_views_that_skipped_a_record_are_what_a_rebuild_makes_of_the_ledgers(
    run: Run, data: Path, last: int
) -> None:
    stand_still(run, data)
    skip_all(run, data, last)

    compared = run("replay", "--json", "--data", data)
    swapped = run("replay", "--swap", "--data", data)

    assert compared.code == 0
    assert swapped.code == 0
    assert run("reader", "list", "--data", data).code == 0
    assert run("replay", "--data", data).code == 0


@pytest.mark.usefixtures("broken")
def test_a_reader_goes_on_in_the_process_where_it_runs(run: Run, data: Path, last: int) -> None:
    with up(data) as (_, address):
        until(lambda: len(parked(run, data)) == len(READERS))
        assert get(f"{address}/readyz")[0] == 503
        for reader in sorted(READERS):
            told = ketnap("reader", "resume", reader, "--skip", last, *WHY, data=data)
            assert told.returncode == 0

        until(lambda: get(f"{address}/readyz")[0] == 200)


def until(comes_true: Callable[[], bool]) -> None:
    patient_until = monotonic() + SECONDS
    while not comes_true():
        assert monotonic() < patient_until
        Event().wait(0.05)


@pytest.mark.usefixtures("broken")
def test_a_policy_that_stands_still_is_listed_and_skips_what_it_is_told(
    run: Run, data: Path, last: int
) -> None:
    stand_still(run, data)
    skip_all(run, data, last)
    ledger(data, "verification", "update readers set position = ? where name = ?", last - 1, POLICY)
    assert run("figures", "--unit", "H", "--data", data).code == 1
    assert parked(run, data) == {POLICY: last}

    told = run("reader", "resume", POLICY, "--skip", last, *WHY, "--data", data)

    assert told.code == 0
    assert parked(run, data) == {}
    assert run("figures", "--unit", "H", "--data", data).code == 0


@pytest.mark.usefixtures("broken")
@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("dossiers.units", "--skip", "1", *WHY), 1),
        (("dossiers.units", "--skip", "1"), 2),
        (("dossiers.units", "--skip", "0", *WHY), 2),
        (("training.classes",), 1),
        (("nobody",), 1),
        ((), 2),
    ],
)
def test_what_cannot_be_done_is_said_and_changes_nothing(
    run: Run, data: Path, words: tuple[str, ...], code: int
) -> None:
    stand_still(run, data)
    before = parked(run, data)

    told = run("reader", "resume", *words, "--data", data)

    assert told.code == code
    assert told.err
    assert parked(run, data) == before
    assert ledger(data, "reporting", "select 1 from events where type like '%ReaderResumed'") == []


@pytest.mark.parametrize("lang", ["vi", "en"])
@pytest.mark.parametrize("verb", ["list", "resume"])
def test_every_verb_explains_itself(run: Run, verb: str, lang: str) -> None:
    told = run("reader", verb, "--lang", lang, "--help")

    assert told.code == 0
    assert f"ketnap reader {verb}" in told.out
