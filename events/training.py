"""The facts of training: awareness classes."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from events.envelope import Fact, FirstFact


class ClassOpened(FirstFact):
    """An awareness class begins. `enrolled` counts its learners; None is unknown."""

    TOPIC = "training.ClassOpened"
    code: str
    centre: UUID
    weekend: bool | None = None
    co_organiser: str | None = None
    enrolled: int | None = None
    imported: bool = False

    def takes(self) -> tuple[str, ...]:
        return (f"class-code/{self.code}",)


class ClassCompleted(Fact):
    """The class ended. `certified` counts learners who passed; None is unknown."""

    TOPIC = "training.ClassCompleted"
    centre: UUID
    certified: int | None = None


class ClassCorrected(Fact):
    """What was recorded of the class was wrong or incomplete; this is what is known now.

    `on` is the day of the correction; the class keeps its stream.
    """

    TOPIC = "training.ClassCorrected"
    code: str
    centre: UUID
    opened_on: date
    closed_on: date | None = None
    weekend: bool | None = None
    co_organiser: str | None = None
    enrolled: int | None = None
    certified: int | None = None
    reason: str | None = None
