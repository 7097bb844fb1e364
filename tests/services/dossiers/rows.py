"""Rows of an import, as they are recorded in a candidacy."""

# ruff: noqa: ANN401 - what a row says is told by keyword

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from events.dossiers import Facets
from services.dossiers.domain.candidacy import Candidacy
from services.dossiers.domain.history import Row, record_history
from tests.services.dossiers.office import BIRTH, DAYS, District

TODAY = date(2024, 6, 3)
FACETS = Facets(sex="female")


def record(
    district: District,
    candidacy: Candidacy,
    acts: Mapping[str, date],
    *,
    unit: UUID | None = None,
    facets: Facets | None = None,
    birth: date | None = BIRTH,
    **row: Any,
) -> None:
    told = Row(unit=unit or candidacy.unit, acts=acts, facets=facets or candidacy.facets, **row)
    record_history(candidacy, told, district.act(TODAY, birth=birth))


def imported(district: District, *kinds: str, **row: Any) -> Candidacy:
    """Return a candidacy of whose journey only some acts are known."""
    candidacy = district.opened(imported=True)
    record(district, candidacy, {kind: DAYS[kind] for kind in kinds or DAYS}, **row)
    candidacy.collect_events()
    return candidacy


def correction(**row: Any) -> dict[str, Any]:
    return {"correct": True, "reason": "ghi nhầm", **row}
