from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.system.browser.office import Office, find, looks_right

PD = "/don-vi/PD?period=2022&as_of=2022-09-30"
CASE, FOUND = "/ho-so/…", "/tim?…"


def admitted(page: Page) -> int:
    """Return the number admitted that a page shows."""
    return int(page.locator('[data-figure$="/admitted"]').first.inner_text().replace(".", ""))


def the_case(office: Office) -> str:
    """Return where the case is of somebody whose ceremony is awaited."""
    page = office.desk("chi-bo-xm")
    find(page, "0018")
    return str(page.locator("main table tbody a").first.get_attribute("href"))


def test_the_figure_of_the_article_stands_with_its_operands(shown: Office) -> None:
    page = shown.desk("ban-to-chuc-pd", to="/don-vi/PD")

    page.get_by_label("Số liệu tính đến ngày").fill("26/08/2022")
    page.get_by_role("combobox", name="Kỳ").fill("2022")
    page.get_by_role("button", name="Xem", exact=True).click()

    expect(page.get_by_role("main")).to_contain_text("34,4%")
    assert admitted(page) == 52
    assert "as_of=" in page.url


def test_one_travels_back_to_what_was_known_before_the_correction(shown: Office) -> None:
    before = (shown.server.data / "demo.loaded").read_text("utf-8")
    page = shown.desk("ban-to-chuc-pd", to="/don-vi/PD")
    page.goto(PD)
    assert admitted(page) == 54

    page.get_by_label("Theo những gì đã biết lúc").fill(before)
    page.get_by_role("button", name="Xem", exact=True).click()

    assert admitted(page) == 55
    assert "known_at=" in page.url
    expect(page.locator("body")).not_to_have_attribute("data-stream", re.compile("."))
    page.locator('[data-figure="PD/admitted"]').first.click()
    expect(page.get_by_role("main")).to_contain_text("55")
    assert "known_at=" in page.url


PAGES = {
    "ban-to-chuc-pd": ("/?period=2022", PD, "/con-so/PD/admitted?period=2022", "/nowhere"),
    "chi-bo-xm": ("/viec", FOUND, "/gioi-thieu", CASE, f"{CASE}/dinh-chinh"),
    "dang-uy-xa-mau": ("/", "/don-vi/XM", "/nhap", CASE),
    "dang-uy-co-so-xm": ("/tham-tra",),
    "trung-tam-xm": ("/lop",),
    "quan-chung-xm": ("/",),
    "noi-tham-tra-xm": ("/tham-tra",),
}
"""Every kind of page, by who sees it."""


@pytest.mark.parametrize("name", PAGES)
def test_pages_are_accessible_and_fit_in_every_light_and_width(shown: Office, name: str) -> None:
    page = shown.desk(name)
    for path in PAGES[name]:
        if path == FOUND:
            find(page, "tong hop")
        else:
            page.goto(the_case(shown) + path.removeprefix(CASE) if CASE in path else path)
        looks_right(page)


def test_pages_of_a_file_that_is_taken_in_are_accessible_and_fit(
    shown: Office, tmp_path: Path
) -> None:
    head = "unit_code,person_ref,full_name,birth_date,nominated_on\n"
    good = "XM-02-1,SYN-XM-9401,Tổng hợp Tệp Tốt,2001-02-03,2026-11-02\n"
    page = shown.desk("dang-uy-xa-mau")
    for name, rows in (("tot.csv", good), ("sai.csv", good + good.replace("XM-02-1", "XM-99"))):
        (tmp_path / name).write_text(head + rows, "utf-8")
        page.goto("/nhap")
        page.locator("#f-file").set_input_files(tmp_path / name)
        page.get_by_role("button", name="Kiểm tra").click()
        expect(page.locator("dl.counts")).to_be_visible()
        looks_right(page)
    page.goto("/nhap")  # where both are listed now
    looks_right(page)


def test_on_paper_there_are_figures_and_no_controls(shown: Office) -> None:
    page = shown.desk("ban-to-chuc-pd")
    page.goto(PD)

    page.emulate_media(media="print")

    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.locator('[data-figure="PD/admitted"]').first).to_be_visible()
    expect(page.locator("nav.menu")).to_be_hidden()
    expect(page.get_by_role("button", name="Xem", exact=True)).to_be_hidden()
    expect(page.locator("footer.stamp")).to_be_visible()
    assert page.pdf()[:4] == b"%PDF"


def test_a_table_is_filtered_without_marks(shown: Office) -> None:
    page = shown.desk("ban-to-chuc-pd")
    page.goto(PD)
    rows = page.locator("#units tbody tr:not(.total)")
    assert rows.count() == 35

    page.get_by_role("textbox", name="Lọc đơn vị").press_sequentially(
        "don vi 07", delay=300
    )  # slower than the page waits: an answer to fewer letters must not come last

    expect(rows).to_have_count(1)
    expect(rows.first).to_contain_text("Đơn vị 07")


def test_a_file_of_a_table_has_numbers(shown: Office) -> None:
    page = shown.desk("ban-to-chuc-pd")
    page.goto(PD)

    with page.expect_download() as downloaded:
        page.get_by_role("link", name="Tải xlsx").first.click()

    assert downloaded.value.suggested_filename.endswith(".xlsx")


def test_the_keyboard_alone_leads_from_signing_in_to_the_facts(shown: Office) -> None:
    page = shown.window()
    page.goto("/dang-nhap?to=/don-vi/PD%3Fperiod%3D2022")
    page.keyboard.type("ban-to-chuc-pd")
    page.keyboard.press("Tab")
    page.keyboard.type(shown.passwords["ban-to-chuc-pd"])
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r":\d+/don-vi/PD"))

    page.keyboard.press("Tab")
    expect(page.locator("a.skip")).to_be_focused()
    expect(page.locator("a.skip")).to_be_in_viewport()
    page.keyboard.press("Enter")
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("() => document.activeElement.dataset.figure") == "PD/admitted":
            break
    page.keyboard.press("Enter")

    page.wait_for_url("**/con-so/PD/admitted**")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Đã kết nạp")
