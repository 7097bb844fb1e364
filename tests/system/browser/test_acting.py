"""An officer acts: it is recorded and seen elsewhere at once, or refused with the reason."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.system.browser.office import Office, fill, find, ketnap, violations

AWAITS_CEREMONY = "tong hop xa mau 0018"
WINDOW = "window.stillTheSamePage"


def open_case(page: Page, person: str) -> None:
    """Find a person by the search box, as one types without marks."""
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type(person)
    page.keyboard.press("Enter")
    page.locator("main table tbody a").first.click()
    page.wait_for_url(re.compile("/ho-so/"))


def test_what_was_typed_is_in_no_address_and_going_back_shows_what_was_found(shown: Office) -> None:
    desk = shown.desk("chi-bo-xm")
    addresses: list[str] = []
    desk.on("request", lambda request: addresses.append(request.url))

    open_case(desk, AWAITS_CEREMONY)
    desk.go_back()

    expect(desk.locator("main table tbody a")).to_have_count(1)
    assert not [each for each in addresses if "mau" in each]


def admitted(page: Page, unit: str) -> int:
    return int(page.locator(f'[data-figure="{unit}/admitted"]').first.inner_text())


def test_a_ceremony_is_recorded_and_an_overview_elsewhere_moves_without_reload(
    office: Office,
) -> None:
    overview = office.desk("dang-uy-xa-mau", to="/?period=2026")
    expect(overview.locator("[data-state]")).to_have_text("Trực tiếp")
    before = admitted(overview, "XM")
    overview.evaluate(f"() => {{ {WINDOW} = true }}")
    desk = office.desk("chi-bo-xm")

    open_case(desk, AWAITS_CEREMONY)
    desk.get_by_label("Ngày", exact=True).fill("20/11/2026")
    desk.get_by_role("button", name="Ghi lễ kết nạp").click()

    expect(desk.locator("#written")).to_contain_text("Đã ghi")
    figure = overview.locator('[data-figure="XM/admitted"]').first
    expect(figure).to_have_text(str(before + 1))
    assert overview.evaluate(f"() => {WINDOW}") is True
    figure.click()
    expect(overview.get_by_role("heading", level=1)).to_contain_text(f"= {before + 1}")
    overview.go_back()
    assert ketnap("replay", "--compare", data=office.server.data).returncode == 0


def test_an_act_is_refused_beside_its_field_with_the_reason(shown: Office) -> None:
    desk = shown.desk("chi-bo-xm")
    open_case(desk, AWAITS_CEREMONY)

    desk.get_by_label("Ngày", exact=True).fill("05/11/2026")
    desk.get_by_role("button", name="Ghi lễ kết nạp").click()

    alert = desk.get_by_role("alert")
    expect(alert).to_contain_text("trước")
    expect(desk.get_by_label("Ngày", exact=True)).to_have_value("05/11/2026")
    expect(desk.get_by_label("Ngày", exact=True)).to_have_attribute("aria-invalid", "true")
    assert violations(desk) == []
    desk.get_by_label("Ngày", exact=True).fill("31/02/2026")
    desk.get_by_role("button", name="Ghi lễ kết nạp").click()
    expect(desk.get_by_role("alert")).to_contain_text("ngày")


def test_what_cannot_be_done_yet_says_why(shown: Office) -> None:
    desk = shown.desk("chi-bo-xm")
    open_case(desk, AWAITS_CEREMONY)

    blocked = desk.locator("details", has_text="Việc chưa ghi được, và vì sao")
    blocked.locator("summary").click()

    expect(blocked).to_contain_text("Chưa thể rút hồ sơ")
    expect(blocked).to_contain_text("công nhận đảng viên chính thức")


def test_a_case_of_another_unit_does_not_exist_in_a_page_or_in_a_search(shown: Office) -> None:
    board = shown.desk("dang-uy-xa-mau")
    open_case(board, "tong hop xa mau 0020")
    there = board.url
    desk = shown.desk("chi-bo-xm")

    answer = desk.goto(there)

    assert answer
    assert answer.status == 404
    find(desk, "tong hop xa mau 0020")
    expect(desk.locator("main table tbody a")).to_have_count(0)
    unknown = desk.goto("/ho-so/01900000-0000-7000-8000-000000000000")
    assert unknown
    assert unknown.status == 404


def test_a_correction_with_its_reason_moves_the_figure_and_keeps_what_was_known(
    office: Office,
) -> None:
    desk = office.desk("dang-uy-xa-mau", to="/")
    desk.goto("/don-vi/XM?period=2026&as_of=2026-03-05")
    before = admitted(desk, "XM")
    open_case(desk, "tong hop xa mau 0009")
    desk.get_by_role("link", name=re.compile("^Đính chính: Lễ kết nạp")).click()

    fill(desk, day="05/03/2026", reason="Ghi nhầm ngày", document="BB 12")
    desk.get_by_role("button", name="Ghi đính chính").click()

    expect(desk.locator("#written")).to_contain_text("Đã ghi")
    expect(desk.locator("ol.history li").first).to_contain_text("05/03/2026")
    desk.goto("/don-vi/XM?period=2026&as_of=2026-03-05")
    assert admitted(desk, "XM") == before + 1
