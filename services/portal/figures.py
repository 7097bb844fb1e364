"""Figures as the pages ask for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from services.portal.client import path_part
from services.portal.page import Page

Json = Mapping[str, Any]


async def figures_of(page: Page, code: str) -> Json:
    """Return every figure of a unit at the moment of the page. Raises ApiProblem."""
    told: Json = await page.client.get(
        f"/reporting/figures/{path_part(code)}", **page.moment.question()
    )
    return told


async def targets_of(page: Page, code: str) -> Sequence[Json]:
    """Return every target of a unit, as it stands at the moment of the page. Raises ApiProblem."""
    asked = page.moment.question()
    told = await page.client.get(
        f"/reporting/targets/{path_part(code)}",
        **{name: text for name, text in asked.items() if name != "period"},
    )
    rows: Sequence[Json] = told["targets"]
    return rows


def periods_of(targets: Iterable[Json]) -> list[str]:
    """Return the periods for which there is a target, the latest first."""
    return sorted({row["period"] for row in targets if not row["category"]}, reverse=True)
