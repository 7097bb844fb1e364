"""Run every comparison in one go, print the ratios and keep them in `var/bench`."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from time import monotonic
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.bench import peers
from tests.bench.appending import append_all
from tests.bench.asking import ask_both
from tests.bench.calibration import calibrate, drift
from tests.bench.distributed import distributed
from tests.bench.following import follow_all
from tests.bench.inserting import insert_all
from tests.bench.loading import import_rows, memory_of_up
from tests.bench.paired import Compared
from tests.bench.projecting import rebuild_both
from tests.bench.seeing import RATES, see_all
from tests.bench.serving import serve_both
from tests.bench.stages import stages
from tests.bench.streaming import stream_both

ROOT = Path(__file__).parents[2]
SPARSE_SECONDS = 10.0
SEEN_SECONDS = 4.0
"""Times as long as other rounds: at 50 acts a second, p99 wants a few hundred of them."""
MOST_DRIFT = 0.15
"""Between the calibrations of one run; beyond it the run is marked unquiet."""


def main() -> int:
    """Return 0 when everything was measured, whether the aims were met or not."""
    options = _options()
    folder = ROOT / "var" / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(dir=folder, prefix="scratch-"))
    progress = _Progress()
    started = datetime.now(UTC)
    try:
        result = _measure(options, scratch, progress)
    finally:
        progress.done()
        shutil.rmtree(scratch)
    seconds = (datetime.now(UTC) - started).total_seconds()
    result |= {"started": started.isoformat(), "seconds": seconds, "scale": vars(options)}
    path = folder / f"{started:%Y%m%dT%H%M%SZ}.json"
    path.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", "utf-8")
    _show(result, path)
    return 0


def _measure(
    options: argparse.Namespace, scratch: Path, progress: Callable[[str], None]
) -> dict[str, Any]:
    calibrations, loads = [calibrate(scratch)], [os.getloadavg()[0]]
    compared: list[Compared] = []
    measured: list[dict[str, Any]] = []
    for name in options.only or GROUPS:
        room = scratch / name
        room.mkdir()
        more, told = GROUPS[name](room, options, progress)
        compared += more
        measured += told
        calibrations.append(calibrate(scratch))
        loads.append(os.getloadavg()[0])
    return {
        "machine": {
            "python": platform.python_version(),
            "sqlite": sqlite3.sqlite_version,
            "kernel": platform.release(),
            "eventsourcing": version("eventsourcing"),
            "commit": _commit(),
        },
        "calibrations": calibrations,
        "loads": loads,
        "quiet": drift(calibrations) <= MOST_DRIFT,
        "drift": round(drift(calibrations), 3),
        "compared": [each.told() for each in compared],
        "measured": measured,
    }


Group = Callable[
    [Path, argparse.Namespace, Callable[[str], None]], tuple[list[Compared], list[dict[str, Any]]]
]


def _append(
    room: Path, options: argparse.Namespace, progress: Callable[[str], None]
) -> tuple[list[Compared], list[dict[str, Any]]]:
    return append_all(room, pairs=options.pairs, seconds=options.seconds, progress=progress), []


def _rebuild(
    room: Path, options: argparse.Namespace, progress: Callable[[str], None]
) -> tuple[list[Compared], list[dict[str, Any]]]:
    people = options.rebuild_people
    return [rebuild_both(room, people, pairs=options.pairs, progress=progress)], []


def _ask(
    room: Path, options: argparse.Namespace, progress: Callable[[str], None]
) -> tuple[list[Compared], list[dict[str, Any]]]:
    many = options.people
    return [*ask_both(room, many // 10, many, pairs=options.pairs, progress=progress)], []


def _load(
    room: Path, options: argparse.Namespace, progress: Callable[[str], None]
) -> tuple[list[Compared], list[dict[str, Any]]]:
    (room / "import").mkdir()
    rows = import_rows(room / "import", options.import_people, progress)
    return [], [rows, memory_of_up(room / "up", progress)]


def _serve(
    room: Path, options: argparse.Namespace, progress: Callable[[str], None]
) -> tuple[list[Compared], list[dict[str, Any]]]:
    return serve_both(
        room,
        pairs=options.pairs,
        seconds=options.seconds,
        streams=options.streams,
        progress=progress,
    )


def _kafka(
    room: Path, options: argparse.Namespace, progress: Callable[[str], None]
) -> tuple[list[Compared], list[dict[str, Any]]]:
    pairs, seconds = options.pairs, SEEN_SECONDS * options.seconds
    python = peers.environment()
    with distributed(room) as here:
        people = options.stream_people
        compared = stream_both(here, people, pairs=pairs, peers=python, progress=progress)
        told = see_all(here, rates=RATES, pairs=pairs, seconds=seconds, progress=progress)
        told += stages(here, rates=RATES, seconds=seconds, progress=progress)
    (room / "followed").mkdir()
    with distributed(room / "followed") as here:
        told += follow_all(
            here, rates=RATES, pairs=pairs, seconds=options.seconds, progress=progress
        )
    return compared, told


def _postgres(
    room: Path, options: argparse.Namespace, progress: Callable[[str], None]
) -> tuple[list[Compared], list[dict[str, Any]]]:
    with distributed(room) as here:
        pairs, seconds = options.pairs, options.seconds
        return insert_all(here, pairs=pairs, seconds=seconds, progress=progress), []


GROUPS: Mapping[str, Group] = {
    "append": _append,
    "rebuild": _rebuild,
    "ask": _ask,
    "load": _load,
    "serve": _serve,
    "kafka": _kafka,
    "postgres": _postgres,
}
"""What is measured together, in the order in which it is."""


class _Progress:
    """A line that is written over on a terminal, and one now and then elsewhere."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False)
        self._said = monotonic()

    def __call__(self, text: str) -> None:
        now = monotonic()
        if now - self._said < (0.1 if self._console.is_terminal else SPARSE_SECONDS):
            return
        self._said = now
        if self._console.is_terminal:
            self._console.print(f"\r{text:<78}", end="")
        else:
            self._console.print(text, soft_wrap=True)

    def done(self) -> None:
        """End the line."""
        if self._console.is_terminal:
            self._console.print("\r" + " " * 78 + "\r", end="")


