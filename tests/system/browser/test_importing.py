from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import expect

from tests.system.browser.office import Office, find, violations

HEAD = "unit_code,person_ref,full_name,birth_date,sex,nominated_on\n"
GOOD = "XM-02-1,SYN-XM-9001,Tổng hợp Người Mới,2001-02-03,female,2026-11-02\n"
BAD = "XM-99,SYN-XM-9002,Tổng hợp Người Sai,2000-01-01,male,2026-11-02\n"


def test_a_file_with_one_bad_row_is_shown_mended_and_written(
    office: Office, tmp_path: Path
) -> None:
    file = tmp_path / "gioi-thieu.csv"
    file.write_text(HEAD + GOOD + BAD, "utf-8")
    desk = office.desk("dang-uy-xa-mau", to="/nhap")

    desk.locator("#f-file").set_input_files(file)
    desk.get_by_role("button", name="Kiểm tra").click()

    errors = desk.locator("main table tbody tr")
    expect(errors).to_have_count(1)
    expect(errors.first).to_contain_text("XM-99")
    assert violations(desk) == []
    with desk.expect_download() as downloaded:
        desk.locator('a[href*="loi.csv"]').click()
    assert "XM-99" in downloaded.value.path().read_text("utf-8-sig")

    file.write_text(HEAD + GOOD + BAD.replace("XM-99", "XM-02-2"), "utf-8")
    desk.goto("/nhap")
    desk.locator("#f-file").set_input_files(file)
    desk.get_by_role("button", name="Kiểm tra").click()
    desk.get_by_role("button", name=re.compile("^Ghi")).click()

    expect(desk.get_by_role("heading", name=re.compile("Đã ghi"))).to_be_visible()
    find(desk, "nguoi sai")
    expect(desk.locator("main table tbody a")).to_have_count(1)
