"""The status of every refusal that is not 409."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from events.days import DayToCome
from events.refusal import Refusal
from services.dossiers.domain import refusals

STATUSES: Mapping[type[Refusal], int] = MappingProxyType(
    {
        refusals.UnknownCandidacy: 404,
        refusals.UnknownPerson: 404,
        DayToCome: 422,
        refusals.DocumentMissing: 422,
        refusals.FacetFollows: 422,
        refusals.FacetOfThePerson: 422,
        refusals.FactAmbiguous: 422,
        refusals.FactNotRecorded: 422,
        refusals.PersonRefMissing: 422,
        refusals.ReasonMissing: 422,
        refusals.TallyImpossible: 422,
        refusals.UnknownFacet: 422,
        refusals.UnknownUnit: 422,
        refusals.UnreadableFacet: 422,
    }
)
"""What cannot be meant as it was sent is 422; what the rules refuse as things stand is 409."""
