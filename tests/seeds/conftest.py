"""Questions to the demo."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from events.period import parse_period
from services.embedded import Embedded
from services.reporting.view.figures import Question

Json = dict[str, Any]
Ask = Callable[..., Json]


@pytest.fixture(scope="session")
def ask(demo: Path) -> Iterator[Ask]:
    with Embedded.open(demo) as ketnap:
        yield asking(ketnap)


def asking(ketnap: Embedded) -> Ask:
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
