"""What was refused to a policy is settled or done after all, by who may; to others it says why."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from uuid import UUID, uuid4

import pytest

from infra.ledger.outcomes import NoteRefusal, outcome_of
from services.training import commands as training
from services.training.domain import Result
from tests.services.dossiers.api.office import CLERK, Office
from tests.services.dossiers.api.test_work import work

NOT_NEEDED = {"ground": "not-needed", "document": "7-CV/ĐU"}
ENDED, CERTIFIED = date(2026, 2, 6), date(2026, 2, 10)


@pytest.fixture
def refused(office: Office) -> tuple[str, str]:
    """Return a candidacy that was withdrawn before its certificate came, and the task of that."""
    candidacy = office.nominated()
    withdrawn = {"on": "2026-02-06"}
    office.post(
        "cell",
        f"/candidacies/{candidacy}/withdrawal",
        withdrawn,
        match=office.version(candidacy),
    )
    case = UUID(candidacy)
    person = office.ketnap.dossiers.told(case)[0].person
    passed = Result(attended=9, periods=10, score=Decimal("7.5"))
    for command in (
        training.OpenClass(on=date(2026, 2, 2), code="L1", centre=office.commune, by=CLERK),
        training.EnrolLearner(
            on=date(2026, 2, 2), code="L1", person=person, candidacy=case, by=CLERK
        ),
        training.CompleteClass(on=ENDED, code="L1", results=((case, passed),), by=CLERK),
        training.IssueCertificate(on=CERTIFIED, code="L1", candidacy=case, number="1", by=CLERK),
    ):
        office.ketnap.training.perform(command)
    [task] = [each for each in work(office, "base") if each["kind"] == "refused"]
    assert task["candidacy"] == candidacy
    return candidacy, task["task"]


def refusals(office: Office, who: str) -> list[str]:
    return [each["task"] for each in work(office, who) if each["kind"] == "refused"]


def test_who_may_settles_it_once_and_it_is_gone(office: Office, refused: tuple[str, str]) -> None:
    path = f"/tasks/{refused[1]}/settlement"

    first = office.post("base", path, NOT_NEEDED, key="once")
    repeated = office.post("base", path, NOT_NEEDED, key="once")
    again = office.post("commune", path, NOT_NEEDED)

    assert (first.status_code, first.json()["task"]) == (201, refused[1])
    assert repeated.json()["position"] == first.json()["position"]
    assert (again.status_code, again.json()["code"]) == (409, "task-settled")
    assert refusals(office, "base") == []
    ledger = office.ketnap.ledgers["dossiers"]
    row = ledger.read(int(first.json()["position"].partition(":")[2]) - 1, 1)[0]
    assert b"not-needed" in row.state


def test_what_the_rules_still_refuse_stays_and_what_they_take_now_is_done(
    office: Office, refused: tuple[str, str]
) -> None:
    candidacy, task = refused

    still = office.post("base", f"/tasks/{task}/retry", {})
    assert (still.status_code, still.json()["code"]) == (409, "candidacy-over")
    assert refusals(office, "base") == [task]

    body = {"fact": "withdrawn", "retract": True, "reason": "nhầm", "document": "3-BB/CB"}
    match = office.version(candidacy)
    office.post("base", f"/candidacies/{candidacy}/corrections", body, match=match)
    done = office.post("base", f"/tasks/{task}/retry", {})

    assert done.status_code == 201, done.text
    assert refusals(office, "base") == []
    facts = office.ketnap.dossiers.told(UUID(candidacy))[0].facts.values()
    assert [fact.on for fact in facts if fact.fact == "certified"] == [CERTIFIED]


def test_a_task_whose_policy_is_gone_is_shown_and_settled_and_not_tried_again(
    office: Office,
) -> None:
    candidacy = office.nominated()
    policy = "dossiers.policy.retired"
    refusal = NoteRefusal(
        on=ENDED,
        cause="training/1",
        policy=policy,
        refusal="of-an-older-release",
        rule="no-such/clause",
        about=UUID(candidacy),
        facts=(),
        by=CLERK,
    )
    office.ketnap.dossiers.perform(refusal)
    task = str(outcome_of("training/1", policy))
    [told] = [each for each in work(office, "base") if each["task"] == task]

    again = office.post("base", f"/tasks/{task}/retry", {})
    still = refusals(office, "base")
    settled = office.post("base", f"/tasks/{task}/settlement", NOT_NEEDED)

    assert (told["title"], told["frees"]) == ("of-an-older-release", None)
    assert (again.status_code, again.json()["code"]) == (409, "policy-gone")
    assert still == [task]
    assert settled.status_code == 201, settled.text
    assert refusals(office, "base") == []


def test_who_sees_it_and_may_not_is_told_why(office: Office, refused: tuple[str, str]) -> None:
    [seen] = [each for each in work(office, "cell") if each["kind"] == "refused"]
    answer = office.post("cell", f"/tasks/{refused[1]}/settlement", NOT_NEEDED)

    assert (seen["may_settle"], bool(seen["why_not"])) == (False, True)
    assert (answer.status_code, answer.json()["title"]) == (403, seen["why_not"])
    assert [each["may_settle"] for each in work(office, "base") if each["task"]] == [True]
    assert refusals(office, "base") == [refused[1]]


@pytest.mark.parametrize("act", ["settlement", "retry"])
def test_beside_the_scope_it_does_not_exist(
    office: Office, refused: tuple[str, str], act: str
) -> None:
    body = NOT_NEEDED if act == "settlement" else {}
    hidden = office.post("other", f"/tasks/{refused[1]}/{act}", body)
    unknown = office.post("other", f"/tasks/{uuid4()}/{act}", body)
    another = office.post("base", f"/tasks/{refused[0]}/{act}", body)  # a candidacy is no task

    assert {hidden.status_code, unknown.status_code, another.status_code} == {404}
    assert hidden.json()["title"] == unknown.json()["title"]


def test_a_ground_that_there_is_none_of_is_not_taken(
    office: Office, refused: tuple[str, str]
) -> None:
    path = f"/tasks/{refused[1]}/settlement"

    assert office.post("base", path, {"ground": "because"}).status_code == 422
    assert office.post("base", path, {}).status_code == 422
