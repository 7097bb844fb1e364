"""Cases over HTTP: places are asked and reply, and each sees what it was asked and no more."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from events.envelope import By
from services.dossiers import commands
from services.verification.api.bodies import CaseNow, Cases
from tests.house import BY, Asker, House

PATH = "/api/verification/cases"
VOTE: dict[str, Any] = {"official_members": 9, "present": 9, "in_favour": 8}
CANDIDATE = {"on": "2022-06-02", "subject_kind": "candidate", "place": "K-1"}


@pytest.fixture
def committee(house: House) -> Asker:
    return house.asker("H-1", "grassroots_committee")


@pytest.fixture
def case(house: House) -> str:
    """Return the address of a case that a seal has just opened."""
    return f"{PATH}/{sealed(house, 'H-1')}"


def sealed(house: House, code: str) -> UUID:
    """Seal the personal history of a newcomer; return the candidacy."""
    reference = uuid4().hex
    house.nominate(code, reference)
    person = house.ketnap.dossiers.person(reference)
    assert person
    [candidacy] = house.ketnap.dossiers.candidacies(person)
    for kind, on in (
        (commands.SubmitApplication, date(2022, 5, 20)),
        (commands.SealPersonalHistory, date(2022, 6, 1)),
    ):
        house.ketnap.dossiers.perform(kind(candidacy=candidacy, on=on, by=BY))
    house.catch_up()
    return candidacy


def of(asker: Asker, path: str, **query: str) -> dict[str, Any]:
    told = asker.get(path, **query)
    assert told.status_code == 200
    msgspec.json.decode(told.content, type=CaseNow)
    body: dict[str, Any] = told.json()
    assert told.headers["ETag"] == f'"{body["version"]}"'
    return body


def do(asker: Asker, path: str, act: str, **body: object) -> Any:  # noqa: ANN401 - JSON
    """Do an act in the case as it stands."""
    version = of(asker, path)["version"]
    return asker.post(f"{path}/{act}", {"on": "2022-06-10"} | body, version=version)


def test_a_case_is_opened_asked_answered_and_closed(
    house: House, committee: Asker, case: str
) -> None:
    father = {"subject_kind": "father", "place": "K-1", "subject_name": "Canary Cha"}
    assert do(committee, case, "requests", **CANDIDATE).status_code == 201
    assert do(committee, case, "requests", **father).status_code == 201
    assert do(committee, case, "closing").json()["code"] == "replies-missing"
    assert do(committee, case, "replies", request=1, matches=True).status_code == 201
    assert do(committee, case, "supplements", request=1, question="năm sinh?").status_code == 201
    assert do(committee, case, "replies", request=1, matches=True).status_code == 201
    assert do(committee, case, "waivers", request=2, ground="deceased").status_code == 201
    assert do(committee, case, "closing").status_code == 201
    house.catch_up()
    told = of(committee, case, purpose="kết luận")
    assert told["closed_on"] == "2022-06-10"
    assert [each["matches"] for each in told["requests"]] == [True, None]
    assert told["requests"][1]["subject_name"] == "Canary Cha"
    assert told["full_name"].startswith("Canary")
    standing = house.ketnap.dossiers.standing(UUID(told["candidacy"]))
    assert "verification_closed" in {fact.fact for fact in standing.values()}


def test_who_concluded_on_a_verification_noted_by_hand_does_not_close_it_afterwards(
    house: House, committee: Asker, case: str
) -> None:
    candidacy = UUID(case.rpartition("/")[2])
    concluder = By(actor=house.grant("H-1", "grassroots_committee").account, document="9-KL/ĐU")
    do(committee, case, "requests", **CANDIDATE)
    do(committee, case, "replies", request=1, matches=True)
    house.catch_up()
    for act, day, by, own in (
        (commands.NoteCertificate, date(2022, 5, 30), BY, {"class_code": "L1"}),
        (commands.NoteVerification, date(2022, 6, 10), BY, {}),
        (commands.TakeCellVote, date(2022, 6, 13), BY, VOTE),
        (commands.ReceiveDossier, date(2022, 6, 14), BY, {}),
        (commands.ConcludePoliticalStandard, date(2022, 6, 15), concluder, {}),
    ):
        house.ketnap.dossiers.perform(act(candidacy=candidacy, on=day, by=by, **own))
    house.catch_up()

    told = {each["act"]: each for each in of(committee, case)["acts"]}["close"]
    same = do(committee, case, "closing", on="2022-06-16")
    another = do(house.asker("H", "grassroots_committee"), case, "closing", on="2022-06-16")

    assert (told["allowed"], told["blocked"]["code"]) == (False, "duties-apart")
    assert (same.status_code, same.json()["code"]) == (403, "duties-apart")
    assert another.status_code == 201, another.text


def test_what_is_said_of_people_is_read_for_a_purpose_and_that_is_on_record(
    house: House, committee: Asker, case: str
) -> None:
    do(committee, case, "requests", **CANDIDATE, subject_name="Canary Tự Thân")
    before = len(house.ketnap.keys.reads())
    assert "Canary" not in committee.get(case).text
    assert len(house.ketnap.keys.reads()) == before
    assert "Canary Tự Thân" in committee.get(case, purpose="xem").text
    assert {read.purpose for read in house.ketnap.keys.reads()[before:]} == {"xem"}
    district = house.asker("H", "district_standing")
    assert "Canary Tự Thân" in district.get(case, purpose="xem").text
    section = house.asker("H-1", "section_committee")
    assert section.get(case, purpose="xem").status_code == 200
    assert "Canary" not in section.get(case, purpose="xem").text


def test_who_is_asked_sees_what_is_asked_of_him_and_replies(
    house: House, committee: Asker, case: str
) -> None:
    do(committee, case, "requests", **CANDIDATE)
    do(committee, case, "requests", subject_kind="father", place="H-2")
    house.catch_up()
    asked = house.asker("K-1", "verifying_committee")
    told = of(asked, case)
    assert [(each["request"], each["may_reply"]) for each in told["requests"]] == [(1, True)]
    assert {each["act"]: each["allowed"] for each in told["acts"]} == {
        "request": False,
        "reply": True,
        "supplement": False,
        "waive": False,
        "close": False,
    }
    assert do(asked, case, "closing").status_code == 403
    assert do(asked, case, "replies", request=2, matches=True).status_code == 404
    assert do(asked, case, "replies", request=1, matches=True).status_code == 201
    candidacy = told["candidacy"]
    assert candidacy in {each["candidacy"] for each in asked.get(PATH).json()["cases"]}
    nobody = house.asker("H-1-A", "residence_committee")
    assert nobody.get(PATH).json()["cases"] == []


def test_a_case_is_found_by_its_own_id_and_by_its_candidacys(committee: Asker, case: str) -> None:
    told = of(committee, case)
    assert of(committee, f"{PATH}/{told['case']}") == told


def test_a_case_that_is_not_seen_is_as_if_it_were_not(house: House, case: str) -> None:
    far = house.asker("K-1", "grassroots_committee")
    for path in (case, f"{PATH}/{uuid4()}"):
        told = far.get(path)
        acted = far.post(f"{path}/closing", {"on": "2022-06-10"}, version=1)
        assert (told.status_code, told.json()["code"]) == (404, "not-found")
        assert (acted.status_code, acted.json()["code"]) == (404, "not-found")


def test_cases_are_listed_where_they_are_seen_what_is_due_first(
    house: House, committee: Asker, case: str
) -> None:
    do(committee, case, "requests", **CANDIDATE)
    here, far = of(committee, case)["candidacy"], str(sealed(house, "K-1"))
    house.catch_up()

    def candidacies(asker: Asker, **query: object) -> list[str]:
        told = asker.get(PATH, **query)
        assert told.status_code == 200
        listed = msgspec.json.decode(told.content, type=Cases).cases
        dues = [each.due or date.max for each in listed]
        assert dues == sorted(dues)
        return [str(each.candidacy) for each in listed]

    assert here in candidacies(committee)
    assert far not in candidacies(committee)
    assert far in candidacies(house.asker("K"))
    assert here not in candidacies(house.asker("K"))
    assert candidacies(house.asker("H"), unit="K-1") == []
    assert here not in candidacies(committee, closed="true")
    assert house.asker("H").get(PATH, unit="no-such").status_code == 404


def test_a_long_list_comes_page_by_page(house: House, committee: Asker) -> None:
    for _ in range(3):
        sealed(house, "H-1")
    found, query = [], {"limit": "2"}
    while True:
        told = committee.get(PATH, **query).json()
        found += [each["case"] for each in told["cases"]]
        if told["next"] is None:
            break
        query["cursor"] = told["next"]
    whole = committee.get(PATH, limit="200").json()
    assert found == [each["case"] for each in whole["cases"]]
    assert len(found) == len(set(found)) >= 3


@pytest.mark.parametrize(
    ("act", "body", "status", "code"),
    [
        ("requests", {"subject_kind": "candidate"}, 422, "malformed"),
        ("requests", {"subject_kind": "dog", "place": "X"}, 422, "unknown-verification-subject"),
        ("requests", CANDIDATE | {"on": "2022-05-31"}, 409, "request-before-seal"),
        ("requests", CANDIDATE | {"on": "2999-01-01"}, 422, "day-to-come"),
        ("replies", {"request": 9, "matches": True}, 422, "unknown-request"),
        ("replies", {"request": 0, "matches": True}, 422, "malformed"),
        ("replies", {"request": 1}, 422, "malformed"),
        ("supplements", {"request": 9}, 422, "unknown-request"),
        ("waivers", {"ground": "deceased"}, 422, "unknown-verification-subject"),
        ("closing", {}, 409, "candidate-not-verified"),
        ("closing", {"more": 1}, 422, "malformed"),
    ],
)
def test_what_cannot_be_done_says_why(  # noqa: PLR0917 - a table of refusals
    committee: Asker, case: str, act: str, body: dict[str, object], status: int, code: str
) -> None:
    told = do(committee, case, act, **body)
    assert (told.status_code, told.json()["code"]) == (status, code)


def test_a_change_rests_on_the_case_as_it_was_read(committee: Asker, case: str) -> None:
    assert committee.post(f"{case}/requests", CANDIDATE).status_code == 428
    stale = committee.post(f"{case}/requests", CANDIDATE, version=9)
    assert (stale.status_code, stale.json()["code"]) == (412, "changed-meanwhile")
    first = committee.post(f"{case}/requests", CANDIDATE, version=1, key="once")
    again = committee.post(f"{case}/requests", CANDIDATE, version=1, key="once")
    assert (first.status_code, first.json()) == (201, again.json())
    assert len(of(committee, case)["requests"]) == 1


def test_every_act_that_is_blocked_says_by_which_rule(committee: Asker, case: str) -> None:
    told = {each["act"]: each for each in of(committee, case)["acts"]}
    assert told["request"]["allowed"]
    assert told["reply"]["blocked"]["code"] == "unknown-request"
    why = told["close"]["blocked"]
    assert (why["code"], bool(why["clause"]), bool(why["detail"])) == (
        "candidate-not-verified",
        True,
        True,
    )
