"""Pages and their streams over the distributed system, in browsers at two processes of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from deploy.local.processes import until
from tests.system.browser.office import chromium, find, sign_in
from tests.system.distributed.pages import Doors, doors
from tests.system.distributed.province import Serving

LIVE, AWAY = "Trực tiếp", re.compile("Đang nối lại|Mất kết nối")
UNIT = "/don-vi/QX?period=2026"
SECONDS = 60
PATIENCE_MS = SECONDS * 1000
STILL_THE_SAME = "window.stillTheSamePage"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = chromium(playwright)
        yield started
        started.close()


@pytest.fixture(scope="module")
def both(
    serving: Serving, browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Doors]:
    with doors(serving, browser, tmp_path_factory.mktemp("commune")) as opened:
        yield opened


@pytest.fixture(autouse=True)
def _nothing_goes_wrong(both: Doors) -> Iterator[None]:
    yield
    assert both.went_wrong() == []


def case_of(page: Page, number: int) -> str:
    """Return where the case of one of the commune's people is."""
    find(page, f"tong hop doi {number}")
    return str(page.locator("main table tbody a").first.get_attribute("href"))


def hold_ceremony(page: Page, number: int, on: str) -> None:
    page.goto(case_of(page, number))
    page.get_by_label("Ngày", exact=True).fill(on)
    page.get_by_role("button", name="Ghi lễ kết nạp").click()


def admitted(page: Page) -> int:
    return int(page.locator('[data-figure="QX/admitted"]').first.inner_text())


def watched(page: Page) -> int:
    """Return the figure of a page that tells what changes, and mark the page."""
    expect(page.locator("[data-state]")).to_have_text(LIVE, timeout=PATIENCE_MS)
    page.evaluate(f"() => {{ {STILL_THE_SAME} = true }}")
    return admitted(page)


def moves_to(page: Page, figure: int) -> None:
    """Expect that a page shows a figure which it was not loaded with."""
    shown = page.locator('[data-figure="QX/admitted"]').first
    expect(shown).to_have_text(str(figure), timeout=PATIENCE_MS)
    assert page.evaluate(f"() => {STILL_THE_SAME}") is True


def test_a_ceremony_recorded_at_one_door_moves_the_pages_at_the_other(both: Doors) -> None:
    unit, overview = (both.second.desk("dang-uy-q", to=path) for path in (UNIT, "/?period=2026"))
    before = watched(unit)
    assert watched(overview) == before
    cell = both.first.desk("chi-bo-q")

    hold_ceremony(cell, 1, "20/11/2026")

    expect(cell.locator("#written")).to_contain_text("Đã ghi")
    moves_to(unit, before + 1)
    moves_to(overview, before + 1)


def test_who_signed_in_at_one_door_is_known_at_the_other_until_signing_out_there(
    both: Doors,
) -> None:
    page = both.first.desk("dang-uy-q", to=UNIT)
    there = both.second.server.address

    page.goto(there + UNIT)
    expect(page.get_by_role("heading", level=1)).to_contain_text("Đảng ủy xã Đôi")
    page.locator("details.who summary").click()
    page.get_by_role("button", name="Đăng xuất").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Đăng nhập")

    page.goto(both.first.server.address + UNIT)
    assert "/dang-nhap" in page.url


def test_a_wrong_password_is_told_at_either_door(both: Doors) -> None:
    for office in both.offices:
        page = office.window()
        page.goto(UNIT)
        sign_in(page, "dang-uy-q", "not-the-password")
        expect(page.get_by_role("alert")).to_contain_text("không đúng")


def test_an_act_that_a_rule_refuses_says_why_at_the_door_with_dossiers_of_its_own(
    both: Doors,
) -> None:
    cell = both.second.desk("chi-bo-q")

    hold_ceremony(cell, 2, "05/11/2026")

    expect(cell.get_by_role("alert")).to_contain_text("trước")
    expect(cell.get_by_label("Ngày", exact=True)).to_have_value("05/11/2026")


def test_a_file_is_taken_in_at_one_door_and_its_person_found_at_the_other(
    both: Doors, tmp_path: Path
) -> None:
    file = tmp_path / "gioi-thieu.csv"
    file.write_text(
        "unit_code,person_ref,full_name,birth_date,nominated_on\n"
        "QC1,SYN-Q-90,Tổng hợp Từ Tệp,2001-02-03,2026-11-02\n",
        "utf-8",
    )
    desk = both.second.desk("dang-uy-q", to="/nhap")

    desk.locator("#f-file").set_input_files(file)
    desk.get_by_role("button", name="Kiểm tra").click()
    desk.get_by_role("button", name=re.compile("^Ghi")).click()

    heading = desk.get_by_role("heading", name=re.compile("Đã ghi"))
    expect(heading).to_be_visible(timeout=PATIENCE_MS)
    cell = both.first.desk("chi-bo-q")

    def found() -> bool:
        find(cell, "tong hop tu tep")
        return cell.locator("main table tbody a").count() == 1

    assert until(found, SECONDS)


def test_a_page_says_that_a_service_is_away_and_goes_on_when_it_is_back(both: Doors) -> None:
    page = both.second.desk("dang-uy-q", to=UNIT)
    before = watched(page)
    elsewhere = both.second.desk("chi-bo-q")

    with both.without("reporting-api"):
        expect(page.locator("[data-state]")).to_have_text(AWAY, timeout=PATIENCE_MS)
        assert admitted(page) == before, "what was seen last stays on the page"
        answer = elsewhere.goto("/don-vi/QC1")
        assert answer
        assert answer.status == 503
        expect(elsewhere.get_by_role("main")).to_contain_text("đang không trả lời")

    expect(page.locator("[data-state]")).to_have_text(LIVE, timeout=PATIENCE_MS)
    assert page.evaluate(f"() => {STILL_THE_SAME}") is True
    elsewhere.goto("/don-vi/QC1")
    expect(elsewhere.get_by_role("heading", level=1)).to_contain_text("Chi bộ Đôi")
    wrong = both.went_wrong()
    assert wrong
    assert all("503" in each for each in wrong)


def test_a_page_catches_up_when_a_killed_projector_is_back(both: Doors) -> None:
    page = both.second.desk("dang-uy-q", to=UNIT)
    before = watched(page)
    cell = both.first.desk("chi-bo-q")

    with both.without("reporting-projector"):
        hold_ceremony(cell, 3, "21/11/2026")
        expect(cell.locator("#said")).to_contain_text("Đã ghi", timeout=PATIENCE_MS)
        assert admitted(page) == before

    moves_to(page, before + 1)


def test_every_view_is_a_fold_of_its_own_ledgers_after_all_that(both: Doors) -> None:
    compared = both.province.run("replay", "--compare", "--json")

    assert compared.returncode == 0, compared.stdout[-2000:]
