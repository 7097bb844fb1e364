"""Two things measured side by side: A B B A, the median of paired ratios and its interval."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from statistics import median
from time import perf_counter, process_time
from typing import Any

BOOTSTRAPS = 2000
SEED = 20_261_124


@dataclass(frozen=True, slots=True)
class Measured:
    """How long something took, by the clock and in processor time of this process."""

    seconds: float
    cpu_seconds: float
    operations: int

    @property
    def rate(self) -> float:
        """Return operations a second."""
        return self.operations / self.seconds

    @property
    def cpu_us(self) -> float:
        """Return processor microseconds an operation."""
        return self.cpu_seconds / self.operations * 1e6


@dataclass(slots=True)
class Compared:
    """Ours against another, pair by pair. A ratio above 1 is in our favour."""

    name: str
    ours_is: str
    other_is: str
    aim: float | None
    aim_is: str = "at least"
    ours: list[Measured] = field(default_factory=list)
    other: list[Measured] = field(default_factory=list)

    @property
    def ratios(self) -> list[float]:
        """Return how many times our rate the other's is, pair by pair."""
        return [a.rate / b.rate for a, b in zip(self.ours, self.other, strict=True)]

    @property
    def ratio(self) -> float:
        """Return the median of the paired ratios."""
        return median(self.ratios)

    @property
    def cpu_ratio(self) -> float:
        """Return how many times our processor time an operation the other's is."""
        return median(
            b.cpu_us / a.cpu_us for a, b in zip(self.ours, self.other, strict=True) if a.cpu_us
        )

    @property
    def met(self) -> bool | None:
        """Tell whether the aim is reached; None where there is none."""
        if self.aim is None:
            return None
        return self.ratio >= self.aim if self.aim_is == "at least" else self.ratio <= self.aim

    def told(self) -> dict[str, Any]:
        """Return it as JSON."""
        low, high = interval(self.ratios)
        return {
            "name": self.name,
            "ours": self.ours_is,
            "other": self.other_is,
            "ratio": round(self.ratio, 3),
            "interval_95": [round(low, 3), round(high, 3)],
            "cpu_ratio": round(self.cpu_ratio, 3),
            "aim": None if self.aim is None else f"{self.aim_is} {self.aim:g}",
            "met": self.met,
            "ours_per_second": round(median(each.rate for each in self.ours), 1),
            "other_per_second": round(median(each.rate for each in self.other), 1),
            "rounds": [
                {"ours": asdict(a), "other": asdict(b)}
                for a, b in zip(self.ours, self.other, strict=True)
            ],
        }


def timed(work: Callable[[], int]) -> Measured:
    """Do something and say how long it took; it returns how many operations it did."""
    cpu, start = process_time(), perf_counter()
    operations = work()
    return Measured(perf_counter() - start, process_time() - cpu, operations)


def interleave(
    compared: Compared,
    ours: Callable[[], Measured],
    other: Callable[[], Measured],
    *,
    pairs: int,
    progress: Callable[[str], None],
) -> Compared:
    """Measure both in pairs, whose order changes with each: A B, B A, A B …"""
    for number in range(pairs):
        progress(f"{compared.name} {number + 1}/{pairs}")
        if number % 2:
            compared.other.append(other())
            compared.ours.append(ours())
        else:
            compared.ours.append(ours())
            compared.other.append(other())
    return compared


def interval(ratios: list[float]) -> tuple[float, float]:
    """Return a bootstrap interval of 95 % of the median."""
    drawn = random.Random(SEED)
    medians = sorted(median(drawn.choices(ratios, k=len(ratios))) for _ in range(BOOTSTRAPS))
    return medians[int(BOOTSTRAPS * 0.025)], medians[int(BOOTSTRAPS * 0.975) - 1]
