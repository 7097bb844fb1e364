"""How full disks and databases are is told, and asking does not disturb."""

from __future__ import annotations

import shutil
from pathlib import Path

import psycopg
import pytest
from prometheus_client import CollectorRegistry

from infra import filling
from infra.filling import DATABASES_SECONDS, Databases, Disk


def told(collector: Disk | Databases, name: str, **labels: str) -> float | None:
    made = CollectorRegistry()
    made.register(collector)
    return made.get_sample_value(name, labels)


def test_the_disk_of_a_folder_is_told_though_nothing_has_made_it_yet(tmp_path: Path) -> None:
    disk = Disk(tmp_path / "not" / "yet")

    assert told(disk, "ketnap_disk_bytes") == shutil.disk_usage(tmp_path).total
    free, size = told(disk, "ketnap_disk_free_bytes"), told(disk, "ketnap_disk_bytes")
    assert free is not None
    assert size is not None
    assert 0 < free < size


def test_databases_are_asked_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    now, asked = [0.0], []

    def size(dsn: str) -> int:
        asked.append(dsn)
        return len(asked)

    monkeypatch.setattr(filling, "_size", size)
    databases = Databases({"views": "there"}, lambda: now[0])

    for seconds in (0, 1, DATABASES_SECONDS - 1):
        now[0] = seconds
        assert told(databases, "ketnap_database_bytes", database="views") == 1
    now[0] = DATABASES_SECONDS
    assert told(databases, "ketnap_database_bytes", database="views") == 2


def test_a_database_that_is_away_is_left_out() -> None:
    databases = Databases({"views": "postgresql://127.0.0.1:1/none"})

    assert told(databases, "ketnap_database_bytes", database="views") is None


@pytest.mark.stack
def test_a_database_tells_how_much_it_holds(database: str) -> None:
    with psycopg.connect(database) as other:
        [expected] = other.execute("select pg_database_size(current_database())").fetchone() or [0]

    size = told(Databases({"views": database}), "ketnap_database_bytes", database="views")
    assert size == pytest.approx(expected, rel=0.1)
