"""Files sent in over HTTP: checked at once, kept where nobody reads them, written when asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from infra.access import Access, Grant
from services.imports.api import api
from services.imports.uploads import KEPT_FOR
from tests.services.imports.office import Office

TODAY = date(2022, 8, 26)
PEOPLE = "unit_code,person_ref,full_name,birth_date,nominated_on\n"
GOOD = PEOPLE + "H-1-1,A1,Người Mẫu Một,2000-01-01,2022-03-01\n"
ONE_BAD = GOOD + "H-1-1,A2,Người Mẫu Hai,2000-01-01,31/02/2022\n"


@dataclass
class Desk:
    """The office seen over HTTP, by accounts of its units."""

    office: Office
    access: Access
    http: TestClient

    def headers(self, unit: str, role: str) -> dict[str, str]:
        grant = Grant(
            account=f"{role}@{unit}",
            unit=self.office.ketnap.units.tree.with_code(unit)[-1],
            role=role,
            first=TODAY,
            last=TODAY,
        )
        return {"Authorization": f"Bearer {self.access.tokens.sign(grant, TODAY)}"}

    def send(
        self,
        text: str | bytes,
        unit: str = "H",
        role: str = "district_board",
        name: str = "danh sách.csv",
        key: str | None = None,
        **fields: str,
    ) -> Response:
        content = text if isinstance(text, bytes) else text.encode()
        return self.http.post(
            "/imports",
            files={"file": (name, content)},
            data=fields,
            headers={**self.headers(unit, role), "Idempotency-Key": key or uuid4().hex},
        )

    def checked(self, *sent: Any, **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - as `send`
        answer = self.send(*sent, **fields)
        assert answer.status_code == 201, answer.text
        return self.seen(answer.json()["import"], **_who(fields))

    def seen(self, upload: str, unit: str = "H", role: str = "district_board") -> dict[str, Any]:
        answer = self.http.get(
            f"/imports/{upload}", params={"wait": 10}, headers=self.headers(unit, role)
        )
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    def commit(
        self,
        told: dict[str, Any],
        unit: str = "H",
        role: str = "district_board",
        *,
        accept_good: bool = False,
    ) -> Response:
        return self.http.post(
            f"/imports/{told['import']}/commit",
            json={"accept_good": accept_good},
            headers={
                **self.headers(unit, role),
                "Idempotency-Key": uuid4().hex,
                "If-Match": f'"{told["version"]}"',
            },
        )

    def written(self, told: dict[str, Any], **how: Any) -> dict[str, Any]:  # noqa: ANN401 - as `commit`
        answer = self.commit(told, **how)
        assert answer.status_code == 202, answer.text
        return self.seen(told["import"], **_who(how))


def _who(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: fields[name] for name in ("unit", "role") if name in fields}


def kept(office: Office) -> list[Path]:
    return sorted((office.ketnap.folder / "staging" / "uploads").iterdir())


@pytest.fixture
def desk(office: Office) -> Iterator[Desk]:
    access = office.ketnap.access()
    try:
        with TestClient(api(office.ketnap, access)) as http:
            yield Desk(office, access, http)
    finally:
        access.close()


def test_a_good_file_is_checked_and_records_nothing_until_it_is_written(desk: Desk) -> None:
    before = desk.office.head()

    told = desk.checked(GOOD)

    (table,) = told["tables"]
    assert (told["state"], told["name"]) == ("checked", "danh sách.csv")
    assert (table["kind"], table["rows"], table["good"], table["bad"]) == ("candidates", 1, 1, 0)
    assert desk.office.head() == before

    after = desk.written(told)

    assert (after["state"], after["tables"][0]["changed"]) == ("written", 1)
    assert after["positions"]["dossiers"] == desk.office.head() > before
    (*_, (fact, fields)) = desk.office.facts()
    assert (fact, fields["actor"]) == ("CandidateNominated", "district_board@H")


def test_a_bad_row_says_which_columns_and_why_and_nothing_is_written(desk: Desk) -> None:
    told = desk.checked(ONE_BAD)

    (table,) = told["tables"]
    (error,) = table["errors"]
    assert (table["good"], table["bad"], error["row"]) == (1, 1, 3)
    assert error["columns"] == [{"column": "nominated_on", "name": "Ngày giới thiệu"}]
    assert "31/02/2022" in error["reason"]

    refused = desk.commit(told)

    assert (refused.status_code, refused.json()["code"]) == (409, "rows-not-good")
    assert "1 dòng" in refused.json()["title"]


def test_the_error_file_is_mended_and_sent_again(desk: Desk) -> None:
    told = desk.checked(ONE_BAD)
    address = f"/imports/{told['import']}/errors.csv"

    answer = desk.http.get(address, headers=desk.headers("H", "district_board"))

    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "danh%20s%C3%A1ch.errors.csv" in answer.headers["content-disposition"]
    mended = answer.text.replace("31/02/2022", "28/02/2022")
    assert desk.written(desk.checked(mended))["tables"][0]["changed"] == 2


def test_good_rows_are_written_without_the_others_when_that_is_said(desk: Desk) -> None:
    told = desk.checked(ONE_BAD)

    after = desk.written(told, accept_good=True)

    assert (after["state"], after["tables"][0]["changed"]) == ("written", 1)
    again = desk.commit(after, accept_good=True)
    assert (again.status_code, again.json()["state"]) == (202, "written")


def test_a_file_sent_twice_under_a_key_is_there_once(desk: Desk) -> None:
    first, second = desk.send(GOOD, key="k"), desk.send(GOOD, key="k")
    other = desk.send(ONE_BAD, key="k")

    assert first.json()["import"] == second.json()["import"]
    assert (other.status_code, other.json()["code"]) == (422, "changed-command")
    listed = desk.http.get("/imports", headers=desk.headers("H", "district_board")).json()
    assert [each["import"] for each in listed["imports"]] == [first.json()["import"]]


def test_only_what_was_seen_is_written(desk: Desk) -> None:
    told = desk.checked(GOOD)

    stale = desk.commit({**told, "version": 1})

    assert (stale.status_code, stale.json()["code"]) == (412, "changed-meanwhile")
    bare = desk.http.post(
        f"/imports/{told['import']}/commit",
        json={},
        headers={**desk.headers("H", "district_board"), "Idempotency-Key": "k"},
    )
    assert bare.status_code == 428


def test_what_is_kept_is_encrypted_and_the_file_goes_when_it_is_written(desk: Desk) -> None:
    told = desk.checked(ONE_BAD)

    names = [path.name.partition(".")[2] for path in kept(desk.office)]
    assert names == ["about", "errors-0", "file"]
    for path in kept(desk.office):
        content = path.read_bytes()
        assert "Người".encode() not in content
        assert b"A1" not in content
        assert path.stat().st_mode & 0o077 == 0

    desk.written(told, accept_good=True)

    assert [path.name.partition(".")[2] for path in kept(desk.office)] == ["about", "errors-0"]


def test_rows_of_units_outside_the_scope_are_refused_as_unknown(desk: Desk) -> None:
    rows = (
        GOOD
        + "H-2,A2,Người Mẫu Hai,2000-01-01,2022-03-01\n"
        + "H-9,A3,Người Mẫu Ba,2000-01-01,2022-03-01\n"
    )

    told = desk.checked(rows, unit="H-1", role="grassroots_committee")

    (table,) = told["tables"]
    assert table["good"] == 1
    outside, unknown = table["errors"]
    assert outside["code"] == unknown["code"] == "unknown-unit"
    assert outside["reason"].replace("H-2", "H-9") == unknown["reason"]


def test_a_person_recorded_elsewhere_is_not_changed_by_a_neighbour(desk: Desk) -> None:
    desk.written(desk.checked(GOOD))
    row = GOOD.replace("H-1-1", "H-2")

    told = desk.checked(
        row,
        unit="H-2",
        role="grassroots_committee",
        correct="true",
        reason="chuyển về",
        document="1-CV",
    )

    (error,) = told["tables"][0]["errors"]
    assert error["code"] == "recorded-elsewhere"
    refused = desk.commit(told, unit="H-2", role="grassroots_committee", accept_good=True)
    assert refused.json()["code"] == "nothing-to-write"


@pytest.mark.parametrize(
    ("role", "unit", "text"),
    [
        ("grassroots_committee", "H-1", "unit_code,period,kind,minimum\nH-1,2022,assigned,1\n"),
        ("district_board", "H", "code,name,kind,parent_code\nH-3,Chi bộ Ba,cell,H\n"),
        ("district_board", "H", "code,centre\nL-1,TT\n"),
    ],
)
def test_a_role_takes_in_by_file_only_what_it_records(
    desk: Desk, role: str, unit: str, text: str
) -> None:
    told = desk.checked(text, unit=unit, role=role)

    assert told["tables"][0]["refused"].startswith("Vai trò đang làm việc")
    refused = desk.commit(told, unit=unit, role=role, accept_good=True)
    assert (refused.status_code, refused.json()["code"]) == (409, "nothing-to-write")


def test_units_are_taken_in_below_the_unit_of_the_grant(desk: Desk) -> None:
    desk.office.take("code,name,kind,parent_code\nT,Tỉnh ủy Mẫu,provincial_committee,\n")
    desk.office.take("code,name,kind,parent_code\nT-1,Huyện ủy Xa,district_committee,T\n")
    rows = (
        "code,name,kind,parent_code\n"
        "T-2,Huyện ủy Gần,district_committee,T\n"
        "T-2-1,Đảng ủy xã Gần,grassroots_committee,T-2\n"
        "H-3,Đảng ủy xã Lạ,grassroots_committee,H\n"
        "H-1,Đảng ủy xã Một,grassroots_committee,T\n"
        "X,Huyện ủy Không Cấp Trên,district_committee,\n"
    )

    told = desk.checked(rows, unit="T", role="provincial_board")

    assert [(error["row"], error["code"]) for error in told["tables"][0]["errors"]] == [
        (4, "unknown-unit"),
        (5, "unknown-unit"),
        (6, "missing-value"),
    ]
    after = desk.written(told, unit="T", role="provincial_board", accept_good=True)
    assert after["tables"][0]["changed"] == 2


def test_a_count_that_overlaps_names_no_unit_outside_the_scope(desk: Desk) -> None:
    desk.office.take("unit_code,indicator,period,count\nH,admitted,2021,9\n")

    told = desk.checked(
        "unit_code,indicator,period,count\nH-1,admitted,2021,4\n",
        unit="H-1",
        role="grassroots_committee",
    )

    (error,) = told["tables"][0]["errors"]
    assert error["code"] == "count-overlaps-count"
    assert "đơn vị khác" in error["reason"]


@pytest.mark.parametrize(
    ("unit", "role", "status"),
    [("H", "cell_committee", 404), ("H-2", "grassroots_committee", 404), ("H", "inspector", 404)],
)
def test_who_may_not_see_an_import_is_told_that_there_is_none(
    desk: Desk, unit: str, role: str, status: int
) -> None:
    told = desk.checked(GOOD)
    headers = desk.headers(unit, role)
    unknown = desk.http.get(f"/imports/{uuid4()}", headers=headers).json()

    answer = desk.http.get(f"/imports/{told['import']}", headers=headers)

    assert answer.status_code == status
    assert {**answer.json(), "trace": ""} == {**unknown, "trace": ""}
    assert desk.http.get(f"/imports/{told['import']}/errors.csv", headers=headers).status_code == (
        status
    )
    assert desk.commit(told, unit=unit, role=role).status_code == status


def test_nobody_sends_a_file_without_a_role_that_imports(desk: Desk) -> None:
    assert desk.send(GOOD, role="cell_committee").status_code == 404
    assert desk.http.post("/imports", files={"file": ("a.csv", b"")}).status_code == 401
    assert kept(desk.office) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "không có hàng tiêu đề"),
        ("xin chào\nthế giới\n", "Không nhận ra loại tệp"),
        (b"%PDF-1.7", "không phải là bảng"),
        (b"\xd0\xcf\x11\xe0", "kiểu cũ"),
        (PEOPLE.encode() + b"H-1,\xff", "UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(desk: Desk, text: str | bytes, words: str) -> None:
    (table,) = desk.checked(text)["tables"]

    assert words in table["refused"]


def test_a_correction_says_why_and_on_what_paper(desk: Desk) -> None:
    refused = desk.send(GOOD, correct="true", reason="nhầm")

    assert (refused.status_code, refused.json()["code"]) == (409, "reason-and-document-missing")
    assert desk.send(GOOD, kind="nonsense").json()["code"] == "unknown-kind"


def test_too_large_a_file_is_refused_before_it_is_kept(desk: Desk) -> None:
    answer = desk.send(b"x" * (7 * 1024 * 1024))

    assert (answer.status_code, answer.json()["code"]) == (413, "body-too-large")
    assert kept(desk.office) == []


def test_what_a_killed_process_left_goes_on_where_it_stood(desk: Desk) -> None:
    told = desk.checked(GOOD)
    uploads = desk.http.app.state.desk._uploads  # type: ignore[attr-defined]  # noqa: SLF001
    known = uploads.find(kept_id(desk))
    known.state = "writing"
    uploads.put(known)

    after = desk.seen(told["import"])

    assert (after["state"], after["tables"][0]["changed"]) == ("written", 1)


def kept_id(desk: Desk) -> Any:  # noqa: ANN401 - an id
    return desk.http.app.state.desk._uploads.all()[0].id  # type: ignore[attr-defined]  # noqa: SLF001


def test_what_was_never_written_is_forgotten_after_a_day(desk: Desk) -> None:
    told = desk.checked(GOOD)
    uploads = desk.http.app.state.desk._uploads  # type: ignore[attr-defined]  # noqa: SLF001
    later = datetime.now(UTC) + KEPT_FOR + timedelta(seconds=1)
    uploads._clock = lambda: later  # noqa: SLF001

    gone = desk.http.get(f"/imports/{told['import']}", headers=desk.headers("H", "district_board"))

    assert gone.status_code == 404
    assert uploads.all() == []


def test_the_rest_of_a_folder_is_untouched(desk: Desk) -> None:
    desk.checked(ONE_BAD)

    staged = [path.name for path in (desk.office.ketnap.folder / "staging").iterdir()]
    assert staged == ["uploads"]


def test_a_role_is_shown_the_kinds_that_it_takes_in_with_a_workbook_of_each(desk: Desk) -> None:
    headers = desk.headers("H", "district_board")

    kinds = desk.http.get("/kinds", headers=headers).json()["kinds"]

    assert [each["kind"] for each in kinds] == ["targets", "counts", "candidates"]
    workbook = desk.http.get("/templates/candidates.xlsx", headers=headers)
    assert workbook.content.startswith(b"PK")
    assert desk.http.get("/templates/classes.xlsx", headers=headers).status_code == 404
    (table,) = desk.checked(workbook.content, name="mau.xlsx")["tables"]
    assert (table["kind"], table["rows"], table["refused"]) == ("candidates", 0, None)
