"""What became of one schedule of faults, simulated or real."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field


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
