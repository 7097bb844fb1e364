from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest

from events.rulebook import rulebook
from services.dossiers.application import HoldCeremony, MoveUnit, RenameUnit
from tests.services.dossiers.api.office import CLERK, JOURNEY, Office, acts


def test_a_candidacy_is_told_as_it_stands_with_the_version_that_a_change_names(
    office: Office,
) -> None:
    candidacy = office.brought_to("ceremony")

    answer = office.get("commune", f"/candidacies/{candidacy}")

    told = answer.json()
    assert answer.status_code == 200
    assert answer.headers["ETag"] == f'"{told["version"]}"' == f'"{office.version(candidacy)}"'
    assert (told["candidacy"], told["open"], told["state"]) == (candidacy, True, "ceremony")
    assert told["unit"] == {"code": "C1", "name": "Chi bộ thôn 1"}
    assert [each["code"] for each in told["path"]] == ["X", "C1"]
    assert told["facets"]["occasion"] == "19/5"


def test_no_name_stands_in_a_candidacy(office: Office) -> None:
    candidacy = office.brought_to("ceremony")

    text = office.get("commune", f"/candidacies/{candidacy}").text

    assert "Tuyết" not in text
    assert "079200001234" not in text
    assert "1999-05-17" not in text
    assert office.ketnap.keys.reads() == []


def test_the_way_to_a_candidacy_starts_at_the_unit_of_who_asks(office: Office) -> None:
    candidacy = office.brought_to("certificate")

    paths = {
        who: [each["code"] for each in office.get(who, f"/candidacies/{candidacy}").json()["path"]]
        for who in ("cell", "commune", "province")
    }

    assert paths == {"cell": ["C1"], "commune": ["X", "C1"], "province": ["P", "X", "C1"]}


def test_each_step_says_where_it_stands_and_when_it_was_learned(office: Office) -> None:
    candidacy = office.brought_to("decision")

    steps = office.get("cell", f"/candidacies/{candidacy}").json()["steps"]

    vote = next(step for step in steps if step["fact"] == "cell_vote")
    decision = steps[-1]
    head = office.ketnap.ledgers["dossiers"].head()
    assert [step["fact"] for step in steps][:3] == ["nominated", "certified", "applied"]
    assert vote["votes"] == {
        "official_members": 20,
        "present": 17,
        "in_favour": 14,
        "required": 14,
        "carried": True,
    }
    assert decision["position"] == f"dossiers:{head.position}"
    assert decision["recorded"] == head.recorded.isoformat().replace("+00:00", "Z")
    assert (decision["decider"]["code"], decision["document"]) == ("X", "7-QĐ/ĐU")


def test_a_finding_is_said_in_words(office: Office) -> None:
    candidacy = office.brought_to("certificate")
    office.act(candidacy, "application", on="2026-02-08")

    [step] = [
        step
        for step in office.get("cell", f"/candidacies/{candidacy}").json()["steps"]
        if step["findings"]
    ]

    assert step["findings"] == [
        {
            "kind": "day-off",
            "title": "Việc đơn xin vào Đảng ghi vào ngày nghỉ 08/02/2026.",
            "expected": None,
            "actual": "2026-02-08",
        }
    ]


def test_a_deadline_says_how_it_was_counted(office: Office) -> None:
    candidacy = office.brought_to("decision-receipt")

    clocks = {
        each["clock"]: each
        for each in office.get("cell", f"/candidacies/{candidacy}").json()["deadlines"]
    }

    ceremony = clocks["ceremony"]
    assert (ceremony["starts"], ceremony["due"]) == ("2026-05-18", "2026-06-29")
    assert (ceremony["working_days"], ceremony["months"]) == (30, None)
    assert (ceremony["running"], ceremony["overdue"], ceremony["provisional"]) == (
        True,
        True,
        False,
    )
    assert ceremony["clause"].startswith("ceremony-clock/")
    assert clocks["decision"]["running"] is False
    assert clocks["certificate"]["months"] == 60


def test_an_extension_is_counted_into_its_deadline(office: Office) -> None:
    candidacy = office.brought_to("political-standard")
    office.post(
        "commune",
        f"/candidacies/{candidacy}/decision-extension",
        {"on": "2026-05-05", "working_days": 10, "document": "9-CV/ĐU"},
        match=office.version(candidacy),
    )

    answer = office.get("commune", f"/candidacies/{candidacy}")

    clock = next(each for each in answer.json()["deadlines"] if each["clock"] == "decision")
    extension = acts(answer)["decision-extension"]
    assert clock["working_days"] == 70
    assert [
        field["maximum"] for field in extension["fields"] if field["name"] == "working_days"
    ] == [20]


# What could be done today.

