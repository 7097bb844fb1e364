"""Rows of awareness classes."""

from __future__ import annotations

from events.envelope import By
from services.imports.taking import ByRow
from services.imports.values import Said
from services.training.application import RecordClass, Training
from services.training.domain import Details


class Classes(ByRow):
    """Each row is a class, found again by its code."""

    @property
    def service(self) -> Training:
        """Return training."""
        return self.session.ketnap.training

    def command(self, row: Said, by: By) -> RecordClass:
        """Return the class that a row is. Raises UnknownUnit."""
        days = (row.get("opened_on"), row.get("closed_on"))
        return RecordClass(
            on=self.session.terms.today,
            details=Details(
                code=row.get("code"),
                centre=self.session.places.find(row.get("centre"), *days, column="centre"),
                opened_on=row.get("opened_on"),
                closed_on=row.get("closed_on"),
                weekend=row.get("weekend"),
                co_organiser=row.get("co_organiser"),
                enrolled=row.get("enrolled"),
                certified=row.get("certified"),
            ),
            correct=self.session.terms.correct,
            reason=self.session.terms.reason,
            by=by,
        )
