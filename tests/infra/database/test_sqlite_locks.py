"""A file that a process has open is its own to keep, however often it opens it."""

from __future__ import annotations

import subprocess
import sys
from contextlib import closing
from pathlib import Path

from infra.database import SqliteFile

SCHEMA = "create table if not exists seen(n integer primary key);"
ELSEWHERE = """
import sqlite3, sys
with_log = sqlite3.connect(sys.argv[1])
print(with_log.execute("select count(*) from seen").fetchone()[0])
with_log.close()
"""


def elsewhere(path: Path) -> int:
    """Open and close the file in another process; return how many rows it saw."""
    done = subprocess.run(
        [sys.executable, "-c", ELSEWHERE, path], capture_output=True, text=True, check=True
    )
    return int(done.stdout)


def test_another_process_that_closes_the_file_leaves_the_log_to_who_has_it_open(
    tmp_path: Path,
) -> None:
    place = SqliteFile(tmp_path / "view.db")
    with closing(place.open(SCHEMA)) as first, closing(place.open(SCHEMA)) as second:
        for n in range(3):
            assert elsewhere(place.path) == n
            first.execute("insert into seen values (?)", (n,))
        assert second.execute("select count(*) from seen").fetchone() == (3,)
