"""Rows of people: each one a history, taken in by one command."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from uuid import UUID

from events.calendar import add_months
from events.dossiers import Facets
from events.envelope import By
from events.refusal import Refusal
from events.rulebook import rulebook
from services.dossiers.application import Dossiers, RecordHistory
from services.dossiers.domain.candidacy import Candidacy
from services.dossiers.domain.journey import LEFT
from services.imports.report import RowRefused
from services.imports.taking import ByRow
from services.imports.values import Said

ACTS = (
    "nominated",
    "certified",
    "applied",
    "sealed",
    "verification_asked",
    "verification_closed",
    "cell_vote",
    "dossier_received",
    "political_standard",
    "decided",
    "decision_received",
    "ceremony",
    "recognised",
)
_FACETS = (
    "sex",
    "ethnic_group",
    "youth_union",
    "occupation",
    "source_group",
    "referred_by",
    "referral_round",
    "occasion",
)


class CountedAlready(RowRefused):
    """The person is among those whom a count tells of."""


class Candidates(ByRow):
    """Each row is what is known of one person's journey."""

    batch = 500

    @property
    def service(self) -> Dossiers:
        """Return dossiers."""
        return self.session.dossiers

    def command(self, row: Said, by: By) -> RecordHistory:
        """Return the history that a row is. Raises UnknownUnit."""
        acts = _acts(row)
        if referred_by := row.get("referred_by"):
            self.session.places.find(referred_by, column="referred_by")
        terms = self.session.terms
        return RecordHistory(
            on=terms.today,
            person_ref=row.get("person_ref"),
            full_name=row.get("full_name"),
            birth_date=row.get("birth_date"),
            religion=row.get("religion"),
            facets=Facets(**{name: row.get(name) for name in _FACETS}),
            unit=self._unit(row, acts),
            acts=acts,
            class_code=row.get("class_code"),
            left_kind=row.get("left_kind"),
            left_on=row.get("left_on"),
            correct=terms.correct,
            reason=terms.reason,
            by=by,
        )

    def objection(self, row: Said) -> Refusal | None:
        """Return the count that tells of the person already, of an act that is new."""
        known = self.session.known
        if not known.counts_people:
            return None
        unit = self._unit(row, _acts(row))
        for indicator, column, day in _counted(row):
            taker = self.session.places.tree.taking(unit, day) or unit
            tally = known.count_of(indicator, taker, day)
            if tally and not self._is_recorded(row, column, day):
                return CountedAlready(
                    columns=("unit_code", column),
                    indicator=indicator,
                    on=day,
                    other_unit=self.session.places.code(tally.unit),
                    other_period=tally.period.text,
                )
        return None

    def _unit(self, row: Said, acts: dict[str, date]) -> UUID:
        """Return the unit of the code on the last day that the row tells of."""
        days = sorted((*acts.values(), *filter(None, (row.get("left_on"),))), reverse=True)
        return self.session.places.find(row.get("unit_code"), *days)

    def _is_recorded(self, row: Said, column: str, day: date) -> bool:
        """Tell whether the act was recorded live, before or after the count."""
        service = self.service
        person = service.holder(f"person/{service.keys.reference(row.get('person_ref'))}")
        candidacy = service.holder(f"candidacy/{person}") if person else None
        if candidacy is None:
            return False
        recorded: Candidacy = service.repository.get(candidacy)
        facts = recorded.facts.values()
        return any(
            column in {f"{fact.fact}_on", "left_on" if fact.fact in LEFT else ""} and fact.on == day
            for fact in facts
        )


def _acts(row: Said) -> dict[str, date]:
    return {act: row.get(f"{act}_on") for act in ACTS if f"{act}_on" in row}


def _counted(row: Said) -> Iterator[tuple[str, str, date]]:
    """Yield what counts also tell of: the indicator, the column and the day that counts."""
    ceremony = row.get("ceremony_on")
    if ceremony:
        yield "admitted", "ceremony_on", ceremony
    if "dossier_received_on" in row:
        yield "received", "dossier_received_on", row.get("dossier_received_on")
    if recognised := row.get("recognised_on"):
        months = rulebook().on(ceremony or recognised).probation_months
        yield (
            "recognised",
            "recognised_on",
            add_months(ceremony, months) if ceremony else recognised,
        )
    if row.get("left_kind") in {"struck_off", "resigned"} and "left_on" in row:
        yield row.get("left_kind"), "left_on", row.get("left_on")