def _show(result: dict[str, Any], path: Path) -> None:
    console = Console(width=None if sys.stdout.isatty() else 160, highlight=False)
    table = Table("what", "ratio", "95 %", "processor", "ours/s", "other/s", "aim", "", box=None)
    for each in result["compared"]:
        low, high = each["interval_95"]
        table.add_row(
            each["name"],
            f"{each['ratio']:.2f}",
            f"{low:.2f}-{high:.2f}",
            f"{each['cpu_ratio']:.2f}",
            f"{each['ours_per_second']:,.0f}",
            f"{each['other_per_second']:,.0f}",
            each["aim"] or "",
            {True: "met", False: "missed", None: ""}[each["met"]],
        )
    console.print(table)
    for each in result["measured"]:
        console.print(
            f"{each['name']}: "
            + ", ".join(f"{key} {value}" for key, value in each.items() if key != "name")
        )
    if not result["quiet"]:
        console.print(f"The machine was not quiet (drift {result['drift']:.0%}): run it again.")
    console.print(str(path.relative_to(ROOT)))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--people", type=int, default=100_000, help="behind the figures")
    parser.add_argument("--rebuild-people", type=int, default=1_000, help="behind the rebuild")
    parser.add_argument("--stream-people", type=int, default=10_000, help="on the topic")
    parser.add_argument("--import-people", type=int, default=2_000, help="in imported files")
    parser.add_argument("--pairs", type=int, default=5, help="rounds of each comparison")
    parser.add_argument("--streams", type=int, default=500, help="that are open at once")
    parser.add_argument("--seconds", type=float, default=1.5, help="of each round over a while")
    parser.add_argument(
        "--only", action="append", choices=GROUPS, help="of the groups; may be given again"
    )
    return parser.parse_args()


def _commit() -> str:
    git = shutil.which("git")
    if git is None:
        return "unknown"
    told = subprocess.run(
        [git, "-C", str(ROOT), "describe", "--always", "--dirty"],
        capture_output=True,
        text=True,
        check=False,
    )
    return told.stdout.strip() or "unknown"


if __name__ == "__main__":
    sys.exit(main())
