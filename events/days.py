"""The one rule about the days of what happened."""

from __future__ import annotations

from datetime import date
from typing import Any

from events.refusal import Refusal


class DayToCome(Refusal):
    """What has happened bears a day that is over, or today's."""


def must_have_come(on: date, today: date, column: str | None = None) -> None:
    """Refuse a day after the one on which it is told. Raises DayToCome."""
    if on > today:
        where: dict[str, Any] = {"columns": (column,)} if column else {}
        raise DayToCome(on=on, today=today, **where)
