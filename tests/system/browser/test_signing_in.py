from __future__ import annotations

from playwright.sync_api import expect

from tests.system.browser.office import PASSWORD, Office, ketnap, sign_in, violations


def test_a_wrong_password_is_told_and_the_right_one_leads_to_where_one_was_going(
    shown: Office,
) -> None:
    page = shown.window()
    page.goto("/don-vi/PD?period=2022")
    assert "/dang-nhap" in page.url

    sign_in(page, "ban-to-chuc-pd", "not-the-password")

    expect(page.get_by_role("alert")).to_contain_text("không đúng")
    expect(page.get_by_label("Tên đăng nhập")).to_have_value("ban-to-chuc-pd")
    assert violations(page) == []

    sign_in(page, "ban-to-chuc-pd", shown.passwords["ban-to-chuc-pd"])

    expect(page.get_by_role("heading", level=1)).to_contain_text("Huyện ủy Phong Điền")
    assert page.url.endswith("/don-vi/PD?period=2022")


def test_who_signs_out_is_out(shown: Office) -> None:
    page = shown.desk("kiem-tra-cg")

    page.locator("details.who summary").click()
    page.get_by_role("button", name="Đăng xuất").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Đăng nhập")
    page.goto("/don-vi/CG")
    assert "/dang-nhap" in page.url


def test_the_demo_tells_passwords_once(shown: Office) -> None:
    again = ketnap("demo", data=shown.server.data)

    assert again.returncode == 0
    assert PASSWORD.findall(again.stdout) == []
    assert "ketnap account password" in again.stdout


def test_a_renewed_password_ends_the_session(office: Office) -> None:
    page = office.desk("ban-to-chuc-pd")

    renewed = ketnap("account", "password", "ban-to-chuc-pd", data=office.server.data)
    page.reload()

    assert "/dang-nhap" in page.url
    sign_in(page, "ban-to-chuc-pd", renewed.stdout.split()[-1])
    expect(page.get_by_role("heading", level=1)).to_contain_text("Phong Điền")
