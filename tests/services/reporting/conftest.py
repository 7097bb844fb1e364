"""An office with an empty view, on either database."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from deploy.local.stack import Stack
from tests.services.reporting.office import Office, open_office, postgres


@pytest.fixture(scope="session")
def views(stack: Stack) -> Iterator[str]:
    """Return a database in which every test has a schema of its own."""
    name = f"test_views_{uuid4().hex[:16]}"
    yield stack.make_database(name)
    stack.drop_database(name)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.stack)])
def office(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Office]:
    if request.param == "sqlite":
        with open_office(tmp_path) as opened:
            yield opened
        return
    place = postgres(request.getfixturevalue("views"), f"view_{uuid4().hex[:16]}")
    with open_office(tmp_path, place=place) as opened:
        yield opened
    place.discard()
