"""An api process whose database is silent says so in time, and answers again when it is back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import date

import httpx2
import pytest

from deploy.local.processes import until
from infra.access import Grant
from infra.adapters import Province
from tests.bench.crowd import Crowd
from tests.bench.distributed import Distributed, distributed
from tests.bench.recorded import fill
from tests.stack import paused

pytestmark = pytest.mark.stack

LAST = 51
"""Of the crowd's facts: its units, and nobody in them."""
BEYOND_ANY_DEADLINE_SECONDS = 60
READY_WITHIN_SECONDS = 60


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Distributed]:
    with distributed(tmp_path_factory.mktemp("silent")) as opened:
        fill(opened.said.dsn("ledgers"), "dossiers", Crowd(0).facts(), lambda _: None)
        yield opened


@dataclass(frozen=True)
class Asking:
    """Somebody who asks an api process."""

    address: str
    token: str

    def figures(self, after: int) -> httpx2.Response:
        return httpx2.get(
            f"{self.address}/figures/H",
            params={"after": f"dossiers:{after}"},
            headers={"Authorization": f"Bearer {self.token}"},
            timeout=BEYOND_ANY_DEADLINE_SECONDS,
        )

    def knows(self) -> bool:
        return self.figures(LAST).status_code == httpx2.codes.OK


@pytest.fixture(scope="module")
def asking(here: Distributed) -> Iterator[Asking]:
    kept = Province(here.said)
    with closing(kept.keys()) as keys, closing(kept.access(keys.access_secret)) as access:
        grant = Grant(account="asks", unit=Crowd(0).root, role="district_board", first=date.min)
        token = access.tokens.sign(grant, access.today())
    with (
        here.role("dossiers", "relay"),
        here.role("reporting", "projector"),
        here.role("reporting", "api") as server,
    ):
        asking = Asking(server.address, token)
        assert until(asking.knows, READY_WITHIN_SECONDS)
        yield asking


def test_a_position_that_never_comes_is_not_known_yet_and_may_be_asked_for_again(
    asking: Asking,
) -> None:
    answer = asking.figures(LAST + 1_000)

    assert (answer.status_code, answer.json()["code"]) == (409, "not-yet-known")
    assert answer.headers["Retry-After"] == "1"


@pytest.mark.parametrize("after", [LAST, LAST + 1_000], ids=["known", "not known yet"])
def test_a_silent_database_is_said_to_be_away_and_asked_again_when_it_is_back(
    here: Distributed, asking: Asking, after: int
) -> None:
    with paused(here.stack.postgres):
        answer = asking.figures(after)

    assert answer.status_code == 503
    assert answer.json()["code"] == "unavailable"
    assert answer.headers["Retry-After"] == "1"
    assert until(asking.knows, READY_WITHIN_SECONDS)
