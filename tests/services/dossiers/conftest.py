from __future__ import annotations

import pytest

from tests.services.dossiers.office import District


@pytest.fixture
def district() -> District:
    return District()
