"""Accounts on either database, and a clock that a test moves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from infra.access import Access
from infra.access.tables import SCHEMA
from tests.infra.access.doors import SECRET, Clock
from tests.infra.vaults import File, Schema, Vault


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.stack)])
def vault(request: pytest.FixtureRequest, tmp_path: Path) -> Vault:
    if request.param == "sqlite":
        return File(tmp_path / "access.db", SCHEMA)
    return Schema(request.getfixturevalue("database"), "access", SCHEMA)


@pytest.fixture
def another(vault: Vault, clock: Clock) -> Iterator[Callable[[], Access]]:
    """Return what opens the same accounts, as another process does."""
    opened: list[Access] = []

    def open_access() -> Access:
        opened.append(Access(vault.place, SECRET, clock=clock))
        return opened[-1]

    yield open_access
    for access in opened:
        access.close()


@pytest.fixture
def access(another: Callable[[], Access]) -> Access:
    return another()
