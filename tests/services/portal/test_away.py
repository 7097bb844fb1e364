"""A page that can do without a service lives on while it is away, and says what is missing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path

import pytest
from httpx2 import Response
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Receive, Scope, Send

from events.refusal import Refusal
from infra.http import NotYetKnown, Problems
from services.portal import client, portal
from services.portal.remote import ServiceAway
from services.wording import refusal_words, say
from tests.installed import Sites
from tests.services.portal.conftest import sign_in
from tests.services.portal.desk import JOURNEY, Desk, hidden

NO_HISTORY = "tạm thời chưa có lịch sử đầy đủ"
NO_CASES = "việc bị vướng ở đó tạm thời chưa có trong danh sách này"


class Failing:
    """The services, one of which is away, behind, or does not answer."""

    def __init__(self, services: ASGIApp) -> None:
        self._services = services
        self._problems = Problems(refusal_words, {ServiceAway: 503, NotYetKnown: 409})
        self.service = ""
        self.how = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if not self.service or not scope["path"].startswith(f"/api/{self.service}/"):
            await self._services(scope, receive, send)
            return
        if self.how == "silent":
            await asyncio.Event().wait()
        refusal: Refusal = NotYetKnown(retry_after_seconds=1)
        if self.how == "away":
            refusal = ServiceAway(service=say(f"portal.service.{self.service}"))
        await self._problems.answer(scope, refusal)(scope, receive, send)


class Counter(Desk):
    """A desk whose pages stand over services that fail."""

    def _signed_in(self, name: str, password: str) -> TestClient:
        if not hasattr(self, "services"):
            self.services = Failing(self.web.app)
        browser = TestClient(portal(self.web.access, self.services), follow_redirects=False)
        assert sign_in(browser, name, password).status_code == 303
        return browser

    def answered(self, who: str, path: str) -> Response:
        """Return a page, whatever became of it."""
        return self._browsers[who].get(path)


@pytest.fixture
def desk(sites: Sites, mode: str, tmp_path: Path) -> Iterator[Counter]:
    with sites.empty(mode, tmp_path / "data") as site:
        opened = Counter(site)
        yield opened
        opened.close()


@pytest.fixture(params=["away", "behind", "silent"])
def failing(
    request: pytest.FixtureRequest, desk: Counter, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], None]:
    """Return what has a service fail from now on; nobody waits long for one that is silent."""

    def fail(service: str) -> None:
        desk.services.service, desk.services.how = service, request.param
        monkeypatch.setattr(client, "_PART_SECONDS", 0.05 if request.param == "silent" else 60.0)

    return fail


def test_a_case_is_worked_on_without_its_history(
    desk: Counter, failing: Callable[[str], None]
) -> None:
    path = desk.nominated()
    assert NO_HISTORY not in desk.get("cell", path)
    failing("reporting")

    page = desk.get("cell", path)
    assert NO_HISTORY in page
    assert "giới thiệu" in page.partition('id="history"')[2].partition("</section>")[0].lower()

    early = hidden(desk.get("cell", f"{path}/application"))
    who, told = JOURNEY["certificate"]
    form = desk.get(who, f"{path}/certificate")
    written = desk.posted(who, f"{path}/certificate", {**hidden(form), **told})
    assert written.status_code == 303
    after = desk.get(who, written.headers["location"])
    assert 'id="written"' in after
    assert NO_HISTORY in after
    stale = desk.posted("cell", f"{path}/application", {**early, "on": "09/02/2023"})
    assert stale.status_code == 412
    assert NO_HISTORY in unescape(stale.text)
    assert NO_HISTORY in desk.get(who, f"{path}/dinh-chinh")


def test_what_does_not_need_figures_goes_on_and_what_does_names_what_is_away(
    desk: Counter,
) -> None:
    desk.services.service, desk.services.how = "reporting", "away"

    for path in ("/viec", "/tim", "/lop", "/tham-tra", "/nhap"):
        assert desk.answered("base", path).status_code == 200, path
    figures = desk.answered("base", "/")
    assert figures.status_code == 503
    assert say("portal.service.reporting") in unescape(figures.text)


def test_work_is_listed_without_what_verification_has(
    desk: Counter, failing: Callable[[str], None]
) -> None:
    assert NO_CASES not in desk.get("base", "/viec")
    failing("verification")

    page = desk.get("base", "/viec")

    assert NO_CASES in page
    assert NO_CASES not in desk.get("province", "/viec"), "it has no such work"


def test_what_a_service_refuses_is_no_absence(desk: Counter) -> None:
    assert desk.answered("base", "/viec?tiep=0.no-cursor").status_code == 422
