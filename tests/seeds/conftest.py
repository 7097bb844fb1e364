"""Questions to the demo."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import Any

import pytest

from events.period import parse_period
from services.installation import Installation
from services.reporting.view.figures import Question
from tests.installed import Site, Sites

Json = dict[str, Any]
Ask = Callable[..., Json]


@pytest.fixture(scope="session")
def ask(
    sites: Sites, five_organisations: Site, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Ask]:
    folder = tmp_path_factory.mktemp("asked") / "data"
    with sites.copy(five_organisations, folder) as site, site.open() as ketnap:
        yield asking(ketnap)


def asking(ketnap: Installation) -> Ask:
    def figures(
        unit: str,
        period: str,
        as_of: str,
        *,
        known_at: datetime | None = None,
        places: int = 1,
    ) -> Json:
        question = Question(
            unit_code=unit,
            period=parse_period(period),
            as_of=date.fromisoformat(as_of),
            known_at=known_at,
            places=places,
        )
        return ketnap.view.figures(question)

    return figures
