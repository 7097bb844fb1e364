from __future__ import annotations

from datetime import date
from pathlib import Path
from uuid import UUID

import pytest

from events.envelope import By
from services.dossiers.application import RecordHistory, ShredPerson
from services.dossiers.view import names
from services.replay import compare
from tests.installed import EMBEDDED, Site
from tests.services.dossiers.api.office import CLERK, NOMINATION, Office

PEOPLE = (
    ("1001-AAA", "Nguyễn Thị Ánh Tuyết", "C1"),
    ("1002-AAA", "Nguyễn Văn Đức", "C1"),
    ("1003-AAA", "Đặng Thị Tuyết Nhung", "C2"),
    ("1004-AAA", "Y Moan Êban", "C2"),
    ("1005-AAA", "Nguyễn Thị Tuyết", "C3"),
)


@pytest.fixture
def crowd(office: Office) -> Office:
    for reference, name, unit in PEOPLE:
        record(office, reference, name, unit)
    office.ketnap.catch_up()
    return office


def record(
    office: Office,
    reference: str,
    name: str | None,
    unit: str,
    *,
    correct: bool = False,
    reason: str | None = None,
) -> None:
    code = office.ketnap.units.tree.with_code(unit)[0]
    office.ketnap.dossiers.perform(
        RecordHistory(
            on=date(2026, 11, 24),
            person_ref=reference,
            full_name=name,
            birth_date=date(1999, 5, 17),
            unit=code,
            acts={"nominated": date(2026, 1, 12)},
            correct=correct,
            reason=reason,
            by=CLERK,
        )
    )


def found(office: Office, who: str, q: str) -> list[str]:
    answer = office.searched(who, q=q)
    assert answer.status_code == 200, answer.text
    return sorted(each["full_name"] for each in answer.json()["people"])


@pytest.mark.parametrize(
    ("q", "names"),
    [
        ("tuyet", ["Nguyễn Thị Tuyết", "Nguyễn Thị Ánh Tuyết", "Đặng Thị Tuyết Nhung"]),
        ("TUYẾT", ["Nguyễn Thị Tuyết", "Nguyễn Thị Ánh Tuyết", "Đặng Thị Tuyết Nhung"]),
        ("tuyết ngu", ["Nguyễn Thị Tuyết", "Nguyễn Thị Ánh Tuyết"]),
        ("dang nh", ["Đặng Thị Tuyết Nhung"]),
        ("duc", ["Nguyễn Văn Đức"]),
        ("đ", []),
        ("y", ["Y Moan Êban"]),
        ("eban y", ["Y Moan Êban"]),
        ("uyet", []),
        ("tuyett", []),
        ("tuyet tuyet", ["Nguyễn Thị Tuyết", "Nguyễn Thị Ánh Tuyết", "Đặng Thị Tuyết Nhung"]),
        ("1002-AAA", ["Nguyễn Văn Đức"]),
        ("1002", []),
        ("!?", []),
        ("%", []),
    ],
)
def test_people_are_found_by_beginnings_of_words_without_marks(
    crowd: Office, q: str, names: list[str]
) -> None:
    assert found(crowd, "inspector", q) == sorted(names)


@pytest.mark.parametrize(
    ("who", "expected"),
    [
        ("cell", ["Nguyễn Thị Ánh Tuyết"]),
        ("sister", ["Đặng Thị Tuyết Nhung"]),
        ("commune", ["Nguyễn Thị Ánh Tuyết", "Đặng Thị Tuyết Nhung"]),
        ("other", ["Nguyễn Thị Tuyết"]),
        ("youth", []),
        ("province", []),
    ],
)
def test_nobody_is_found_whom_the_grant_may_not_know(
    crowd: Office, who: str, expected: list[str]
) -> None:
    told = crowd.searched(who, q="tuyet", limit=max(1, len(expected))).json()

    assert sorted(each["full_name"] for each in told["people"]) == expected
    assert told["next"] is None


