"""How the units below one stand: the least advanced first, the silent ones, and the pace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from services.reporting.view.figures import Figures

_SHOWN = (
    "unit",
    "name",
    "period",
    "as_of",
    "known_at",
    "positions",
    "admitted",
    "target",
    "ratio",
    "remaining",
    "last_ceremony",
)


def overview(figures: Figures) -> dict[str, Any]:
    """Return the figure of a unit, its pace, and the units below in the order of their need."""
    answer = figures.sheet()
    rows: Sequence[Mapping[str, Any]] = answer["by_unit"]
    silent = [row for row in rows if not row["admitted"]]
    return {
        **{name: answer[name] for name in _SHOWN},
        "pace": _pace(figures, answer["ratio"]),
        "units": sorted(rows, key=_need),
        "silent": [row["unit"] for row in sorted(silent, key=_aimed)],
    }


def _need(row: Mapping[str, Any]) -> tuple[bool, float, int, str]:
    """Order by attainment; among equals the one that lacks most comes first."""
    ratio = row["ratio"]
    if ratio is None:
        return True, 0.0, 0, row["unit"]
    return False, ratio["numerator"] / ratio["denominator"], -row["remaining"], row["unit"]


def _aimed(row: Mapping[str, Any]) -> tuple[int, str]:
    return -(row["target"]["minimum"] if row["target"] else 0), row["unit"]


def _pace(figures: Figures, ratio: Mapping[str, Any] | None) -> dict[str, int] | None:
    """Return where an even pace would be; None where the target is of other days."""
    target = figures.measure(figures.unit.number)
    if ratio is None or target is None or not target.of_period:
        return None
    closes = figures.last if target.closes is None else min(figures.last, target.closes)
    days = max(closes - figures.first + 1, 1)
    over = min(max(figures.as_of - figures.first + 1, 0), days)
    even = ratio["denominator"] * over // days
    return {"even": even, "behind": even - ratio["numerator"], "days": days, "over": over}
