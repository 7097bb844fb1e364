"""How fast files are taken in, and how much memory a running installation needs."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter, sleep
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

from services import demo
from services.embedded import Embedded
from services.imports.run import import_files
from tests.province import Province

MOST_MIB = 256
SECONDS = 60


def import_rows(folder: Path, people: int, progress: Callable[[str], None]) -> dict[str, Any]:
    """Import a generated province; rows are checked, staged, decided, written and projected."""
    files = Province(people=people).write(folder / "files")
    start = perf_counter()
    with Embedded.open(folder / "data") as ketnap:
        reports = import_files(
            ketnap,
            files,
            commit=True,
            accept_good=True,
            progress=lambda done, total: progress(f"import: row {done}/{total}"),
        )
        events = sum(ledger.head().position for ledger in ketnap.ledgers.values())
    seconds = perf_counter() - start
    rows = sum(report.read for report in reports)
    return {
        "name": f"import of {people} people in {rows} rows",
        "rows": rows,
        "rows_bad": sum(report.bad for report in reports),
        "events": events,
        "seconds": round(seconds, 2),
        "rows_per_second": round(rows / seconds, 1),
        "events_per_second": round(events / seconds, 1),
    }


def memory_of_up(folder: Path, progress: Callable[[str], None]) -> dict[str, Any]:
    """Start `ketnap up` with the demo, whose views it must build, and read its peak memory."""
    progress("demo")
    with Embedded.open(folder) as ketnap:
        import_files(ketnap, demo.files(), commit=True)
    for view in (folder / "views").iterdir():
        view.unlink()
    process = subprocess.Popen(
        [sys.executable, "-m", "services", "up", "--port", "0", "--data", str(folder)],
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        if process.stderr is None:
            raise AssertionError(process)
        address = re.search(r"http://\S+", process.stderr.readline())
        if address is None:
            raise AssertionError("ketnap up did not start")
        until_ready(address[0], progress)
        status = Path(f"/proc/{process.pid}/status").read_text("utf-8")
        peak = re.search(r"VmHWM:\s+(\d+) kB", status)
        if peak is None:
            raise AssertionError(status)
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=SECONDS)
    mib = int(peak[1]) / 1024
    return {
        "name": "peak memory of `ketnap up` with the demo",
        "mib": round(mib, 1),
        "aim": f"at most {MOST_MIB}",
        "met": mib <= MOST_MIB,
    }


def until_ready(address: str, progress: Callable[[str], None]) -> None:
    """Wait until a server has built its views."""
    give_up = perf_counter() + SECONDS
    while perf_counter() < give_up:
        progress("ketnap up: views are built")
        try:
            with urlopen(f"{address}/readyz", timeout=SECONDS) as answer:  # noqa: S310 - our own server
                answer.read()
        except HTTPError as not_yet:
            with not_yet:
                sleep(0.2)
        else:
            return
    raise AssertionError("ketnap up was not ready in time")
