"""A commune whose officers sit before the pages of two processes, each with services beside it."""

from __future__ import annotations

import csv
import os
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from playwright.sync_api import Browser

from events.envelope import By
from infra.settings import URLS
from services.installation import Installation
from services.terminal.accounts import accounts_of
from tests.system.browser.office import Office, Server
from tests.system.distributed.province import Province, Serving, free_ports

UNITS = (
    ("code", "name", "kind", "parent_code"),
    ("QP", "Tỉnh ủy Đôi", "provincial_committee", ""),
    ("QX", "Đảng ủy xã Đôi", "commune_committee", "QP"),
    ("QC1", "Chi bộ Đôi", "cell", "QX"),
)
AWAITING = {
    "unit_code": "QC1",
    "birth_date": "1990-04-19",
    "nominated_on": "2026-03-24",
    "certified_on": "2026-08-10",
    "applied_on": "2026-09-16",
    "sealed_on": "2026-09-21",
    "verification_asked_on": "2026-09-24",
    "verification_closed_on": "2026-10-12",
    "cell_vote_on": "2026-10-16",
    "dossier_received_on": "2026-10-29",
    "political_standard_on": "2026-11-02",
    "decided_on": "2026-11-09",
    "decision_received_on": "2026-11-10",
}
"""What is recorded of somebody whose ceremony is next."""
PEOPLE = [
    {**AWAITING, "person_ref": f"SYN-Q-{number}", "full_name": f"Tổng hợp Đôi {number}"}
    for number in range(1, 4)
]
OFFICERS = {"chi-bo-q": ("QC1", "cell_committee"), "dang-uy-q": ("QX", "commune_committee")}
BY = By(actor="operator", document="QĐ 1")
WITH_ITS_OWN = ("portal-api", "dossiers-api")


class Pages(Server):
    """The pages of one process of those that `ketnap serve` runs."""

    def __init__(self, serving: Serving) -> None:
        super().__init__(serving.province.folder)
        self._serving = serving

    @property
    def address(self) -> str:
        """Return where they are asked for."""
        return self._serving.address("portal-api")


@dataclass
class Doors:
    """The same province behind two processes of the pages."""

    province: Province
    all_roles: Serving
    first: Office
    second: Office

    @property
    def offices(self) -> Sequence[Office]:
        """Return both."""
        return self.first, self.second

    @contextmanager
    def without(self, role: str) -> Iterator[None]:
        """Kill a role, which is started again when the block ends, and not before."""
        keeper, pid = self.all_roles.process.pid, self.all_roles.pid(role)
        os.kill(keeper, signal.SIGSTOP)
        try:
            os.kill(pid, signal.SIGKILL)
            yield
        finally:
            os.kill(keeper, signal.SIGCONT)
            self.all_roles.wait_ready()

    def went_wrong(self) -> list[str]:
        """Return what went wrong on pages since this was asked last."""
        found = [each for office in self.offices for each in office.wrong]
        for office in self.offices:
            office.wrong.clear()
        return found


@contextmanager
def doors(serving: Serving, browser: Browser, folder: Path) -> Iterator[Doors]:
    """Bring the commune into being, and serve pages a second time, with dossiers of its own."""
    province = serving.province
    told = province.run("import", *_files(folder), "--commit")
    assert told.returncode == 0, told.stdout + told.stderr
    with province.opened() as ketnap:
        passwords = _accounts(ketnap)
    beside = Province(province.stack, province.folder, free_ports())
    beside.told |= {url: serving.address(f"{name}-api") for name, url in URLS.items()}
    with beside.serving(*WITH_ITS_OWN) as second:
        opened = Doors(
            province,
            serving,
            Office(Pages(serving), passwords, browser),
            Office(Pages(second), passwords, browser),
        )
        try:
            yield opened
        finally:
            for office in opened.offices:
                office.close()


def _files(folder: Path) -> list[Path]:
    units, people = folder / "organisations.csv", folder / "candidates.csv"
    with units.open("w", newline="") as out:
        csv.writer(out).writerows(UNITS)
    with people.open("w", newline="") as out:
        writer = csv.DictWriter(out, list(PEOPLE[0]))
        writer.writeheader()
        writer.writerows(PEOPLE)
    return [units, people]


def _accounts(ketnap: Installation) -> Mapping[str, str]:
    passwords = {}
    with accounts_of(ketnap) as access:
        for name, (code, role) in OFFICERS.items():
            [unit] = ketnap.units.tree.with_code(code)
            account, passwords[name] = access.open_account(name)
            access.grant(account.name, unit, role, first=date.min, by=BY.actor)
    return passwords
