"""The pages of classes: opened, learners enrolled, results and certificates recorded."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

import pytest

from tests.installed import Site
from tests.services.portal.desk import hidden, steps, wrong
from tests.services.portal.workroom import Workroom


@pytest.fixture(scope="module")
def room(site: Site) -> Iterator[Workroom]:
    opened = Workroom(site)
    yield opened
    opened.close()


def a_class(room: Workroom, code: str) -> str:
    where = room.done("centre", "/lop", code=code, centre="TT", on="02/02/2023")
    return where.partition("?")[0]


def enrolled(room: Workroom, code: str, *refs: str) -> tuple[str, list[str]]:
    """Return the path of a class, and the candidacies of its learners."""
    path = a_class(room, code)
    candidacies = []
    for ref in refs:
        _, candidacy = room.candidacy(ref, f"Học Viên {ref}")
        candidacies.append(candidacy)
        room.done("centre", f"{path}/ghi-danh", person=ref, on="03/02/2023")
    return path, candidacies


def passed(room: Workroom, path: str, *candidacies: str, score: str = "8,5") -> None:
    for each in candidacies:
        room.done(
            "centre",
            f"{path}/ket-qua",
            candidacy=each,
            attended="38",
            periods="40",
            score=score,
            on="10/02/2023",
        )


def test_a_learner_comes_to_a_certificate_that_the_dossier_knows(room: Workroom) -> None:
    case, candidacy = room.candidacy("whole", "Lê Thị Học")
    path = a_class(room, "L-1")
    room.done("centre", f"{path}/ghi-danh", person="whole", on="03/02/2023")
    passed(room, path, candidacy)
    room.done("centre", f"{path}/be-giang", on="15/02/2023")
    where = room.done(
        "centre", f"{path}/giay-chung-nhan", candidacy=candidacy, number="01/2023", on="20/02/2023"
    )
    room.catch_up()

    page = room.get("centre", where)
    assert "Lê Thị Học" in page
    assert "Đã cấp giấy" in page
    assert "01/2023" in page
    assert "8,5" in page
    assert steps(room.get("base", case))["Lớp bồi dưỡng"] == ("done", "20/02/2023")


def test_the_list_shows_each_class_with_its_learners(room: Workroom) -> None:
    enrolled(room, "L-2", "two-a", "two-b")

    page = room.get("centre", "/lop")

    row = re.search(r"<tr>(?:(?!</tr>).)*L-2</a>.*?</tr>", page, re.DOTALL)
    assert row
    cells = [re.sub(r"<[^>]+>", "", cell).strip() for cell in re.findall("<td.*?</td>", row[0])]
    assert cells[:6] == ["L-2", "Trung tâm Chính trị Khối", "02/02/2023", "—", "2", "0"]
    assert "L-2</a>" not in room.get("centre", "/lop?period=2024")
    assert "L-2</a>" in room.get("bloc", "/lop")


def test_a_person_is_enrolled_by_the_id_of_the_case_too(room: Workroom) -> None:
    _, candidacy = room.candidacy("by-id", "Học Viên Theo Mã")
    path = a_class(room, "L-3")

    room.done("centre", f"{path}/ghi-danh", person=candidacy, on="03/02/2023")

    assert "Học Viên Theo Mã" in room.get("centre", path)


def test_what_is_wrong_stands_beside_its_field_and_what_was_written_stays(room: Workroom) -> None:
    path, (candidacy,) = enrolled(room, "L-4", "four")

    answer = room.send(
        "centre",
        f"{path}/ket-qua",
        {
            "candidacy": candidacy,
            "attended": "10",
            "periods": "40",
            "score": "9",
            "on": "10/02/2023",
        },
    )

    assert answer.status_code == 409
    assert "attended" in wrong(answer.text)
    assert 'value="10"' in answer.text
    assert "Quy tắc" in answer.text
    empty = room.send("centre", f"{path}/ket-qua", {"candidacy": "", "on": "32/01/2023"})
    assert empty.status_code == 422
    assert wrong(empty.text).keys() >= {"candidacy", "attended", "on"}


def test_an_unknown_person_is_said_beside_the_field(room: Workroom) -> None:
    path = a_class(room, "L-5")

    answer = room.send("centre", f"{path}/ghi-danh", {"person": "nobody", "on": "03/02/2023"})

    assert answer.status_code == 422
    assert "person" in wrong(answer.text)


def test_a_class_that_cannot_close_says_why(room: Workroom) -> None:
    path, _ = enrolled(room, "L-6", "six")

    page = room.get("centre", f"{path}/be-giang")

    assert "Chưa ghi được việc này." in page
    assert '<form class="fields"' not in page
    assert "Ghi kết quả" in page


def test_a_form_sent_twice_is_done_once(room: Workroom) -> None:
    path = a_class(room, "L-7")
    room.candidacy("seven", "Học Viên Bảy")
    form = room.get("centre", f"{path}/ghi-danh")
    told = {"person": "seven", "on": "03/02/2023"}

    first = room.send("centre", f"{path}/ghi-danh", told, form=form)
    second = room.send("centre", f"{path}/ghi-danh", told, form=form)

    assert first.headers["location"] == second.headers["location"]
    assert room.get("centre", path).count("Học Viên Bảy</td>") == 1


def test_who_has_not_seen_the_latest_is_told_and_keeps_what_he_wrote(room: Workroom) -> None:
    path, (one, two) = enrolled(room, "L-8", "eight-a", "eight-b")
    form = room.get("centre", f"{path}/ket-qua")
    passed(room, path, one)

    stale = room.send(
        "centre",
        f"{path}/ket-qua",
        {"candidacy": two, "attended": "39", "periods": "40", "on": "10/02/2023"},
        form=form,
    )

    assert stale.status_code == 412
    assert 'value="39"' in stale.text
    assert "Học Viên eight-b" in unescape(stale.text)


def test_a_result_is_corrected_with_its_reason_until_there_is_a_certificate(
    room: Workroom,
) -> None:
    path, (candidacy,) = enrolled(room, "L-9", "nine")
    passed(room, path, candidacy, score="4")
    told = {"candidacy": candidacy, "attended": "38", "periods": "40", "score": "4,5"}
    assert "Không đạt" in room.get("centre", path)

    bare = room.send("centre", f"{path}/dinh-chinh", {**told, "on": "11/02/2023"})
    assert bare.status_code == 422
    assert "reason" in wrong(bare.text)
    room.done("centre", f"{path}/dinh-chinh", **told, retake="7", reason="nhầm", on="11/02/2023")

    assert "kiểm tra lại 7" in room.get("centre", path)


def test_a_learner_withdraws(room: Workroom) -> None:
    path, (candidacy,) = enrolled(room, "L-10", "ten")

    room.done("centre", f"{path}/cho-rut", candidacy=candidacy, why="ốm", on="05/02/2023")

    assert "Chưa ghi danh học viên nào." in room.get("centre", path)


def test_a_class_is_seen_and_worked_only_within_the_scope(room: Workroom) -> None:
    path, (candidacy,) = enrolled(room, "L-11", "eleven")

    assert "L-11</a>" not in room.get("other-centre", "/lop")
    room.get("other-centre", path, status=404)
    seen = room.get("bloc", path)
    assert '<form class="fields"' not in seen
    assert room.push("bloc", f"{path}/be-giang", on="15/02/2023") == 403
    assert room.push("bloc", f"{path}/cho-rut", candidacy=candidacy, on="15/02/2023") == 403
    assert room.push("bloc", "/lop", code="L-X", centre="TT", on="02/02/2023") == 403
    assert room.push("other-centre", f"{path}/be-giang", on="15/02/2023") == 404


def test_a_code_that_is_taken_is_said_beside_the_field(room: Workroom) -> None:
    a_class(room, "L-12")

    answer = room.send("centre", "/lop", {"code": "L-12", "centre": "TT", "on": "02/02/2023"})

    assert answer.status_code == 409
    assert "code" in wrong(answer.text)
    assert hidden(answer.text)["key"]


def test_there_is_no_other_page_below_a_class(room: Workroom) -> None:
    room.get("centre", f"{a_class(room, 'L-13')}/khac", status=404)
