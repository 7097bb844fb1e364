"""A small province, and somebody who looks at its pages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import date

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from infra.access import Access
from services.imports.run import import_files
from services.installation import Installation
from services.web import Web
from tests.installed import Site, Sites
from tests.province import Province

MOMENT = "period=2021&as_of=2021-12-31"
"""A year of the province in which there is everything."""


@dataclass(frozen=True)
class House:
    """An installation with the province, its accounts, and everything that is served of it."""

    ketnap: Installation
    web: Web

    @property
    def access(self) -> Access:
        """Return the accounts."""
        return self.web.access

    def browser(self) -> TestClient:
        """Return a browser in which nobody is signed in."""
        return TestClient(self.web.app, follow_redirects=False)

    def account(self, name: str, code: str, role: str) -> str:
        """Make an account that acts for a unit; return its password."""
        account, password = self.access.open_account(name)
        unit = self.ketnap.units.tree.by_code(code, date(2021, 1, 1))
        assert unit
        self.access.grant(account.name, unit, role, first=date(2019, 1, 1), by="test")
        return password

    def signed_in(self, name: str, password: str) -> TestClient:
        """Return a browser in which somebody is signed in."""
        browser = self.browser()
        answer = sign_in(browser, name, password)
        assert answer.status_code == 303
        return browser


def sign_in(browser: TestClient, name: str, password: str, to: str = "/") -> Response:
    """Fill in the form of signing in, and send it."""
    form = browser.get("/dang-nhap", params={"to": to}).text
    sent = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form))
    return browser.post("/dang-nhap", data={**sent, "name": name, "password": password})


@pytest.fixture(scope="module")
def house(sites: Sites, mode: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("province")

    def fill(site: Site) -> None:
        files = Province(people=70, districts=2, units_each=3, seed=4).write(folder / "files")
        with site.open() as ketnap:
            import_files(ketnap, files, commit=True, accept_good=True)
            ketnap.catch_up()

    with (
        sites.copy(sites.built("pages", mode, fill), folder / "data") as site,
        site.open() as ketnap,
        closing(Web(ketnap)) as web,
    ):
        yield House(ketnap, web)


@pytest.fixture(scope="module")
def site(sites: Sites, mode: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Yield where a module records what it looks at."""
    with sites.empty(mode, tmp_path_factory.mktemp("site") / "data") as site:
        yield site


@pytest.fixture(scope="module")
def province(house: House) -> TestClient:
    """A browser of the provincial board."""
    return house.signed_in("tinh", house.account("tinh", "P", "provincial_board"))


@pytest.fixture(scope="module")
def district(house: House) -> TestClient:
    """A browser of one district."""
    return house.signed_in("huyen", house.account("huyen", "P-01", "district_board"))
