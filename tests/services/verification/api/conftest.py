from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.house import House, opened
from tests.installed import Sites


@pytest.fixture(scope="module")
def house(sites: Sites, mode: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A province that is read; who writes to it says so of itself alone."""
    with opened(sites, mode, tmp_path_factory.mktemp("house")) as house:
        yield house