def test_a_reference_finds_nobody_out_of_scope(crowd: Office) -> None:
    assert found(crowd, "cell", "1005-AAA") == []
    assert found(crowd, "other", "1005-AAA") == ["Nguyễn Thị Tuyết"]


def test_only_the_names_that_are_shown_are_read_and_that_is_on_record(crowd: Office) -> None:
    found(crowd, "commune", "tuyet")
    found(crowd, "province", "tuyet")

    reads = crowd.ketnap.keys.reads()
    assert len(reads) == 2
    assert {(read.actor, read.purpose, read.fields) for read in reads} == {
        ("chi", "search", ("birth_date", "full_name"))
    }
    assert crowd.ketnap.keys.verify_reads() is None


def test_pages_follow_each_other_without_gap_or_repetition(office: Office) -> None:
    for n in range(7):
        record(office, f"20{n}", f"Trần Văn {'ABCDEFG'[n]}", "C1")
    office.ketnap.catch_up()
    seen: list[str] = []
    query: dict[str, object] = {"q": "tran", "limit": 3}
    pages = 0

    while True:
        answer = office.searched("cell", **query)
        told = answer.json()
        seen += [each["candidacy"] for each in told["people"]]
        pages += 1
        if not told["next"]:
            break
        assert f"cursor={told['next']}" in answer.headers["Link"]
        query["cursor"] = told["next"]

    assert (pages, len(seen), len(set(seen))) == (3, 7, 7)
    assert len(office.ketnap.keys.reads()) == 7


def test_a_crowd_is_found_to_the_last(office: Office) -> None:
    office.ketnap.dossiers.perform_all(
        [
            RecordHistory(
                on=date(2026, 11, 24),
                person_ref=f"30{n}",
                full_name="Trần Văn Tổng Hợp",
                unit=office.cell,
                acts={"nominated": date(2026, 1, 12)},
                by=CLERK,
            )
            for n in range(203)
        ]
    )
    office.ketnap.catch_up()

    first = office.searched("cell", q="tran", limit=200).json()
    rest = office.searched("cell", q="tran", limit=200, cursor=first["next"]).json()

    assert (len(first["people"]), len(rest["people"]), rest["next"]) == (200, 3, None)
    assert len({each["person"] for each in first["people"] + rest["people"]}) == 203


def test_a_cursor_is_of_its_own_question_and_account(crowd: Office) -> None:
    cursor = crowd.searched("inspector", q="tuyet", limit=1).json()["next"]

    asked = [
        crowd.searched("inspector", q="nguyen", cursor=cursor),
        crowd.searched("commune", q="tuyet", cursor=cursor),
        crowd.searched("inspector", q="tuyet", cursor="x"),
        crowd.searched("inspector", q="tuyet", limit=0),
        crowd.searched("inspector", q=""),
        crowd.searched("inspector"),
        crowd.searched("inspector", q="t" * 201),
    ]

    assert {answer.status_code for answer in asked} == {422}


def test_somebody_who_was_recorded_with_another_name_is_found_by_that_one(office: Office) -> None:
    record(office, "1", None, "C1")
    office.ketnap.catch_up()
    assert found(office, "cell", "hoa") == []

    record(office, "1", "Lê Thị Hoa", "C1")
    office.ketnap.catch_up()
    assert found(office, "cell", "hoa") == ["Lê Thị Hoa"]

    record(office, "1", "Lê Thị Huệ", "C1", correct=True, reason="sai tên")
    office.ketnap.catch_up()
    assert found(office, "cell", "hoa") == []
    assert found(office, "cell", "hue") == ["Lê Thị Huệ"]


def test_who_is_shredded_is_found_by_nothing_and_leaves_nothing_behind(crowd: Office) -> None:
    view = crowd.ketnap.candidacies
    person = crowd.ketnap.dossiers.person("1002-AAA")
    assert person is not None
    crowd.ketnap.dossiers.shred_person(
        ShredPerson(on=date(2026, 11, 24), person=person, by=By(actor="x"))
    )
    crowd.ketnap.catch_up()

    rows = view._rows("select count(*) from name_parts where person = ?", (person.bytes,))  # noqa: SLF001 - what is left
    assert rows == [(0,)]
    assert found(crowd, "cell", "duc") == []
    assert found(crowd, "cell", "1002-AAA") == []
    assert found(crowd, "cell", "nguyen") == ["Nguyễn Thị Ánh Tuyết"]
    assert [row.table for row in compare(crowd.ketnap) if row.missing or row.extra] == []


