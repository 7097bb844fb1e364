"""Questions to the demo."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from events.period import parse_period
from services.installation import Installation
from services.reporting.view.figures import Question
from tests.installed import Site, Sites

HERE = Path(__file__).parent
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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Have one worker run what is asked of a mode, so that the other need not wait for it too."""
    for item in items:
        if item.path.is_relative_to(HERE) and (call := getattr(item, "callspec", None)):
            item.add_marker(pytest.mark.xdist_group(f"demo-{call.params.get('mode')}"))
