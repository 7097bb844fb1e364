"""The demo, loaded once, and questions to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from deploy.demo.generate import HERE
from events.period import parse_period
from services.embedded import Embedded
from services.imports import import_files
from services.reporting.view import Question

Json = dict[str, Any]
Ask = Callable[..., Json]


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data folder with the five organisations, which nobody writes to."""
    folder = tmp_path_factory.mktemp("demo")
    with Embedded.open(folder) as ketnap:
        report = import_files(ketnap, sorted(HERE.glob("*/*.csv")), commit=True)
        assert not report.errors
        ketnap.catch_up()
    return folder


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
