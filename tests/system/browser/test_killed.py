"""The process dies at random moments while two browsers and an import work."""

from __future__ import annotations

import random
import re
from pathlib import Path
from threading import Timer

from playwright.sync_api import Error, Page, expect

from tests.system.browser.office import Office, fill, ketnap

ROUNDS = 3
ROWS = 120
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


def test_nothing_acknowledged_is_lost_and_open_pages_say_what_happens(
    office: Office, tmp_path: Path
) -> None:
    chance = random.Random(4)
    watching = office.desk("dang-uy-xa-mau", to="/?period=2026")
    clerk, cell = office.desk("dang-uy-xa-mau"), office.desk("chi-bo-xm")
    file = tmp_path / "nhieu-nguoi.csv"
    rows = [f"XM-02-1,SYN-XM-7{n:03},Tổng hợp Nhiều {n},2000-01-01,2026-11-02" for n in range(ROWS)]
    file.write_text(HEAD + "\n".join(rows) + "\n", "utf-8")
    before, number = nominated(clerk), 0
    acknowledged: list[int] = []
    upload = sent(clerk, file)

    for _ in range(ROUNDS):
        expect(watching.locator("[data-state]")).to_have_text(LIVE, timeout=20_000)
        number += 1
        assert nominate(cell, number)
        acknowledged.append(number)
        clerk.goto(upload)
        if (button := clerk.locator('form[action$="/ghi"] button')).count():
            button.first.click(no_wait_after=True)
        killer = Timer(chance.uniform(0.2, 1.2), office.server.kill)
        killer.start()
        while killer.is_alive():
            number += 1
            if nominate(cell, number):
                acknowledged.append(number)
        killer.join()
        expect(watching.locator("[data-state]")).to_have_text(AWAY)
        office.server.start()

    expect(watching.locator("[data-state]")).to_have_text(LIVE, timeout=20_000)
    clerk.goto(upload)
    if (button := clerk.locator('form[action$="/ghi"] button')).count():
        button.first.click()
    expect(clerk.get_by_role("heading", name="Đã ghi")).to_be_visible(timeout=20_000)
    for again in range(1, number + 1):  # who was not acknowledged may be there: never twice
        if again not in acknowledged:
            nominate(cell, again)
    assert nominated(clerk) == before + ROWS + number
    assert ketnap("verify", data=office.server.data).returncode == 0
    assert ketnap("replay", "--compare", data=office.server.data).returncode == 0
