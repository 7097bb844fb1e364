"""What became of schedules of faults, simulated or real."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field

ANY = "any"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A schedule that was run: which faults, what was found wrong after it, how to see it again."""

    seed: int
    replay: str
    """The command that runs the same schedule again."""
    steps: int
    faults: dict[str, int]
    """How many of each kind came true."""
    problems: tuple[str, ...] = ()
    """What was found wrong, in words; none when all held."""
    schedule: tuple[str, ...] = ()
    """What happened, in order; kept where something was found wrong."""
    seconds: float = 0.0
    converged_seconds: float | None = None
    """From the last fault until all agreed, where time is real."""
    figures: dict[str, float] = field(default_factory=dict)
    """Whatever else was measured."""

    @property
    def held(self) -> bool:
        """Tell whether nothing was found wrong."""
        return not self.problems

    def told(self) -> str:
        """Return what a person needs in order to find the cause."""
        lines = [f"seed {self.seed}: {problem}" for problem in self.problems]
        return "\n".join([*lines, "what happened:", *self.schedule, "again:", f"  {self.replay}"])


Run = Callable[[int], Outcome]
"""Runs the schedule of a seed, on what its kind shares between schedules."""


@dataclass
class Share:
    """What came of the schedules of one kind."""

    kind: str
    run: int = 0
    seconds: float = 0.0
    steps: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    parts: Counter[str] = field(default_factory=Counter)
    """What was measured of each schedule, added up."""
    converged: dict[str, list[float]] = field(default_factory=dict)
    """By kind of fault, how long after the last fault all agreed where one of it came true."""
    failed: list[Outcome] = field(default_factory=list)

    def add(self, outcome: Outcome) -> None:
        """Count one more."""
        self.run += 1
        self.seconds += outcome.seconds
        self.steps += outcome.steps
        self.faults.update(outcome.faults)
        self.parts.update(outcome.figures)
        if outcome.converged_seconds is not None:
            for kind in (ANY, *outcome.faults):
                self.converged.setdefault(kind, []).append(outcome.converged_seconds)
        if not outcome.held:
            self.failed.append(outcome)

    def as_json(self) -> dict[str, object]:
        """Return this as the report has it."""
        return {
            "kind": self.kind,
            "run": self.run,
            "held": self.run - len(self.failed),
            "steps": self.steps,
            "seconds": self.seconds,
            "seconds_a_schedule": self.seconds / self.run,
            "parts_a_schedule": {part: sum_ / self.run for part, sum_ in self.parts.items()},
            "faults": dict(self.faults),
            "converged_seconds": {kind: spread(them) for kind, them in self.converged.items()},
            "failed": [asdict(each) for each in self.failed],
        }


def spread(figures: Sequence[float]) -> dict[str, float]:
    """Return how many there are, the middle one, the one that 99 of 100 do not pass, the most."""
    rising = sorted(figures)
    at = {"p50": len(rising) // 2, "p99": len(rising) * 99 // 100, "max": len(rising) - 1}
    return {"n": len(rising), **{name: rising[place] for name, place in at.items()}}