NEXT = {
    "certificate": ("application", "cell"),
    "application": ("personal-history-seal", "base"),
    "verification-note": ("cell-vote", "cell"),
    "cell-vote": ("dossier-receipt", "commune"),
    "political-standard": ("decision", "commune"),
    "decision-receipt": ("ceremony", "cell"),
}


@pytest.mark.parametrize("done", NEXT)
def test_the_next_act_is_allowed_to_who_does_it_and_to_nobody_else(
    office: Office, done: str
) -> None:
    candidacy = office.brought_to(done)
    name, who = NEXT[done]

    judged = {
        each: acts(office.get(each, f"/candidacies/{candidacy}"))[name]
        for each in ("cell", "base", "commune")
    }

    assert judged[who]["allowed"] is True
    assert judged[who]["blocked"] is None
    unable = [each for each in judged if office.officers[each].role != office.officers[who].role]
    for each in unable:
        granted = judged[each]["allowed"] or judged[each]["blocked"]["code"] != "act-not-granted"
        assert granted == (each == "base" and name == "decision")


def test_every_blocked_act_says_which_rule_and_what_would_free_it(office: Office) -> None:
    candidacy = office.brought_to("certificate")

    answer = acts(office.get("commune", f"/candidacies/{candidacy}"))

    blocked = answer["dossier-receipt"]["blocked"]
    assert {name: act["blocked"] is None for name, act in answer.items()} == {
        name: act["allowed"] for name, act in answer.items()
    }
    assert all(act["blocked"]["title"] for act in answer.values() if not act["allowed"])
    assert blocked["code"] == "earlier-step-missing"
    assert "chi bộ biểu quyết" in blocked["title"]


def test_a_blocked_act_names_its_document(office: Office) -> None:
    candidacy = office.brought_to("ceremony")

    blocked = acts(office.get("commune", f"/candidacies/{candidacy}"))["recognition"]["blocked"]

    assert blocked["code"] == "probation-not-over"
    assert "01/06/2027" in blocked["title"]
    clause = rulebook().clause(blocked["clause"])
    assert clause.number in blocked["title"]
    assert (blocked["detail"], blocked["frees"]) == (clause.text_vi, clause.frees_vi)


def test_english_is_the_second_language(office: Office) -> None:
    candidacy = office.brought_to("ceremony")

    answer = office.http.get(
        f"/candidacies/{candidacy}",
        headers={"Authorization": f"Bearer {office.token('commune')}", "Accept-Language": "en"},
    )

    assert "probation" in acts(answer)["recognition"]["blocked"]["title"].lower()


def test_judging_records_nothing(office: Office) -> None:
    candidacy = office.brought_to("decision-receipt")
    before = office.ketnap.ledgers["dossiers"].head()

    office.get("cell", f"/candidacies/{candidacy}")

    assert office.ketnap.ledgers["dossiers"].head() == before


def test_one_act_is_not_judged_as_if_another_were_done(office: Office) -> None:
    candidacy = office.brought_to("cell-vote")

    judged = acts(office.get("commune", f"/candidacies/{candidacy}"))

    assert judged["dossier-receipt"]["allowed"] is True
    assert judged["political-standard"]["allowed"] is False


def test_an_act_that_is_judged_allowed_can_be_done_and_one_that_is_blocked_cannot(
    office: Office,
) -> None:
    candidacy = office.brought_to("decision-receipt")
    judged = acts(office.get("cell", f"/candidacies/{candidacy}"))
    today = office.access.today().isoformat()

    for name in ("decision", "recognition", "dossier-receipt", "striking-off", "ceremony"):
        body: dict[str, Any] = {"on": today}
        if name == "decision":
            body["decider"] = "X"
        answer = office.post(
            "cell", f"/candidacies/{candidacy}/{name}", body, match=office.version(candidacy)
        )
        if judged[name]["allowed"]:
            assert answer.status_code == 201
        else:
            assert answer.json()["code"] == judged[name]["blocked"]["code"]
            assert answer.json()["title"] == judged[name]["blocked"]["title"]


def test_what_was_done_today_is_not_offered_again(office: Office) -> None:
    candidacy = office.brought_to("decision-receipt")
    office.act(candidacy, "ceremony", on=office.access.today().isoformat())

    ceremony = acts(office.get("cell", f"/candidacies/{candidacy}"))["ceremony"]

    assert ceremony["allowed"] is False
    assert ceremony["blocked"]["code"] == "already-recorded"


def test_a_form_has_the_limits_of_today(office: Office) -> None:
    candidacy = office.brought_to("political-standard")

    fields = {
        field["name"]: field
        for field in acts(office.get("commune", f"/candidacies/{candidacy}"))["decision"]["fields"]
    }

    assert fields["on"]["minimum"] == "2026-05-04"
    assert fields["on"]["maximum"] == "2026-11-24"
    assert fields["decider"]["options"] == [
        {"value": "X", "title": "Đảng ủy xã X"},
        {"value": "P", "title": "P"},
    ]
    assert fields["decider"]["limit"]
    assert fields["document"]["required"] is False


