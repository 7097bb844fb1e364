"""A bloc with two cells, its officers at their browsers, and the services behind the pages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from html import unescape
from uuid import UUID

from httpx2 import Response
from starlette.testclient import TestClient
from uuid_utils.compat import uuid7

from events.envelope import By
from services.dossiers.commands import RegisterUnit
from services.portal import portal
from services.web import Web
from tests.installed import Site
from tests.services.portal.conftest import sign_in

PERSON: Mapping[str, str] = {
    "unit": "C1",
    "on": "09/01/2023",
    "full_name": "Đặng Thị Ánh Tuyết",
    "birth_date": "17/05/1999",
    "person_ref": "079200001234",
    "sex": "female",
    "youth_union": "yes",
    "occupation": "công nhân",
}
JOURNEY: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "certificate": ("base", {"on": "02/02/2023", "class_code": "L1"}),
    "application": ("cell", {"on": "09/02/2023"}),
    "personal-history-seal": ("base", {"on": "02/03/2023"}),
    "verification-request": ("base", {"on": "03/03/2023"}),
    "verification-note": ("base", {"on": "06/04/2023"}),
    "cell-vote": (
        "cell",
        {"on": "12/04/2023", "official_members": "20", "present": "17", "in_favour": "14"},
    ),
    "dossier-receipt": ("bloc", {"on": "20/04/2023"}),
    "political-standard": ("bloc", {"on": "04/05/2023"}),
    "decision": ("bloc", {"on": "11/05/2023", "decider": "K", "document": "7-QĐ/ĐUK"}),
    "decision-receipt": ("cell", {"on": "18/05/2023"}),
    "ceremony": ("cell", {"on": "01/06/2023", "occasion": "19/5"}),
    "recognition": ("bloc", {"on": "03/06/2024"}),
}
"""The acts after the nomination, each with the officer who does it."""
_BY = By(actor="clerk", document="1-QĐ/TU")


class Desk:
    """One installation, the pages over it, and officers by short names."""

    def __init__(self, site: Site) -> None:
        self.ketnap = site.open()
        province = self.unit("P", "provincial_committee")
        bloc = self.unit("K", "bloc_committee", province, name="Đảng ủy Khối")
        cells = [self.unit(f"C{n}", "cell", bloc, name=f"Chi bộ số {n}") for n in (1, 2)]
        self.web = Web(self.ketnap)
        self._browsers: dict[str, TestClient] = {}
        for name, unit, role in (
            ("cell", cells[0], "cell_committee"),
            ("sister", cells[1], "cell_committee"),
            ("base", bloc, "grassroots_committee"),
            ("bloc", bloc, "bloc_committee"),
            ("inspector", bloc, "inspector"),
            ("province", province, "provincial_board"),
        ):
            _, password = self.web.access.open_account(name)
            self.web.access.grant(name, unit, role, first=date(2020, 1, 1), by="test")
            self._browsers[name] = self._signed_in(name, password)
        self.catch_up()

    def close(self) -> None:
        """Close it all."""
        for browser in self._browsers.values():
            browser.close()
        self.web.close()
        self.ketnap.close()

    def unit(self, code: str, kind: str, parent: UUID | None = None, *, name: str = "") -> UUID:
        """Register a unit and return its id."""
        unit = uuid7()
        self.ketnap.dossiers.perform(
            RegisterUnit(unit=unit, code=code, name=name or code, kind=kind, parent=parent, by=_BY)
        )
        return unit

    def catch_up(self) -> None:
        """Have the views where the ledgers are."""
        self.ketnap.catch_up()
        self.web.moved()

    def get(self, who: str, path: str, status: int = 200) -> str:
        """Return a page, its signs as they are read."""
        answer = self._browsers[who].get(path)
        assert answer.status_code == status, answer.text
        return unescape(answer.text)

    def leads(self, who: str, path: str) -> str | None:
        """Return where a page sends the browser; None where it is shown itself."""
        answer = self._browsers[who].get(path)
        return answer.headers.get("location")

    def search(self, who: str, text: str) -> str:
        """Return the page of what is found, as the form leads there."""
        sent = self.sought(who, text)
        assert sent.status_code == 303
        return self.get(who, sent.headers["location"])

    def sought(self, who: str, text: str, **other: str) -> Response:
        """Send the form of the search; return where that leads."""
        page = self._browsers[who].get("/tim").text
        form = page[page.index('<form class="ask') :]
        csrf = form.partition('name="csrf" value="')[2].partition('"')[0]
        return self._browsers[who].post("/tim", data={"csrf": csrf, "q": text, **other})

    def send(self, who: str, path: str, told: Mapping[str, str], *, form: str = "") -> Response:
        """Open a page, fill in its form and send it, as it was opened or as `form` was."""
        page = form or self._browsers[who].get(path).text
        answer = self._browsers[who].post(path, data={**hidden(page), **told})
        self.catch_up()
        return answer

    def posted(self, who: str, path: str, told: Mapping[str, str]) -> Response:
        """Send what a form of a page says."""
        answer = self._browsers[who].post(path, data=told)
        self.catch_up()
        return answer

    def nominated(self, **other: str) -> str:
        """Return the path of the candidacy of somebody who was just nominated."""
        answer = self.send("cell", "/gioi-thieu", {**PERSON, **other})
        assert answer.status_code == 303, unescape(answer.text)
        return answer.headers["location"].partition("?")[0]

    def act(self, path: str, name: str, **other: str) -> Response:
        """Do an act of the journey as its officer does it."""
        who, told = JOURNEY[name]
        return self.send(who, f"{path}/{name}", {**told, **other})

    def brought_to(self, last: str, **other: str) -> str:
        """Return the path of a candidacy in which everything up to an act is done."""
        path = self.nominated(**other)
        for name in JOURNEY:
            answer = self.act(path, name)
            assert answer.status_code == 303, (name, unescape(answer.text))
            if name == last:
                break
        return path

    def facts(self, path: str) -> list[str]:
        """Return the names of the facts of a candidacy, as they were recorded."""
        recorded = self.ketnap.dossiers.told(UUID(path.rpartition("/")[2]))[1]
        return [type(fact).__name__ for fact in recorded]

    def reads(self) -> list[str]:
        """Return for which purposes personal data was read."""
        return [read.purpose for read in self.ketnap.keys.reads()]

    def _signed_in(self, name: str, password: str) -> TestClient:
        browser = TestClient(portal(self.web.access, self.web.app), follow_redirects=False)
        assert sign_in(browser, name, password).status_code == 303
        return browser


def hidden(page: str) -> dict[str, str]:
    """Return what the form of a page carries unseen."""
    form = page[page.index('<form class="fields"') :]
    form = form[: form.index("</form>")]
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form))


def steps(page: str) -> dict[str, tuple[str, str]]:
    """Return the line of steps: of each its state and what stands under its name."""
    return {
        name: (state, note)
        for state, name, note in re.findall(
            r'<li class="(\w+)"[^>]*><b>([^<]+)</b>.*?<span class="day">([^<]*)</span>', page
        )
    }


def wrong(page: str) -> dict[str, str]:
    """Return what a page says beside its fields."""
    return dict(re.findall(r'<p class="error" id="e-(\w+)">([^<]+)</p>', page))
