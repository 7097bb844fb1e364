"""The long share of the fault suite: `python -m tests.chaos --simulated 20000 --real 200 --seed N`.

Schedule by schedule from a seed on, with a bar; a table and var/chaos/report.json at the end.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from time import monotonic

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from tests.chaos.outcome import Outcome, Run

REPORT = Path(__file__).parents[2] / "var" / "chaos" / "report.json"
REAL = "tests.chaos.real"
SHOWN = 3
"""So many failures are told in full."""


@dataclass
class Share:
    """What came of the schedules of one kind."""

    kind: str
    run: int = 0
    seconds: float = 0.0
    steps: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    converged_seconds: list[float] = field(default_factory=list)
    failed: list[Outcome] = field(default_factory=list)

    def add(self, outcome: Outcome) -> None:
        """Count one more."""
        self.run += 1
        self.steps += outcome.steps
        self.faults.update(outcome.faults)
        if outcome.converged_seconds is not None:
            self.converged_seconds.append(outcome.converged_seconds)
        if not outcome.held:
            self.failed.append(outcome)

    def as_json(self) -> dict[str, object]:
        """Return this as the report has it."""
        plain = {"faults": dict(self.faults), "failed": [asdict(each) for each in self.failed]}
        return vars(self) | plain | {"held": self.run - len(self.failed)}


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
    console = Console()
    shares = [Share("simulated"), Share("real")]
    lenders = (simulated, real)
    counts = (asked.simulated, asked.real)
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
    console.print(_table(shares))
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
    began = monotonic()
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[failed]} failed"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(share.kind, total=len(seeds), failed=0)
        for seed in seeds:
            share.add(run(seed))
            progress.update(task, advance=1, failed=len(share.failed))
    share.seconds = monotonic() - began


def _table(shares: list[Share]) -> Table:
    table = Table("schedules", "run", "failed", "steps", "faults", "a second", "converged p99")
    for share in shares:
        if share.run:
            slowest = sorted(share.converged_seconds)[len(share.converged_seconds) * 99 // 100 :]
            table.add_row(
                share.kind,
                str(share.run),
                str(len(share.failed)),
                str(share.steps),
                ", ".join(f"{kind} {n}" for kind, n in sorted(share.faults.items())),
                f"{share.run / share.seconds:.1f}",
                f"{slowest[0]:.1f} s" if slowest else "",
            )
    return table


if __name__ == "__main__":
    sys.exit(main())
