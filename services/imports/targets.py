"""Rows of targets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from events.envelope import By
from events.period import Period
from services.imports.taking import ByRow
from services.imports.values import Said
from services.reporting.application import RecordTarget, Reporting
from services.reporting.domain import Aim, Terms


class Targets(ByRow):
    """Each row is a target, in force from a day; the earliest of several issues it."""

    @property
    def service(self) -> Reporting:
        """Return reporting."""
        return self.session.ketnap.reporting

    def order(self, rows: Sequence[Said]) -> Sequence[Said]:
        """Return the rows by the day from which they are in force."""
        return sorted(rows, key=_issued_on)

    def command(self, row: Said, by: By) -> RecordTarget:
        """Return the target that a row is. Raises UnknownUnit, UnitDoesNotAdmit."""
        period: Period = row.get("period")
        issued_on = _issued_on(row)
        places = self.session.places
        unit = places.find(row.get("unit_code"), issued_on, period.first, period.last)
        places.must_admit(row.get("unit_code"), unit, issued_on, period.first, period.last)
        terms = self.session.terms
        return RecordTarget(
            on=issued_on,
            aim=Aim(unit=unit, kind=row.get("kind"), period=period, category=row.get("category")),
            terms=Terms(
                minimum=row.get("minimum"),
                maximum=row.get("maximum"),
                deadline=row.get("deadline"),
                deadline_inclusive=row.get("deadline_inclusive"),
                document=row.get("document"),
            ),
            correct=terms.correct,
            # The document of a target is its own paper; that of a correction joins its reason.
            reason=f"{terms.reason} ({terms.document})" if terms.correct else None,
            by=replace(by, document=None),
        )


def _issued_on(row: Said) -> date:
    day: date | None = row.get("issued_on")
    if day is not None:
        return day
    period: Period = row.get("period")
    return period.first
