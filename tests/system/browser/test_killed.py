"""The process dies at random moments while two browsers, a page and a command take files in."""

from __future__ import annotations

import random
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from threading import Timer

from playwright.sync_api import Error, Page, expect

from tests.system.browser.office import SECONDS, Office, fill, ketnap

ROUNDS = 3
ROWS, TYPED = 120, 40
"""How many people are in the file of the page, and in each of the command's."""
HEAD = "unit_code,person_ref,full_name,birth_date,nominated_on\n"
AWAY, LIVE = re.compile("Đang nối lại|Mất kết nối"), "Trực tiếp"


def nominate(page: Page, number: int) -> bool:
    """Nominate somebody; tell whether it was acknowledged."""
    try:
        page.goto("/gioi-thieu")
        fill(
            page,
            on="02/11/2026",
            full_name=f"Tổng hợp Bền Bỉ {number}",
            birth_date="09/09/1999",
            person_ref=f"SYN-XM-8{number:03}",
        )
        page.locator("form.fields button.main").click()
        page.wait_for_url(re.compile("/ho-so/"), timeout=5_000)
        return page.locator("#written").is_visible()
    except Error:
        return False


def sent(page: Page, file: Path) -> str:
    """Send a file in, and return where its check is shown."""
    page.goto("/nhap")
    page.locator("#f-file").set_input_files(file)
    page.locator("form.fields button.main").click()
    expect(page.locator('form[action$="/ghi"] button')).to_be_visible()
    return page.url


def nominated(page: Page) -> int:
    page.goto("/don-vi/XM?period=2026")
    return int(page.locator('[data-figure="XM/funnel.nominated"]').first.inner_text())


def written(file: Path, units: str, references: Sequence[str]) -> Path:
    """Write a file of people who are nominated."""
    rows = [f"{units},{ref},Tổng hợp Nhiều {ref[-4:]},2000-01-01,2026-11-02" for ref in references]
    file.write_text(HEAD + "\n".join(rows) + "\n", "utf-8")
    return file


class Importer:
    """`ketnap import`, a process of its own beside `ketnap up`."""

    def __init__(self, file: Path, data: Path) -> None:
        self._command = [sys.executable, "-m", "services", "import", str(file), "--commit"]
        self._command += ["--data", str(data)]
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Begin, and do not wait."""
        self._process = subprocess.Popen(
            self._command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def kill(self) -> None:
        """End it without a word."""
        assert self._process
        self._process.kill()
        self._process.communicate(timeout=SECONDS)

    def end(self) -> tuple[int, str]:
        """Return how it ended, and what it said."""
        assert self._process
        said, _ = self._process.communicate(timeout=SECONDS)
        return self._process.returncode, said


def test_nothing_acknowledged_is_lost_and_open_pages_say_what_happens(
    office: Office, tmp_path: Path
) -> None:
    chance = random.Random(4)
    watching = office.desk("dang-uy-xa-mau", to="/?period=2026")
    clerk, cell = office.desk("dang-uy-xa-mau"), office.desk("chi-bo-xm")
    references = [f"SYN-XM-7{n:03}" for n in range(ROWS)]
    file = written(tmp_path / "nhieu-nguoi.csv", "XM-02-1", references)
    typed = [
        Importer(
            written(
                tmp_path / f"lenh-{each}.csv",
                "XM-02-2",
                [f"SYN-XM-6{each}{n:02}" for n in range(TYPED)],
            ),
            office.server.data,
        )
        for each in range(ROUNDS)
    ]
    before, number = nominated(clerk), 0
    acknowledged: list[int] = []
    upload = sent(clerk, file)

    for importer in typed:
        expect(watching.locator("[data-state]")).to_have_text(LIVE, timeout=20_000)
        number += 1
        assert nominate(cell, number)
        acknowledged.append(number)
        clerk.goto(upload)
        if (button := clerk.locator('form[action$="/ghi"] button')).count():
            button.first.click(no_wait_after=True)
        importer.start()
        killer = Timer(chance.uniform(0.2, 1.2), office.server.kill)
        killer.start()
        while killer.is_alive():
            number += 1
            if nominate(cell, number):
                acknowledged.append(number)
        killer.join()
        expect(watching.locator("[data-state]")).to_have_text(AWAY)
        if importer is typed[-1]:
            importer.kill()  # this one dies too, and is begun again
            importer.start()
        office.server.start()
        assert importer.end()[0] == 0

    expect(watching.locator("[data-state]")).to_have_text(LIVE, timeout=20_000)
    clerk.goto(upload)
    if (button := clerk.locator('form[action$="/ghi"] button')).count():
        button.first.click()
    expect(clerk.get_by_role("heading", name="Đã ghi")).to_be_visible(timeout=20_000)
    for again in range(1, number + 1):  # who was not acknowledged may be there: never twice
        if again not in acknowledged:
            nominate(cell, again)
    assert nominated(clerk) == before + ROWS + ROUNDS * TYPED + number
    assert ketnap("verify", data=office.server.data).returncode == 0
    assert ketnap("replay", "--compare", data=office.server.data).returncode == 0
