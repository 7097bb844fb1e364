"""What does not fit in the figures of a unit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class Findings:
    """Findings of one answer, each with its operands and the facts that its text names."""

    def __init__(self, unit: str) -> None:
        self._unit = unit
        self.listed: list[dict[str, Any]] = []

    def add(
        self,
        kind: str,
        *,
        unit: str | None = None,
        expected: int | None = None,
        actual: int | None = None,
        **facts: object,
    ) -> None:
        """Add a finding; its difference is what there is more than was expected."""
        both = expected is not None and actual is not None
        difference = (actual or 0) - (expected or 0) if both else None
        self.listed.append(
            {
                "kind": kind,
                "unit": unit or self._unit,
                "expected": expected,
                "actual": actual,
                "difference": difference,
                **facts,
            }
        )

    def unknown_part(self, figure: str, parts: Sequence[int | None]) -> None:
        """Add why a sum cannot be told, where one of its parts is unknown."""
        known = sum(part is not None for part in parts)
        if known < len(parts):
            words = "unknown-part" if known else "unknown-figure"
            self.add("unknown-part", words=words, expected=len(parts), actual=known, figure=figure)
