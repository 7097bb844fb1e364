"""The long share of the fault suite: `python -m tests.chaos --simulated 20000 --real 200 --seed N`.

Schedule by schedule from a seed on, with a bar; a table and var/chaos/report.json at the end.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from infra import logs
from tests.chaos.outcome import ANY, Run, Share, spread

REPORT = Path(__file__).parents[2] / "var" / "chaos" / "report.json"
REAL = "tests.chaos.real"
SHOWN = 3
"""So many failures are told in full."""
LINE_SECONDS = 30.0
"""How often a line says how far it is, where there is no terminal for a bar."""


@contextmanager
def simulated(_: int) -> Iterator[Run]:
    """Lend what runs one simulated schedule."""
    from tests.chaos.simulated.schedule import ground, run  # noqa: PLC0415 - not for the real ones

    with ground() as shared:
        yield lambda seed: run(seed, shared)


@contextmanager
def real(first: int) -> Iterator[Run]:
    """Lend what runs one schedule on real processes; `tests.chaos.real` brings it."""
    brought = importlib.import_module(REAL)
    with brought.ground(REPORT.parent / "real", first) as shared:
        yield lambda seed: brought.run(seed, shared)


def main() -> int:
    """Run what is asked for; return 1 where anything was found wrong."""
    asked = _arguments()
    logs.configure("critical")  # clients that are robbed of their servers say so all the time
    console = Console()
    shares = [Share("simulated"), Share("real")]
    lenders = (simulated, real)
    counts = (asked.simulated, asked.real)
    with suppress(KeyboardInterrupt):  # what was run until then is told all the same
        for share, lend, count in zip(shares, lenders, counts, strict=True):
            if count:
                with lend(asked.seed) as run:
                    _run(share, run, range(asked.seed, asked.seed + count), console)
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    told = {"seed": asked.seed, "shares": [share.as_json() for share in shares if share.run]}
    REPORT.write_text(json.dumps(told, indent=1, ensure_ascii=False))
    failed = [outcome for share in shares for outcome in share.failed]
    for outcome in failed[:SHOWN]:
        console.print(outcome.told(), markup=False, highlight=False)
    for share in shares:
        if share.run:
            console.print(_table(share))
    for outcome in failed:
        console.print(f"seed {outcome.seed} again: {outcome.replay}", markup=False, highlight=False)
    console.print(f"the report: {REPORT}")
    return 1 if failed else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--simulated", type=int, default=20_000, help="how many in one process")
    has_real = importlib.util.find_spec(REAL) is not None
    parser.add_argument("--real", type=int, default=200 if has_real else 0, help="on the stack")
    parser.add_argument("--seed", type=int, default=0, help="the first one")
    asked = parser.parse_args()
    if asked.real and not has_real:
        parser.error(f"there is no {REAL}: --real 0")
    return asked


def _run(share: Share, run: Run, seeds: range, console: Console) -> None:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[failed]} failed"),
        TimeRemainingColumn(),
    )
    told = began = monotonic()
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task(share.kind, total=len(seeds), failed=0)
        for seed in seeds:
            share.add(run(seed))
            progress.update(task, advance=1, failed=len(share.failed))
            now = monotonic()
            if not console.is_terminal and (now - told > LINE_SECONDS or share.run == len(seeds)):
                told, left = now, (now - began) / share.run * (len(seeds) - share.run)
                console.print(
                    f"{share.kind}: {share.run} of {len(seeds)}, {len(share.failed)} failed,"
                    f" about {left / 60:.0f} minutes left",
                    highlight=False,
                )


def _table(share: Share) -> Table:
    table = Table(
        "fault",
        "came true",
        "converged p50",
        "p99",
        "max",
        title=f"{share.run} {share.kind}, {len(share.failed)} failed, {share.steps} steps,"
        f" {share.seconds / share.run:.3g} s each",
    )
    for kind in (ANY, *sorted(share.faults)):
        count = share.faults[kind] if kind != ANY else share.faults.total()
        seconds = share.converged.get(kind)
        figures = [f"{n:.1f} s" for n in list(spread(seconds).values())[1:]] if seconds else []
        table.add_row(kind, str(count), *figures)
    return table


if __name__ == "__main__":
    sys.exit(main())