# Who sees it.


def test_what_is_hidden_is_answered_like_what_is_not_there(office: Office) -> None:
    candidacy = office.brought_to("certificate")

    for who in ("sister", "other", "youth"):
        for path in ("/candidacies/{}", "/candidacies/{}/person"):
            hidden = office.get(who, path.format(candidacy), purpose="x")
            unknown = office.get(who, path.format(uuid4()), purpose="x")
            no_candidacy = office.get(who, path.format(office.cell), purpose="x")
            told = [each.json() | {"trace": ""} for each in (hidden, unknown, no_candidacy)]
            assert told[0] == told[1] == told[2]
            assert hidden.status_code == 404
            assert set(hidden.headers) == set(unknown.headers)


def test_a_mass_organisation_sees_whom_it_referred(office: Office) -> None:
    own = office.nominated(facets={"sex": "female", "referred_by": "DTN"})
    other = office.nominated(person_ref="2", full_name="Trần Văn Bình")
    office.ketnap.catch_up()

    assert office.get("youth", f"/candidacies/{own}").status_code == 200
    assert office.get("youth", f"/candidacies/{own}/person", purpose="x").status_code == 404
    assert office.get("youth", f"/candidacies/{other}").status_code == 404


def test_a_unit_that_moved_takes_its_open_candidacies_with_it(office: Office) -> None:
    candidacy = office.brought_to("verification-note")
    office.ketnap.dossiers.perform(
        MoveUnit(unit=office.cell, on=date(2026, 10, 1), parent=office.other, by=CLERK)
    )
    office.ketnap.catch_up()
    vote = {"official_members": 20, "present": 17, "in_favour": 14}
    cell_vote = f"/candidacies/{candidacy}/cell-vote"
    office.post("cell", cell_vote, {"on": "2026-10-05", **vote}, match=office.version(candidacy))
    receipt = f"/candidacies/{candidacy}/dossier-receipt"

    old = office.post("commune", receipt, {"on": "2026-10-06"}, match=office.version(candidacy))
    new = office.post("other", receipt, {"on": "2026-10-06"}, match=office.version(candidacy))

    # Who saw its acts where they happened still opens it; what is done now, the new body does.
    assert office.get("commune", f"/candidacies/{candidacy}").status_code == 200
    assert (old.status_code, old.json()["code"]) == (403, "act-not-granted")
    assert new.status_code == 201


def test_a_unit_is_called_as_on_the_day_that_is_told_of(office: Office) -> None:
    candidacy = office.brought_to("certificate")
    office.ketnap.dossiers.perform(
        RenameUnit(unit=office.cell, on=date(2026, 2, 1), name="Chi bộ mới", by=CLERK)
    )
    office.ketnap.catch_up()

    told = office.get("cell", f"/candidacies/{candidacy}").json()

    assert [step["unit"]["name"] for step in told["steps"]] == ["Chi bộ thôn 1", "Chi bộ mới"]
    assert told["unit"]["name"] == "Chi bộ mới"


def test_a_grant_that_is_over_sees_nothing(office: Office) -> None:
    candidacy = office.brought_to("certificate")
    office.officers["gone"] = replace(office.officers["cell"], role="no_such_role")

    assert office.get("gone", f"/candidacies/{candidacy}").status_code == 404


def test_what_was_just_recorded_is_read_without_waiting_for_the_view(office: Office) -> None:
    candidacy = office.brought_to("decision-receipt")
    office.ketnap.dossiers.perform(
        HoldCeremony(candidacy=UUID(candidacy), on=date(2026, 6, 1), by=CLERK)
    )

    step = office.get("cell", f"/candidacies/{candidacy}").json()["steps"][-1]

    assert (step["fact"], step["position"]) == ("ceremony", None)


def test_a_reader_may_wait_for_a_position(office: Office) -> None:
    candidacy = office.brought_to("certificate")
    position = office.ketnap.ledgers["dossiers"].head().position

    there = office.get("cell", f"/candidacies/{candidacy}", after=f"dossiers:{position}")
    others = office.get("cell", f"/candidacies/{candidacy}", after="reporting:999")
    never = office.get("cell", f"/candidacies/{candidacy}", after=f"dossiers:{position + 1}")
    odd = office.get("cell", f"/candidacies/{candidacy}", after="dossiers")

    assert (there.status_code, others.status_code) == (200, 200)
    assert (never.status_code, never.headers["Retry-After"]) == (409, "1")
    assert odd.status_code == 422


def test_the_officers_of_the_journey_are_the_ones_who_may(office: Office) -> None:
    assert {who for who, _ in JOURNEY.values()} == {"cell", "base", "commune"}
