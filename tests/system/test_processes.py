from __future__ import annotations

import json
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from tests.installed import EMBEDDED
from tests.system.small import Run

SECONDS = 60


@pytest.fixture(scope="session")
def mode() -> str:
    """Return how it is run: these are about a folder, and the processes that share it."""
    return EMBEDDED


def ketnap(*arguments: object, data: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "services", *map(str, arguments), "--data", str(data)],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


@contextmanager
def up(data: Path, *more: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Start `ketnap up` on a free port; yield it with its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "services", "up", "--port", "0", "--data", str(data), *more],
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr is not None
        address = re.search(r"http://\S+", process.stderr.readline())
        assert address
        yield process, address[0]
    finally:
        process.kill()
        process.communicate(timeout=SECONDS)


def get(url: str) -> tuple[int, str]:
    try:
        with urlopen(url, timeout=SECONDS) as answer:  # noqa: S310 - our own server
            return answer.status, answer.read().decode()
    except HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_up_answers_health_and_metrics_and_stops_on_sigterm(data: Path) -> None:
    with up(data) as (process, address):
        assert get(f"{address}/healthz") == (200, "ok\n")
        status, ready = get(f"{address}/readyz")
        assert (status, json.loads(ready)) == (200, {"ready": True, "reasons": []})
        status, metrics = get(f"{address}/metrics")
        assert status == 200
        assert (
            'ketnap_reader_lag_events{ledger="dossiers",reader="reporting.dossiers"} 0.0' in metrics
        )
        assert get(f"{address}/nothing")[0] == 404

        process.send_signal(signal.SIGTERM)

        _, said = process.communicate(timeout=SECONDS)
        assert process.returncode == 0
        assert "Đã dừng" in said
        assert "Traceback" not in said


def test_commands_work_while_up_keeps_the_views(data: Path, tmp_path: Path) -> None:
    more = tmp_path / "more.csv"
    more.write_text("unit_code,person_ref,ceremony_on\nH-1,R-8,2022-06-01\n", "utf-8")

    with up(data):
        written = ketnap("import", more, "--commit", data=data)
        assert (written.returncode, written.stderr.count("Traceback")) == (0, 0)
        asked = ("figures", "--unit", "H", "--period", "2022", "--as-of", "2022-12-31", "--json")
        answer = ketnap(*asked, data=data)
        assert json.loads(answer.stdout)["admitted"] == 4
        assert ketnap("replay", "--compare", data=data).returncode == 0


def test_one_up_a_folder(data: Path) -> None:
    with up(data):
        second = ketnap("up", "--port", "0", data=data)

    assert second.returncode == 1
    assert "Một `ketnap up` khác" in second.stderr
    assert "Traceback" not in second.stderr


def test_a_port_that_is_taken_is_told(data: Path) -> None:
    with up(data) as (_, address):
        second = ketnap("up", "--port", address.rpartition(":")[2], data=data)

    assert second.returncode == 1
    assert "--port" in second.stderr


def test_up_starts_on_an_empty_folder(tmp_path: Path) -> None:
    with up(tmp_path / "new") as (_, address):
        assert get(f"{address}/readyz")[0] == 200


# What a broken folder does.


def test_doctor_finds_a_chain_that_is_broken_at_its_end(run: Run, data: Path) -> None:
    with closing(sqlite3.connect(data / "ledgers" / "dossiers.db")) as db, db:
        db.execute("update events set recorded = recorded + 1 where position = 9")

    result = run("doctor", "--data", data)

    assert result.code == 1
    assert "dossiers:9" in result.out


@pytest.mark.parametrize("position", [1, 10_000, "'x'"])
@pytest.mark.parametrize(
    ("view", "reader"), [("reporting", "reporting.dossiers"), ("dossiers", "dossiers.units")]
)
def test_a_reader_whose_position_was_changed_is_told_with_the_way_out(
    run: Run, data: Path, view: str, reader: str, position: object
) -> None:
    with closing(sqlite3.connect(data / "views" / f"{view}.db")) as db:
        db.execute(f"update readers set position = {position} where name = '{reader}'")  # noqa: S608 - a test's own
        db.commit()

    told = run("figures", "--data", data)
    compared = run("replay", "--compare", "--json", "--data", data)

    assert told.code == 1
    assert f"Vị trí của {reader} không khớp" in told.err
    assert "Xóa thư mục" in told.err
    assert run("doctor", "--data", data).code == 1
    assert compared.code == 1
    assert [row["table"] for row in compared.json["tables"] if row["missing"] or row["extra"]] == [
        "readers"
    ]
    for file in (data / "views").iterdir():
        file.unlink()
    assert run("replay", "--compare", "--data", data).code == 0


def test_views_that_another_release_laid_out_are_rebuilt_and_that_is_said(
    run: Run, data: Path
) -> None:
    before = run("figures", "--unit", "H", "--as-of", "2022-12-31", "--json", "--data", data).json
    with closing(sqlite3.connect(data / "views" / "reporting.db")) as db:
        db.execute("pragma user_version = 0")
        db.execute("alter table history_dossiers add column mood text")
        db.commit()

    again = run("figures", "--unit", "H", "--as-of", "2022-12-31", "--json", "--data", data)

    assert (again.code, again.json) == (0, before)
    assert "Bảng reporting do bản ketnap khác dựng" in again.err
    assert run("replay", "--compare", "--data", data).err.count("bản ketnap khác") == 0


def test_a_ledger_that_is_no_database_is_told(run: Run, data: Path) -> None:
    for log in (data / "ledgers").glob("dossiers.db-*"):
        log.unlink()
    (data / "ledgers" / "dossiers.db").write_bytes(b"not a database at all" * 400)

    for command in (("figures",), ("verify",)):
        result = run(*command, "--data", data)
        assert result.code == 1
        assert "ketnap doctor" in result.err
    assert run("doctor", "--data", data).code == 1


def test_who_reads_no_more_of_an_answer_sees_no_error(data: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "services", "facts", "--help"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    said = process.stderr.read()
    process.stderr.close()
    process.wait(SECONDS)

    assert "Traceback" not in said
