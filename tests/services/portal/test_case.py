"""The page of a candidacy: its steps, its next act and why others wait, deadlines, history."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

import pytest

from tests.installed import Site
from tests.services.portal.desk import JOURNEY, Desk, hidden, steps, wrong


@pytest.fixture(scope="module")
def desk(site: Site) -> Iterator[Desk]:
    opened = Desk(site)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def voted(desk: Desk) -> str:
    """A candidacy on which the cell has voted."""
    return desk.brought_to("cell-vote", person_ref="voted", full_name="Lê Văn Bầu")


@pytest.fixture(scope="module")
def member(desk: Desk) -> str:
    """A candidacy that was brought to its end, through the pages alone."""
    return desk.brought_to("recognition", person_ref="member", full_name="Phạm Thị Chính")


def test_a_newcomer_becomes_a_member_through_the_pages_alone(desk: Desk, member: str) -> None:
    page = desk.get("bloc", member)

    assert {state for state, _ in steps(page).values()} == {"done"}
    assert steps(page)["Lễ kết nạp"] == ("done", "01/06/2023")
    assert steps(page)["Chính thức"] == ("done", "03/06/2024")
    assert "hành trình đã trọn" in page


def test_the_line_of_steps_says_what_is_done_and_what_it_waits_for(desk: Desk, voted: str) -> None:
    line = steps(desk.get("cell", voted))

    assert line["Chi bộ xét"] == ("done", "12/04/2023")
    assert line["Tiếp nhận"] == ("now", "đang chờ")
    assert line["Lễ kết nạp"] == ("ahead", "")


def test_the_next_act_is_a_form_with_its_limits_under_the_fields(desk: Desk, voted: str) -> None:
    page = desk.get("bloc", voted)

    assert "Việc tiếp theo: tiếp nhận hồ sơ" in page
    assert f'action="{voted}/dossier-receipt" method="post"' in page
    assert "không trước 12/04/2023" in page
    assert 'aria-describedby="h-on"' in page


def test_who_does_not_do_the_next_act_reads_whose_it_is(desk: Desk, voted: str) -> None:
    page = desk.get("cell", voted)

    assert "Đang chờ: tiếp nhận hồ sơ" in page
    assert "Bước này thuộc: " in page
    assert "Đảng ủy Khối Cơ quan - Doanh nghiệp" in page
    assert "/dossier-receipt" not in page


def test_an_act_that_is_blocked_says_by_which_rule_and_what_frees_it(desk: Desk) -> None:
    path = desk.nominated(person_ref="blocked", full_name="Hồ Văn Chặn")
    page = desk.get("base", f"{path}/personal-history-seal")

    assert "Chưa thể đóng dấu giáp lai lý lịch" in page
    assert "Chưa có bước đơn xin vào Đảng" in page
    assert "Quy tắc: Đơn xin vào Đảng có trước lý lịch." in page
    assert "Mở ra khi: Ghi nhận đơn xin vào Đảng trước." in page
    assert "24-QĐ/TW" in page or "208-QĐ/TW" in page


def test_a_deadline_says_how_it_was_counted(desk: Desk, voted: str) -> None:
    page = desk.get("bloc", voted)

    assert "Hạn xét, quyết định" in page
    assert "60 ngày làm việc, từ sau ngày chi bộ biểu quyết 12/04/2023." in page
    assert re.search(r"Không kể thứ bảy, chủ nhật và ngày nghỉ 01.03/05\.", page)
    assert "Theo 24-QĐ/TW, 30/07/2021." in page
    assert re.search(r"quá hạn [\d.]+ ngày làm việc", page)


def test_what_was_written_is_said_and_shown_first(desk: Desk) -> None:
    path = desk.nominated(person_ref="shown", full_name="Ngô Thị Mới")
    answer = desk.act(path, "application")
    page = desk.get("cell", answer.headers["location"])

    assert answer.status_code == 303
    assert re.search(r"Đã ghi \(hồ sơ [\d.]+\)", page)
    assert page.count("vừa ghi") == 1
    assert re.search(r"ghi \d\d/\d\d/\d{4} \d\d:\d\d · cell.* · hồ sơ [\d.]+", page)


def test_a_double_click_is_one_act(desk: Desk) -> None:
    path = desk.nominated(person_ref="double", full_name="Vũ Văn Đôi")
    form = desk.get("cell", f"{path}/application")
    first = desk.send("cell", f"{path}/application", JOURNEY["application"][1], form=form)
    again = desk.send("cell", f"{path}/application", JOURNEY["application"][1], form=form)

    assert [first.status_code, again.status_code] == [303, 303]
    assert again.headers["location"] == first.headers["location"]
    assert desk.facts(path).count("ApplicationSubmitted") == 1


def test_what_the_rules_refuse_is_said_beside_its_field_and_what_was_written_stays(
    desk: Desk,
) -> None:
    path = desk.brought_to("verification-note", person_ref="tally", full_name="Trịnh Văn Phiếu")
    answer = desk.act(path, "cell-vote", present="21", document="3-NQ/CB")
    page = unescape(answer.text)

    assert answer.status_code == 422
    assert "Số phiếu không thể đúng" in wrong(page)["in_favour"]
    assert '<a href="#f-in_favour">' in page
    assert 'role="alert"' in page
    assert 'name="document" value="3-NQ/CB"' in page
    assert desk.send("cell", f"{path}/cell-vote", JOURNEY["cell-vote"][1], form=page).is_redirect


def test_fields_that_cannot_be_read_are_named_all_at_once(desk: Desk) -> None:
    path = desk.brought_to("verification-note", person_ref="words", full_name="Cao Thị Chữ")
    page = unescape(desk.act(path, "cell-vote", on="32/01/2023", present="mười", in_favour="").text)

    assert "còn 3 chỗ cần sửa" in page
    assert wrong(page)["on"].startswith("Không phải là một ngày")
    assert wrong(page)["present"].startswith("Không phải là số")
    assert wrong(page)["in_favour"] == "Chưa điền."
    assert 'value="mười"' in page


def test_a_day_to_come_is_refused_beside_the_day(desk: Desk) -> None:
    path = desk.nominated(person_ref="future", full_name="Mai Văn Tới")
    answer = desk.act(path, "application", on="01/01/2999")

    assert answer.status_code == 422
    assert "on" in wrong(unescape(answer.text))


def test_a_change_by_another_officer_is_told_and_nothing_is_written_over_it(desk: Desk) -> None:
    path = desk.brought_to("decision-receipt", person_ref="stale", full_name="Lý Văn Chậm")
    seen = desk.get("cell", f"{path}/ceremony")
    told = {"what": "facet.occupation", "value": "giáo viên", "reason": "nhầm", "document": "BB 1"}
    desk.send("base", f"{path}/dinh-chinh", told)
    answer = desk.send("cell", f"{path}/ceremony", JOURNEY["ceremony"][1], form=seen)
    page = unescape(answer.text)

    assert answer.status_code == 412
    assert "Hồ sơ vừa được người khác sửa" in page
    assert 'name="on" value="01/06/2023"' in page
    assert "CeremonyHeld" not in desk.facts(path)
    assert hidden(page)["version"] != hidden(seen)["version"]
    assert desk.send("cell", f"{path}/ceremony", JOURNEY["ceremony"][1], form=page).is_redirect
    assert "CeremonyHeld" in desk.facts(path)


def test_a_vote_that_did_not_carry_and_a_return_are_waited_for_again(desk: Desk) -> None:
    path = desk.brought_to("verification-note", person_ref="again", full_name="Tô Văn Lại")
    desk.act(path, "cell-vote", in_favour="13")
    assert steps(desk.get("cell", path))["Chi bộ xét"] == ("now", "không đạt 12/04/2023")

    desk.act(path, "cell-vote", on="14/04/2023")
    desk.act(path, "dossier-receipt")
    told = {"on": "21/04/2023", "reason": "thiếu nhận xét chi ủy nơi cư trú"}
    assert desk.send("bloc", f"{path}/dossier-return", told).is_redirect
    page = desk.get("bloc", path)

    assert steps(page)["Tiếp nhận"] == ("now", "trả lại 21/04/2023")
    assert "Việc tiếp theo: tiếp nhận hồ sơ" in page


def test_a_candidacy_that_ended_says_when_and_how(desk: Desk) -> None:
    path = desk.nominated(person_ref="gone", full_name="Kim Văn Rút")
    desk.send("cell", f"{path}/withdrawal", {"on": "01/02/2023"})
    page = desk.get("cell", path)

    assert steps(page)["Rút hồ sơ"] == ("ended", "01/02/2023")
    assert "Hồ sơ đã kết thúc: Rút hồ sơ, ngày 01/02/2023" in page


def test_the_name_is_opened_for_a_purpose_and_the_rest_only_when_one_is_given(
    desk: Desk, voted: str
) -> None:
    page = desk.get("bloc", voted)
    assert "<h1>Lê Văn Bầu</h1>" in page
    assert "mỗi lần xem được ghi nhật ký" in page
    assert desk.reads()[-1] == "xử lý hồ sơ"
    assert "Số định danh" not in page

    opened = desk.get("bloc", f"{voted}?de=check")
    assert "Số định danh" in opened
    assert "voted" not in opened
    assert desk.reads()[-1] == "Đối chiếu với hồ sơ giấy"


def test_beside_the_scope_a_candidacy_looks_like_none(desk: Desk, voted: str) -> None:
    nowhere = "/ho-so/01900000-0000-7000-8000-000000000000"
    hide = re.compile(r"Mã yêu cầu: \w+|value=\"\w+\"")

    beside = hide.sub("", desk.get("sister", voted, 404))
    assert beside == hide.sub("", desk.get("sister", nowhere, 404))
    assert "Lê Văn Bầu" not in beside
    form = desk.get("sister", "/gioi-thieu")
    assert desk.send("sister", f"{voted}/withdrawal", {}, form=form).status_code == 404


def test_who_only_reads_has_no_form(desk: Desk, voted: str) -> None:
    page = desk.get("inspector", voted)

    assert 'class="fields"' not in page
    assert "Đính chính" not in page
    assert "không có việc nào vai trò này ghi được" in page


def test_an_act_that_there_is_none_of_is_not_found(desk: Desk, voted: str) -> None:
    desk.get("cell", "/ho-so/none", 404)
    desk.get("cell", f"{voted}/baptism", 404)
    desk.get("cell", f"{voted}/dinh-chinh?of=999", 404)
    desk.get("inspector", f"{voted}/dinh-chinh", 404)


def test_a_form_that_was_made_for_somebody_else_records_nothing(desk: Desk) -> None:
    path = desk.nominated(person_ref="foreign", full_name="Đỗ Thị Lạ")
    theirs = desk.get("base", f"{path}/certificate")
    answer = desk.send("cell", f"{path}/application", JOURNEY["application"][1], form=theirs)

    assert answer.status_code == 403
    assert "ApplicationSubmitted" not in desk.facts(path)


def test_a_fact_is_set_right_with_reason_and_document(desk: Desk) -> None:
    path = desk.brought_to("application", person_ref="right", full_name="Hà Thị Đúng")
    page = desk.get("cell", path)
    form = re.search(
        rf'href="({path}/dinh-chinh\?of=\d+)" aria-label="[^"]*(?:Nộp đơn|đơn xin)', page
    )
    assert form
    told = {"what": "day", "day": "10/02/2023", "reason": "ghi nhầm ngày", "document": "BB 12"}
    answer = desk.send("cell", form[1], told)

    assert answer.is_redirect, unescape(answer.text)
    assert steps(desk.get("cell", path))["Nộp đơn"] == ("done", "10/02/2023")


def test_a_correction_needs_its_reason_its_document_and_what_is_right(desk: Desk) -> None:
    path = desk.brought_to("application", person_ref="bare", full_name="Bùi Văn Trống")
    page = unescape(desk.send("cell", f"{path}/dinh-chinh", {"what": "unit"}).text)

    assert set(wrong(page)) == {"unit", "reason", "document"}
    assert "Đính chính: cả hồ sơ" in page


def test_a_fact_that_never_happened_is_retracted_by_who_may(desk: Desk) -> None:
    path = desk.brought_to("application", person_ref="never", full_name="Tạ Thị Không")
    of = re.search(
        r"dinh-chinh\?of=(\d+)\" aria-label=\"[^\"]*(?:Nộp đơn|đơn xin)", desk.get("base", path)
    )
    assert of
    assert "retract" not in desk.get("cell", f"{path}/dinh-chinh?of={of[1]}")
    told = {"what": "retract", "reason": "nhập nhầm người", "document": "BB 13"}
    assert desk.send("base", f"{path}/dinh-chinh?of={of[1]}", told).is_redirect

    assert steps(desk.get("cell", path))["Nộp đơn"] == ("now", "đang chờ")


def test_who_may_not_read_names_sees_a_candidacy_without_one(desk: Desk, voted: str) -> None:
    before = len(desk.reads())
    page = desk.get("province", voted)

    assert "(không mở họ tên)" in page
    assert "Lê Văn Bầu" not in page
    assert "Nhân thân" not in page
    assert len(desk.reads()) == before
