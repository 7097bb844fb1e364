from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

from events.envelope import Told
from infra.ledger.outcomes import NoteRefusal, SettleRefusal, outcome_of
from services.dossiers.application import MoveUnit, RecordHistory
from tests.services.dossiers.api.office import CLERK, Office


def work(office: Office, who: str, **query: object) -> list[dict[str, Any]]:
    office.ketnap.catch_up()
    answer = office.get(who, "/work", **query)
    assert answer.status_code == 200, answer.text
    told: list[dict[str, Any]] = answer.json()["tasks"]
    return told


def brief(tasks: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    return [(task["kind"], task["code"], task["on"]) for task in tasks]


def test_deadlines_that_wait_are_told_what_is_nearest_to_today_first(office: Office) -> None:
    office.brought_to("application")

    tasks = work(office, "commune", purpose="work")

    assert brief(tasks) == [
        ("deadline", "papers", "2027-02-09"),
        ("deadline", "certificate", "2031-02-02"),
    ]
    assert [task["overdue"] for task in tasks] == [False, False]
    assert tasks[0]["title"] == "Giấy tờ trong hồ sơ còn giá trị"
    assert tasks[0]["full_name"] == "Nguyễn Thị Ánh Tuyết"
    assert tasks[0]["unit"] == {"code": "C1", "name": "Chi bộ thôn 1"}


def test_a_deadline_is_off_the_list_once_its_act_is_done(office: Office) -> None:
    candidacy = office.brought_to("decision-receipt")
    before = brief(work(office, "cell"))
    office.act(candidacy, "ceremony")

    after = brief(work(office, "cell"))

    assert before == [("deadline", "ceremony", "2026-06-29")]
    assert after == [("deadline", "recognition_vote", "2027-07-13")]


def test_an_act_that_never_was_gives_its_deadlines_back(office: Office) -> None:
    candidacy = office.brought_to("ceremony")
    retracted = office.post(
        "base",
        f"/candidacies/{candidacy}/corrections",
        {"fact": "ceremony", "retract": True, "reason": "ghi nhầm", "document": "3-BB/CB"},
        match=office.version(candidacy),
    )

    assert retracted.status_code == 201
    assert brief(work(office, "cell")) == [("deadline", "ceremony", "2026-06-29")]


def test_an_overdue_act_is_told_so(office: Office) -> None:
    office.brought_to("decision-receipt")

    [task] = work(office, "cell")

    assert task["overdue"] is True


def test_a_candidacy_that_is_over_asks_for_nothing(office: Office) -> None:
    candidacy = office.brought_to("cell-vote")
    office.post(
        "cell",
        f"/candidacies/{candidacy}/withdrawal",
        {"on": "2026-04-20"},
        match=office.version(candidacy),
    )

    assert work(office, "cell") == []


def test_what_does_not_fit_is_told_until_it_does(office: Office) -> None:
    office.ketnap.dossiers.perform(
        RecordHistory(
            on=date(2026, 11, 24),
            person_ref="1",
            full_name="Lê Thị Hoa",
            unit=office.cell,
            acts={"nominated": date(2026, 1, 12), "sealed": date(2026, 3, 2)},
            by=CLERK,
        )
    )
    before = work(office, "cell")
    office.ketnap.dossiers.perform(
        RecordHistory(
            on=date(2026, 11, 24),
            person_ref="1",
            unit=office.cell,
            acts={"applied": date(2026, 2, 9)},
            by=CLERK,
        )
    )

    after = work(office, "cell")

    assert brief(before) == [("finding", "unknown-step", "2026-03-02")]
    assert before[0]["title"] == (
        "Trước việc đóng dấu giáp lai lý lịch có bước không rõ ngày: đơn xin vào Đảng."
    )
    assert brief(after) == [("deadline", "papers", "2027-02-09")]


def test_what_is_over_since_long_comes_after_what_is_far_ahead(office: Office) -> None:
    office.brought_to("application")
    acts = {
        "nominated": date(2023, 1, 12),
        "applied": date(2023, 2, 9),
        "certified": date(2023, 2, 2),
        "sealed": date(2023, 3, 2),
    }
    office.ketnap.dossiers.perform(
        RecordHistory(
            on=date(2026, 11, 24),
            person_ref="2",
            full_name="Lê Thị Hoa",
            unit=office.cell,
            acts=acts,
            by=CLERK,
        )
    )

    tasks = work(office, "commune")

    assert [(task["code"], task["long_overdue"]) for task in tasks] == [
        ("papers", False),
        ("certificate", False),
        ("certificate", False),
        ("papers", True),
    ]
    first = office.get("commune", "/work", limit=2).json()
    rest = office.get("commune", "/work", limit=2, cursor=first["next"]).json()
    assert [*first["tasks"], *rest["tasks"]] == tasks


def test_what_was_refused_to_a_policy_is_a_task_until_it_is_settled(office: Office) -> None:
    candidacy = office.nominated()
    refused = NoteRefusal(
        on=date(2026, 11, 20),
        cause="verification/7",
        policy="dossiers.policy.verification",
        refusal="earlier-step-missing",
        rule="seal-first/294-qd-tw-2025",
        about=UUID(candidacy),
        facts=(
            Told(name="act", value="verification_asked"),
            Told(name="missing", value="sealed"),
            Told(name="document", value="294-QĐ/TW"),
        ),
        by=CLERK,
    )
    office.ketnap.dossiers.perform(refused)
    before = work(office, "base")
    office.act(candidacy, "application")  # keeps the task: it is not of the candidacy itself
    still = work(office, "base")
    office.ketnap.dossiers.perform(
        SettleRefusal(
            on=date(2026, 11, 24), task=outcome_of(refused.cause, refused.policy), by=CLERK
        )
    )

    after = work(office, "base")

    assert brief(before) == [("refused", "earlier-step-missing", "2026-11-20")]
    assert "đóng dấu giáp lai lý lịch" in before[0]["title"]
    assert before[0]["frees"]
    assert before[0]["cause"] == "verification/7"
    assert "refused" in {task["kind"] for task in still}
    assert "refused" not in {task["kind"] for task in after}


def test_tasks_are_told_to_who_sees_them_and_names_to_who_may_know_them(office: Office) -> None:
    office.brought_to("application")

    unread = {who: work(office, who) for who in office.officers}
    assert {task["full_name"] for tasks in unread.values() for task in tasks} == {None}
    assert list(office.ketnap.keys.reads()) == []
    told = {who: work(office, who, purpose="work") for who in office.officers}

    assert {who for who, tasks in told.items() if tasks} == {
        "cell",
        "base",
        "commune",
        "province",
        "inspector",
    }
    assert {task["full_name"] for task in told["province"]} == {None}
    assert {read.purpose for read in office.ketnap.keys.reads()} == {"work"}


def test_a_role_without_tasks_has_none_in_its_own_unit_either(office: Office) -> None:
    office.brought_to("application")
    office.officers["mentor"] = replace(office.officers["cell"], role="mentor")

    assert work(office, "mentor") == []


def test_the_list_can_be_that_of_a_unit_in_scope(office: Office) -> None:
    office.brought_to("application")
    office.ketnap.catch_up()

    own = work(office, "commune", unit="C1")
    sister = work(office, "commune", unit="C2")
    hidden = office.get("commune", "/work", unit="C3")
    unknown = office.get("commune", "/work", unit="C9")

    assert (len(own), len(sister)) == (2, 0)
    assert hidden.status_code == unknown.status_code == 422
    assert hidden.json()["title"].replace("C3", "·") == unknown.json()["title"].replace("C9", "·")


def test_tasks_go_with_the_unit(office: Office) -> None:
    office.brought_to("application")
    office.ketnap.dossiers.perform(
        MoveUnit(unit=office.cell, on=date(2026, 10, 1), parent=office.other, by=CLERK)
    )

    assert work(office, "commune") == []
    assert len(work(office, "other")) == 2


def test_pages_of_work_follow_each_other(office: Office) -> None:
    for n in range(4):
        candidacy = office.nominated(person_ref=f"{n}", full_name=f"Lê Văn {'ABCD'[n]}")
        office.act(candidacy, "certificate", on=f"2026-02-0{n + 2}")
        office.act(candidacy, "application")
    office.ketnap.catch_up()
    whole = work(office, "cell")
    paged: list[dict[str, Any]] = []
    query: dict[str, object] = {"limit": 3}

    while True:
        told = office.get("cell", "/work", **query).json()
        paged += told["tasks"]
        if not told["next"]:
            break
        query["cursor"] = told["next"]

    assert len(whole) == 8
    assert paged == whole
