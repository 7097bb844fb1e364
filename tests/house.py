"""An installation that is open, the web over it, and people who ask there in a role."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from httpx2 import Response
from starlette.testclient import TestClient
from uuid_utils.compat import uuid7

from events.dossiers import Facets
from events.envelope import By
from infra.access import Grant
from services.dossiers import commands
from services.imports.run import import_files
from services.installation import Installation
from services.web import Web
from tests.installed import Site, Sites

BY = By(actor="clerk", document="QĐ 9")
FILES = {
    "organisations.csv": """\
code,name,kind,parent_code
T,Tỉnh ủy Thử,provincial_committee,
H,Huyện ủy Thử,district_committee,T
H-1,Đảng ủy Một,grassroots_committee,H
H-1-A,Chi bộ A,cell,H-1
H-2,Đảng ủy Hai,grassroots_committee,H
H-TT,Trung tâm,training_centre,H
K,Huyện ủy Khác,district_committee,T
K-1,Đảng ủy Xa,grassroots_committee,K
K-TT,Trung tâm Xa,training_centre,K
""",
    "targets.csv": """\
unit_code,period,kind,minimum,maximum,document
H,2022,assigned,10,10,KH 1
H-1,2022,assigned,6,6,KH 2
H-2,2022,assigned,4,4,KH 2
K,2022,assigned,5,5,KH 3
""",
    "classes.csv": """\
code,centre,opened_on,closed_on,enrolled,certified
L1,H-TT,2021-05-01,2021-05-10,40,39
L2,K-TT,2021-06-01,2021-06-10,30,30
""",
    "candidates.csv": """\
unit_code,person_ref,full_name,birth_date,sex,youth_union,nominated_on,decided_on,ceremony_on
H-1,R-1,Canary Nguyễn Thị Một,1990-01-01,female,yes,2021-03-01,2022-02-01,2022-02-10
H-1,R-2,Canary Trần Văn Hai,1992-01-01,male,no,2021-03-01,2022-03-01,2022-03-09
H-1-A,R-3,Canary Lê Thị Ba,1985-01-01,female,no,2021-03-01,2022-04-01,2022-04-12
H-1,R-4,Canary Phạm Văn Bốn,1995-01-01,male,yes,2022-05-01,,
K-1,R-5,Canary Hoàng Văn Năm,1990-01-01,male,yes,2021-03-01,2022-02-01,2022-02-10
""",
}
"""A province of two districts, one of which is nobody's but its own."""


@dataclass
class Asker:
    """Somebody who asks for a unit, in a role."""

    browser: TestClient
    headers: dict[str, str]

    def get(self, path: str, **query: Any) -> Response:  # noqa: ANN401 - whatever is asked
        """Ask."""
        return self.browser.get(path, params=query, headers=self.headers)

    def post(
        self, path: str, body: object, *, version: object = None, key: str | None = None
    ) -> Response:
        """Do something, each time under another key."""
        headers = self.headers | {"Idempotency-Key": key or uuid7().hex}
        if version is not None:
            headers["If-Match"] = f'"{version}"'
        return self.browser.post(path, json=body, headers=headers)


@dataclass
class House:
    """An installation, and the web over it."""

    ketnap: Installation
    web: Web
    site: Site
    browser: TestClient = field(init=False)

    def __post_init__(self) -> None:
        self.browser = TestClient(self.web.app, raise_server_exceptions=False)

    def grant(self, code: str, role: str) -> Grant:
        """Return the grant of an account that is made for it."""
        access = self.web.access
        name = f"{role}-{code}".replace("_", "-").lower()
        unit = self.ketnap.view.bearer(code, access.today())
        assert unit
        if access.account(name) is None:
            access.open_account(name)
            access.grant(name, unit, role, first=date(2020, 1, 1), by="test")
        account = access.account(name)
        assert account
        [grant] = access.grants(account.id)
        return grant

    def token(self, code: str, role: str = "district_board") -> str:
        """Return the token of somebody who acts for a unit."""
        return self.web.access.tokens.sign(self.grant(code, role), self.web.access.today())

    def asker(self, code: str, role: str = "district_board") -> Asker:
        """Return somebody who asks for a unit."""
        return Asker(self.browser, {"Authorization": f"Bearer {self.token(code, role)}"})

    def nominate(self, code: str, reference: str, on: date = date(2022, 5, 5)) -> int:
        """Nominate somebody who was not known; return the last position of it."""
        unit = self.ketnap.view.bearer(code, self.web.access.today())
        assert unit
        nominate = commands.NominateCandidate(
            candidacy=uuid7(),
            on=on,
            person_ref=reference,
            full_name=f"Canary {reference}",
            birth_date=date(1999, 9, 9),
            facets=Facets(sex="female"),
            unit=unit,
            by=BY,
        )
        return self.ketnap.dossiers.perform(nominate)[-1]

    def catch_up(self) -> None:
        """Let the views come to what is recorded, and tell who waits."""
        self.ketnap.catch_up()
        self.web.moved()


@contextmanager
def opened(sites: Sites, mode: str, folder: Path) -> Iterator[House]:
    """Open an installation with the province in it."""

    def take_in(site: Site) -> None:
        files = folder / "files"
        files.mkdir()
        for name, text in FILES.items():
            (files / name).write_text(text, "utf-8")
        with site.open() as ketnap:
            reports = import_files(ketnap, sorted(files.iterdir()), commit=True)
        assert all(report.is_good for report in reports)

    with (
        sites.copy(sites.built("house", mode, take_in), folder / "data") as site,
        site.open() as ketnap,
        closing(Web(ketnap)) as web,
    ):
        yield House(ketnap, web, site)
