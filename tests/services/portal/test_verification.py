"""The pages of verification: places asked, their replies, and the end of a case."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

import pytest

from tests.installed import Site
from tests.services.portal.desk import steps, wrong
from tests.services.portal.workroom import Workroom


@pytest.fixture(scope="module")
def room(site: Site) -> Iterator[Workroom]:
    opened = Workroom(site)
    yield opened
    opened.close()


def asked(room: Workroom, path: str, kind: str = "candidate", **told: str) -> None:
    room.done(
        "base",
        f"{path}/yeu-cau",
        **{"subject_kind": kind, "place": "N", "abroad": "no", "on": "03/03/2023"} | told,
    )


def replied(room: Workroom, path: str, number: str, who: str = "base", **told: str) -> None:
    room.done(
        who,
        f"{path}/tra-loi",
        **{"request": number, "fits": "yes", "on": "20/03/2023"} | told,
    )


def test_a_case_is_asked_answered_and_closed_and_the_dossier_knows(room: Workroom) -> None:
    case, path = room.sealed("whole", "Lê Thị Khai")
    asked(room, path)
    asked(room, path, "father", subject_name="Lê Văn Cha", place="X-9", place_name="Xã Cũ")
    replied(room, path, "1", remarks="đúng như khai")
    replied(room, path, "2")
    where = room.done("base", f"{path}/ket-thuc", on="06/04/2023")
    room.catch_up()

    page = room.get("base", where)
    assert "Kết thúc 06/04/2023" in page
    assert "cha đẻ: Lê Văn Cha" in page
    assert "Xã Cũ" in page
    assert "đúng như khai" in page
    assert steps(room.get("base", case))["Thẩm tra"] == ("done", "06/04/2023")
    assert "Lê Thị Khai" in room.get("base", "/tham-tra?xong=1")


def test_the_list_shows_what_goes_on_with_its_state(room: Workroom) -> None:
    _, path = room.sealed("listed", "Trần Văn Chờ")
    assert "Chưa gửi yêu cầu" in room.get("base", "/tham-tra")
    asked(room, path)

    page = room.get("base", "/tham-tra")

    row = re.search(r"<tr>(?:(?!</tr>).)*Trần Văn Chờ</a>.*?</tr>", page, re.DOTALL)
    assert row
    assert "Quá hạn trả lời" in row[0]
    assert "Trần Văn Chờ" not in room.get("base", "/tham-tra?xong=1")


def test_a_case_that_cannot_close_says_what_is_awaited(room: Workroom) -> None:
    _, path = room.sealed("awaited", "Phạm Thị Đợi")
    asked(room, path)

    page = room.get("base", f"{path}/ket-thuc")

    assert "Chưa ghi được việc này." in page
    assert "Còn chờ trả lời" in page
    assert "căn cứ: —" not in page
    assert "Mở ra khi" in page


def test_a_reply_in_conflict_is_marked_and_supplemented(room: Workroom) -> None:
    _, path = room.sealed("conflict", "Võ Thị Lệch")
    asked(room, path)
    replied(room, path, "1", fits="no", remarks="năm sinh khác")
    assert "Không khớp" in room.get("base", path)

    room.done("base", f"{path}/bo-sung", request="1", on="21/03/2023", question="xác minh lại")

    page = room.get("base", path)
    assert "năm sinh khác" not in page
    assert "Quá hạn" in page


def test_a_reply_is_waived_of_a_request_and_of_a_subject(room: Workroom) -> None:
    _, path = room.sealed("waived", "Đỗ Văn Miễn")
    asked(room, path)
    room.done("base", f"{path}/mien", request="1", ground="no_capacity", on="20/03/2023")
    room.done(
        "base",
        f"{path}/mien",
        subject_kind="mother",
        subject_name="Trần Thị Mẹ",
        ground="deceased",
        on="20/03/2023",
    )

    page = room.get("base", path)

    assert page.count("Được miễn") >= 2
    assert "mẹ đẻ: Trần Thị Mẹ" in page


def test_what_is_wrong_stands_beside_its_field_and_what_was_written_stays(room: Workroom) -> None:
    _, path = room.sealed("wrong", "Bùi Thị Sai")

    early = room.send(
        "base",
        f"{path}/yeu-cau",
        {"subject_kind": "candidate", "place": "N", "abroad": "no", "on": "01/03/2023"},
    )
    empty = room.send("base", f"{path}/yeu-cau", {"subject_kind": "", "place": "", "on": "x"})

    assert early.status_code == 409
    assert "on" in wrong(early.text)
    assert 'value="01/03/2023"' in early.text
    assert empty.status_code == 422
    assert wrong(empty.text).keys() >= {"subject_kind", "place", "on"}


def test_who_is_asked_sees_his_request_alone_and_replies(room: Workroom) -> None:
    _, path = room.sealed("asked", "Ngô Thị Quê")
    asked(room, path)
    asked(room, path, "father", subject_name="Ngô Văn Kín", place="X-1")

    page = room.get("home", path)
    assert "Ngô Thị Quê" in page
    assert "Ngô Văn Kín" not in page
    assert "/tham-tra" in room.get("home", "/tham-tra")
    replied(room, path, "1", who="home")

    assert "Khớp lý lịch" in room.get("base", path)
    told = {"request": "2", "fits": "yes", "on": "20/03/2023"}
    assert room.push("home", f"{path}/tra-loi", **told) == 403
    assert "Chờ 1 nơi trả lời" in room.get("base", path)


def test_who_neither_works_on_a_case_nor_is_asked_sees_none(room: Workroom) -> None:
    _, path = room.sealed("hidden", "Hồ Thị Riêng")

    assert "Hồ Thị Riêng" not in room.get("stranger", "/tham-tra")
    room.get("stranger", path, status=404)
    room.get("home", path, status=404)


def test_who_only_reads_has_no_form(room: Workroom) -> None:
    _, path = room.sealed("read", "Lý Thị Đọc")
    asked(room, path)

    page = room.get("bloc", path)

    assert "Lý Thị Đọc" in page
    assert '<form class="fields"' not in page
    assert "ghi trả lời" not in page
    assert room.push("bloc", f"{path}/ket-thuc", on="06/04/2023") == 403


def test_a_form_sent_twice_is_done_once(room: Workroom) -> None:
    _, path = room.sealed("twice", "Mai Thị Hai")
    form = room.get("base", f"{path}/yeu-cau")
    told = {"subject_kind": "candidate", "place": "N", "abroad": "no", "on": "03/03/2023"}

    first = room.send("base", f"{path}/yeu-cau", told, form=form)
    second = room.send("base", f"{path}/yeu-cau", told, form=form)

    assert first.headers["location"] == second.headers["location"]
    assert "Chờ 1 nơi trả lời" in room.get("base", path)


def test_who_has_not_seen_the_latest_is_told_and_keeps_what_he_wrote(room: Workroom) -> None:
    _, path = room.sealed("stale", "Tạ Thị Cũ")
    form = room.get("base", f"{path}/yeu-cau")
    asked(room, path)

    stale = room.send(
        "base",
        f"{path}/yeu-cau",
        {
            "subject_kind": "father",
            "subject_name": "Tạ Văn Cha",
            "place": "X",
            "abroad": "no",
            "on": "04/03/2023",
        },
        form=form,
    )

    assert stale.status_code == 412
    assert 'value="Tạ Văn Cha"' in unescape(stale.text)


def test_there_is_no_other_page_below_a_case(room: Workroom) -> None:
    _, path = room.sealed("none", "Vũ Thị Không")

    room.get("base", f"{path}/khac", status=404)
