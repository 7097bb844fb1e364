"""An import that is killed is completed by running it again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local.stack import ROOT
from services.imports import import_files
from tests.installed import Site

ROWS = 1000
IMPORT = """
import sys
from pathlib import Path
from services.imports import import_files
from tests.installed import Site
with Site(Path(sys.argv[1]), sys.argv[2]).open() as ketnap:
    import_files(
        ketnap, [Path(sys.argv[3])], commit=True,
        progress=lambda done, total: print(done, flush=True),
    )
"""


def people() -> str:
    lines = [f"H-{1 + n % 2},P{n},2021-11-30,2022-05-{1 + n % 28:02d}" for n in range(ROWS)]
    return "\n".join(["unit_code,person_ref,applied_on,ceremony_on", *lines])


@pytest.mark.parametrize("at", [ROWS + 500, 2 * ROWS])
def test_an_import_killed_while_it_writes_is_completed_by_the_next(
    site: Site, files: Path, at: int
) -> None:
    file = files / "people.csv"
    file.write_text(people())
    process = subprocess.Popen(
        [sys.executable, "-c", IMPORT, site.folder, site.databases, file],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    with process.stdout:
        for line in process.stdout:
            if int(line) == at:
                os.kill(process.pid, signal.SIGKILL)
                break
    assert process.wait() == -signal.SIGKILL
    assert list((site.folder / "staging").iterdir()) != []

    with site.open() as ketnap:
        after_kill = ketnap.ledgers["dossiers"].head().position
        (report,) = import_files(ketnap, [file], commit=True)
        ledger = ketnap.ledgers["dossiers"]
        assert (report.good, report.bad, report.written) == (ROWS, 0, True)
        assert ledger.head().position == 6 + 4 * ROWS
        assert report.changed == ROWS - (after_kill - 6) // 4
        assert report.changed < ROWS
        assert ledger.verify().wrong is None
        assert import_files(ketnap, [file], commit=True)[0].changed == 0
    assert list((site.folder / "staging").iterdir()) == []
