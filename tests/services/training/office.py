"""A class, and learners as a test needs them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from uuid import UUID, uuid5

from events.envelope import By
from events.rulebook import rulebook
from services.training.domain import Class, Details, Result

BOOK = rulebook()
RULES = BOOK.classes_on(date(2026, 3, 2))
BY = By(actor="clerk", document="12-QĐ/TT")
CENTRE = UUID(int=1)
OPENED, ENDED = date(2026, 3, 2), date(2026, 3, 6)


def person(number: int) -> UUID:
    return uuid5(CENTRE, f"person {number}")


def candidacy(number: int) -> UUID:
    return uuid5(CENTRE, f"candidacy {number}")


def scored(score: str | None, retake: str | None = None, attended: int = 10) -> Result:
    return Result(
        attended=attended,
        periods=10,
        score=None if score is None else Decimal(score),
        retake=None if retake is None else Decimal(retake),
    )


def a_class(learners: int = 0, enrolled: int | None = None) -> Class:
    """Return an open class with learners, nothing of which is new."""
    details = Details(code="L1", centre=CENTRE, opened_on=OPENED, enrolled=enrolled)
    opened = Class.open(UUID(int=2), details, BY)
    for number in range(learners):
        opened.enrol(OPENED, person(number), candidacy(number), BY)
    opened.collect_events()
    return opened


def a_class_that_ended(*scores: str) -> Class:
    """Return a class whose learners had these scores, nothing of which is new."""
    ended = a_class(len(scores))
    for number, score in enumerate(scores):
        ended.record_result(ENDED, candidacy(number), scored(score), BY, RULES)
    ended.complete(ENDED, None, BY, RULES)
    ended.collect_events()
    return ended
