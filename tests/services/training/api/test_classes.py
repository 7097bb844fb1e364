"""Classes over HTTP: opened, learnt in, closed and certified by their centre, once each."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from services.training.api.bodies import Classes, ClassNow
from tests.house import Asker, House

PATH = "/api/training/classes"
MARKS = {"attended": 9, "periods": 10, "score": "7,5"}


@pytest.fixture
def centre(house: House) -> Asker:
    return house.asker("H-TT", "political_centre")


@pytest.fixture
def opened(house: House, centre: Asker) -> str:
    """Return the address of a class that was just opened."""
    code = f"N-{uuid4().hex[:8]}"
    told = centre.post(PATH, {"on": "2022-05-02", "code": code, "centre": "H-TT", "enrolled": 3})
    assert told.status_code == 201
    house.catch_up()
    return str(told.headers["Location"])


def of(asker: Asker, path: str, **query: str) -> dict[str, Any]:
    told = asker.get(path, **query)
    assert told.status_code == 200
    msgspec.json.decode(told.content, type=ClassNow)
    body: dict[str, Any] = told.json()
    assert told.headers["ETag"] == f'"{body["version"]}"'
    return body


def do(asker: Asker, path: str, act: str, **body: object) -> Any:  # noqa: ANN401 - JSON
    """Do an act to the class as it stands."""
    version = of(asker, path)["version"]
    return asker.post(f"{path}/{act}", {"on": "2022-05-09"} | body, version=version)


def learner(house: House) -> str:
    """Nominate somebody, and return the candidacy."""
    reference = uuid4().hex
    house.nominate("H-1", reference)
    person = house.ketnap.dossiers.person(reference)
    assert person
    return str(house.ketnap.dossiers.candidacies(person)[0])


def test_a_newcomer_goes_through_a_class(house: House, centre: Asker, opened: str) -> None:
    candidacy = learner(house)
    assert do(centre, opened, "learners", candidacy=candidacy).status_code == 201
    assert do(centre, opened, "results", candidacy=candidacy, **MARKS).status_code == 201
    assert do(centre, opened, "closing").status_code == 201
    issued = do(centre, opened, "certificates", candidacy=candidacy, number=f"S-{candidacy}")
    assert issued.status_code == 201
    house.catch_up()
    told = of(centre, opened, purpose="in giấy chứng nhận")
    [row] = told["learners"]
    assert row["passed"]
    assert row["certificate"] == f"S-{candidacy}"
    assert row["full_name"].startswith("Canary")
    assert row["unit"] == {"code": "H-1", "name": "Đảng ủy Một"}
    assert row["result"] == {"attended": 9, "periods": 10, "score": "7.5", "retake": None}
    standing = house.ketnap.dossiers.standing(msgspec.convert(candidacy, type=type(uuid4())))
    assert "certified" in {fact.fact for fact in standing.values()}


def test_a_class_is_closed_with_the_results_of_all(
    house: House, centre: Asker, opened: str
) -> None:
    first, second = learner(house), learner(house)
    for candidacy in (first, second):
        do(centre, opened, "learners", candidacy=candidacy)
    results = [
        {"candidacy": first, **MARKS},
        {"candidacy": second, "attended": 9, "periods": 10, "score": "4"},
    ]
    assert do(centre, opened, "closing", results=results).status_code == 201
    told = of(centre, opened)
    assert told["certified"] == 1
    assert sorted(each["passed"] for each in told["learners"]) == [False, True]


def test_a_learner_is_found_by_reference_and_withdrawn(
    house: House, centre: Asker, opened: str
) -> None:
    house.nominate("H-1", "W-1")
    assert do(centre, opened, "learners", person_ref=" W-1 ").status_code == 201
    [row] = of(centre, opened)["learners"]
    assert row["full_name"] is None, "no purpose, no name"
    left = do(centre, opened, "withdrawals", candidacy=row["candidacy"], reason="chuyển đi")
    assert left.status_code == 201
    assert of(centre, opened)["learners"] == []


def test_names_are_read_for_a_purpose_and_that_is_on_record(
    house: House, centre: Asker, opened: str
) -> None:
    do(centre, opened, "learners", candidacy=learner(house))
    before = len(house.ketnap.keys.reads())
    of(centre, opened)
    assert len(house.ketnap.keys.reads()) == before
    of(centre, opened, purpose="điểm danh")
    [read] = house.ketnap.keys.reads()[before:]
    assert (read.purpose, read.fields) == ("điểm danh", ("full_name",))


def test_the_same_command_twice_is_done_once(house: House, centre: Asker) -> None:
    body = {"on": "2022-05-02", "code": "TWICE", "centre": "H-TT"}
    first = centre.post(PATH, body, key="twice")
    second = centre.post(PATH, body, key="twice")
    other = centre.post(PATH, body | {"code": "OTHER"}, key="twice")
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert (other.status_code, other.json()["code"]) == (422, "changed-command")


def test_a_change_rests_on_the_class_as_it_was_read(
    house: House, centre: Asker, opened: str
) -> None:
    body = {"on": "2022-05-09", "candidacy": learner(house)}
    assert centre.post(f"{opened}/learners", body).status_code == 428
    stale = centre.post(f"{opened}/learners", body, version=7)
    assert (stale.status_code, stale.json()["code"]) == (412, "changed-meanwhile")
    keyless = house.browser.post(
        f"{opened}/learners", json=body, headers={**centre.headers, "If-Match": '"1"'}
    )
    assert keyless.json()["code"] == "idempotency-key-missing"
    assert of(centre, opened)["learners"] == []


@pytest.mark.parametrize(
    ("act", "body", "status", "code"),
    [
        ("learners", {"person_ref": "nobody"}, 422, "unknown-candidate"),
        ("learners", {"candidacy": str(uuid4())}, 422, "unknown-candidate"),
        ("learners", {}, 422, "unknown-candidate"),
        ("learners", {"person_ref": "R-1", "on": "2999-01-01"}, 422, "day-to-come"),
        ("learners", {"person_ref": "R-1", "on": "1800-01-01"}, 422, "malformed"),
        ("learners", {"person_ref": "R-1", "on": "2022-05-01"}, 409, "outside-the-class"),
        ("learners", {"nobody": 1}, 422, "malformed"),
        ("results", {"candidacy": str(uuid4()), **MARKS}, 422, "unknown-learner"),
        ("results", {"candidacy": str(uuid4()), **MARKS, "score": "NaN"}, 422, "malformed"),
        ("results", {"candidacy": str(uuid4()), **MARKS, "score": "1e9"}, 422, "malformed"),
        ("results", {"candidacy": "x", **MARKS}, 422, "malformed"),
        ("certificates", {"candidacy": str(uuid4()), "number": " "}, 422, "malformed"),
        ("certificates", {"candidacy": str(uuid4()), "number": "1"}, 422, "unknown-learner"),
    ],
)
def test_what_cannot_be_done_says_why(  # noqa: PLR0917 - a table of refusals
    centre: Asker, opened: str, act: str, body: dict[str, object], status: int, code: str
) -> None:
    told = do(centre, opened, act, **body)
    assert (told.status_code, told.json()["code"]) == (status, code)


def test_every_act_that_is_blocked_says_by_which_rule(
    house: House, centre: Asker, opened: str
) -> None:
    def blocked() -> dict[str, str | None]:
        return {
            each["act"]: each["blocked"] and each["blocked"]["code"]
            for each in of(centre, opened)["acts"]
        }

    assert blocked()["enrol"] is None
    assert blocked()["issue_certificate"] == "unknown-learner"
    candidacy = learner(house)
    do(centre, opened, "learners", candidacy=candidacy)
    assert blocked()["close"] == "results-missing"
    assert blocked()["record_result"] is None
    do(centre, opened, "results", candidacy=candidacy, **MARKS)
    assert blocked()["correct"] is None
    do(centre, opened, "closing")
    assert blocked()["enrol"] == "class-already-completed"
    assert blocked()["issue_certificate"] is None
    district = house.asker("H")
    assert {each["blocked"]["code"] for each in of(district, opened)["acts"]} == {"act-not-granted"}


def test_a_correction_says_its_reason(house: House, centre: Asker, opened: str) -> None:
    candidacy = learner(house)
    do(centre, opened, "learners", candidacy=candidacy)
    do(centre, opened, "results", candidacy=candidacy, **MARKS)
    other = {"candidacy": candidacy, **MARKS, "score": "8"}
    assert do(centre, opened, "results", **other).json()["code"] == "result-already-recorded"
    corrected = do(centre, opened, "results", **other, correct=True, reason="chép nhầm")
    assert corrected.status_code == 201
    assert of(centre, opened)["learners"][0]["result"]["score"] == "8"


def test_classes_are_listed_where_they_are_seen(house: House, centre: Asker) -> None:
    def codes(asker: Asker, **query: object) -> list[str]:
        told = asker.get(PATH, **query)
        assert told.status_code == 200
        return [each.code for each in msgspec.json.decode(told.content, type=Classes).classes]

    assert codes(centre, period="2021") == ["L1"]
    assert codes(house.asker("K"), period="2021") == ["L2"]
    assert codes(house.asker("T", "provincial_board"), period="2021") == ["L2", "L1"]
    assert codes(house.asker("T", "provincial_board"), period="2021", unit="K") == ["L2"]
    assert codes(house.asker("H-1", "grassroots_committee")) == []
    assert codes(house.asker("H"), unit="K") == []
    assert house.asker("H").get(PATH, unit="no-such").status_code == 404


def test_a_long_list_comes_page_by_page(house: House, centre: Asker) -> None:
    for number in range(5):
        body = {"on": f"2020-03-0{number // 2 + 1}", "code": f"P-{number}", "centre": "H-TT"}
        assert centre.post(PATH, body).status_code == 201
    house.catch_up()
    found, query = [], {"period": "2020", "limit": 2}
    while True:
        told = centre.get(PATH, **query)
        found += [each["code"] for each in told.json()["classes"]]
        if told.json()["next"] is None:
            break
        assert 'rel="next"' in told.headers["Link"]
        query["cursor"] = told.json()["next"]
    whole = [each["code"] for each in centre.get(PATH, period="2020").json()["classes"]]
    assert found == whole
    assert len(found) == 5


def test_a_class_that_is_not_seen_is_as_if_it_were_not(
    house: House, centre: Asker, opened: str
) -> None:
    far = house.asker("K-TT", "political_centre")
    unknown = f"{PATH}/{uuid4()}"
    for path in (opened, unknown):
        told = far.get(path)
        acted = far.post(f"{path}/closing", {"on": "2022-05-09"}, version=1)
        assert (told.status_code, told.json()["code"]) == (404, "not-found")
        assert (acted.status_code, acted.json()["code"]) == (404, "not-found")
    elsewhere = {"on": "2022-05-02", "code": "FAR", "centre": "K-TT"}
    assert centre.post(PATH, elsewhere).json()["code"] == "unknown-centre"


def test_who_sees_and_may_not_is_refused(house: House, opened: str) -> None:
    told = do(house.asker("H"), opened, "closing")
    assert (told.status_code, told.json()["code"]) == (403, "act-not-granted")


def test_learners_are_seen_by_their_own_committee_alone(
    house: House, centre: Asker, opened: str
) -> None:
    do(centre, opened, "learners", candidacy=learner(house))
    assert len(of(house.asker("H"), opened)["learners"]) == 1
    assert of(house.asker("T", "provincial_board"), opened)["learners"] == []


def test_what_was_just_opened_is_listed_to_who_comes_after_it(house: House) -> None:
    today = house.web.access.today()
    centre = house.asker("K-TT", "political_centre")
    body = {"on": str(today - timedelta(days=1)), "code": "AFTER", "centre": "K-TT"}
    position = centre.post(PATH, body).json()["position"]
    late = centre.get(PATH, after=position)
    assert (late.status_code, late.json()["code"]) == (409, "not-yet-known")
    house.catch_up()
    listed = centre.get(PATH, after=position).json()["classes"]
    assert "AFTER" in {each["code"] for each in listed}
