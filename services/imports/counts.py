"""Rows of counts, and what they must not overlap."""

from __future__ import annotations

from datetime import date

from events.envelope import By
from events.period import Period
from events.refusal import Refusal
from services.imports.report import RowRefused
from services.imports.taking import ByRow
from services.imports.values import Said
from services.reporting.application import RecordCount, Reporting
from services.reporting.domain import Tally


class CountOverlapsCount(RowRefused):
    """Another count tells of the same people, in the unit, above or below it."""


class CountOverlapsPeople(RowRefused):
    """The same people are known one by one, in the unit, above or below it."""


class Counts(ByRow):
    """Each row is a count of an indicator in a unit and a period."""

    @property
    def service(self) -> Reporting:
        """Return reporting."""
        return self.session.ketnap.reporting

    def command(self, row: Said, by: By) -> RecordCount:
        """Return the count that a row is. Raises UnknownUnit, UnitNotValidOnThatDay."""
        return RecordCount(
            tally=self._tally(row),
            count=row.get("count"),
            source=row.get("source"),
            correct=self.session.terms.correct,
            reason=self.session.terms.reason,
            by=by,
        )

    def objection(self, row: Said) -> Refusal | None:
        """Return what the count overlaps; one that is known already overlaps nothing anew."""
        tally, known = self._tally(row), self.session.known
        if tally.indicator in Tally.STOCKS or known.has(tally):
            return None
        if other := known.count_over(tally):
            return CountOverlapsCount(
                columns=("period",),
                unit=row.get("unit_code"),
                period=tally.period.text,
                indicator=tally.indicator,
                other_unit=self.session.places.code(other.unit),
                other_period=other.period.text,
            )
        if people := known.people_under(tally):
            unit, day = people
            return CountOverlapsPeople(
                columns=("period",),
                unit=row.get("unit_code"),
                period=tally.period.text,
                indicator=tally.indicator,
                other_unit=self.session.places.code(unit),
                on=day,
            )
        known.plan(tally)
        return None

    def _tally(self, row: Said) -> Tally:
        period: Period = row.get("period")
        effective: date = period.last
        unit = self.session.places.taking(row.get("unit_code"), effective, column="period")
        return Tally(unit=unit, indicator=row.get("indicator"), period=period)