@pytest.mark.parametrize("mode", [EMBEDDED], indirect=True)
def test_no_name_stands_in_plain_in_any_file(crowd: Office) -> None:
    found(crowd, "inspector", "tuyet")
    wanted = {name.encode() for _, name, _ in PEOPLE} | {
        part.encode()
        for _, name, _ in PEOPLE
        for part in (*names.words(name), *name.split())
        if len(part) > 4
    }

    for file in sorted(crowd.ketnap.folder.rglob("*")):
        if file.is_file():
            assert _in(file, wanted) == set(), file


def test_a_part_of_a_name_is_told_differently_in_every_installation(tmp_path: Path) -> None:
    told = []
    for name in ("one", "other"):
        with Site(tmp_path / name).open() as ketnap:
            told.append(ketnap.keys.blind("tuyet"))

    assert told[0] != told[1]
    assert b"tuyet" not in told[0]


def test_a_person_is_shown_for_a_purpose_that_goes_on_record(office: Office) -> None:
    candidacy = office.nominated()

    answer = office.get("cell", f"/candidacies/{candidacy}/person", purpose="kiểm tra hồ sơ")

    told = answer.json()
    [read] = office.ketnap.keys.reads()
    assert (told["full_name"], told["birth_date"]) == ("Nguyễn Thị Ánh Tuyết", "1999-05-17")
    assert told["person_ref"] == "•" * 9 + "234"
    assert (read.actor, read.person, read.purpose) == ("an", UUID(told["person"]), "kiểm tra hồ sơ")
    assert read.fields == ("birth_date", "full_name", "person_ref")


@pytest.mark.parametrize(
    ("reference", "shown"),
    [("12", "••"), ("123456", "••••••"), ("1234567", "••••567"), ("SYN-1", "•••••")],
)
def test_a_reference_is_masked(office: Office, reference: str, shown: str) -> None:
    candidacy = office.nominated(person_ref=reference)

    answer = office.get("cell", f"/candidacies/{candidacy}/person", purpose="x")

    assert answer.json()["person_ref"] == shown


@pytest.mark.parametrize("purpose", [None, "", "   ", "x" * 201])
def test_nobody_is_shown_without_a_purpose(office: Office, purpose: str | None) -> None:
    candidacy = office.nominated()
    query = {} if purpose is None else {"purpose": purpose}

    answer = office.get("cell", f"/candidacies/{candidacy}/person", **query)

    assert answer.status_code == 422
    assert office.ketnap.keys.reads() == []


def test_a_role_that_sees_a_candidacy_does_not_therefore_know_the_person(office: Office) -> None:
    candidacy = office.nominated()

    told = office.get("province", f"/candidacies/{candidacy}")
    person = office.get("province", f"/candidacies/{candidacy}/person", purpose="x")

    assert (told.status_code, told.json()["may_read_person"]) == (200, False)
    assert person.status_code == 404
    assert office.ketnap.keys.reads() == []


def test_of_who_is_shredded_nothing_is_shown(office: Office) -> None:
    candidacy = office.nominated()
    office.ketnap.dossiers.shred_person(
        ShredPerson(on=date(2026, 11, 24), person_ref=NOMINATION["person_ref"], by=By(actor="x"))
    )

    told = office.get("cell", f"/candidacies/{candidacy}/person", purpose="x").json()

    assert told == {
        "person": told["person"],
        "full_name": None,
        "birth_date": None,
        "person_ref": None,
        "shredded": True,
    }
    assert office.get("cell", f"/candidacies/{candidacy}").status_code == 200


def _in(file: Path, wanted: set[bytes]) -> set[bytes]:
    held = file.read_bytes()
    return {text for text in wanted if text in held}
