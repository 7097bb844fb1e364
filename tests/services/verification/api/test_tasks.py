"""What the rules refused to a policy of verification is a task, until somebody takes it up."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from infra.feed import LedgerFeed
from infra.ledger.outcomes import NoteRefusal, outcome_of
from infra.reactor import Reactor
from services.dossiers import commands
from services.verification import policy
from services.verification.api.bodies import Tasks
from services.wording import law
from tests.house import BY, Asker, House
from tests.services.verification.api.test_cases import CANDIDATE, do, of, sealed

API = "/api/verification"
PATH = f"{API}/tasks"
POLICY = "verification.policy.dossiers"
GONE = "verification.policy.retired"
NOT_NEEDED = {"ground": "not-needed", "document": "7-CV/ĐU"}
SEALED, RESEALED = date(2022, 6, 1), date(2022, 6, 5)


@pytest.fixture
def committee(house: House) -> Asker:
    return house.asker("H-1", "grassroots_committee")


@pytest.fixture
def refused(house: House, committee: Asker) -> tuple[str, str]:
    """Return a case and the task in it: a seal moved behind what was asked on the strength of it.

    The place was asked while dossiers had not heard of that yet.
    """
    candidacy = sealed(house, "H-1")
    path = f"{API}/cases/{candidacy}"
    assert do(committee, path, "requests", **CANDIDATE).status_code == 201
    correct_seal(house, candidacy, RESEALED)
    [task] = [each for each in tasks(committee) if each["candidacy"] == str(candidacy)]
    return path, task["task"]


def correct_seal(house: House, candidacy: UUID, day: date) -> None:
    """Record in dossiers that the day of a seal was another one."""
    house.ketnap.dossiers.perform(
        commands.CorrectFact(
            candidacy=candidacy,
            on=date(2022, 6, 6),
            fact="sealed",
            day=day,
            reason="ghi nhầm ngày",
            by=BY,
        )
    )
    house.catch_up()


def tasks(asker: Asker, **query: object) -> list[dict[str, Any]]:
    told = asker.get(PATH, **query)
    assert told.status_code == 200, told.text
    msgspec.json.decode(told.content, type=Tasks)
    listed: list[dict[str, Any]] = told.json()["tasks"]
    return listed


def ids(asker: Asker, **query: object) -> list[str]:
    return [each["task"] for each in tasks(asker, **query)]


def sealed_on(committee: Asker, path: str) -> str:
    return str(of(committee, path)["sealed_on"])


def test_a_task_says_what_was_refused_by_which_rule_and_what_frees_it(
    house: House, committee: Asker, refused: tuple[str, str]
) -> None:
    [told] = [each for each in tasks(committee) if each["task"] == refused[1]]

    assert told["code"] == "request-before-seal"
    assert "02/06/2022" in told["title"]
    rule = law(told["clause"])
    assert (told["detail"], told["frees"]) == (rule["detail"], rule["frees"])
    assert told["unit"] == {"code": "H-1", "name": "Đảng ủy Một"}
    ledger, _, position = told["cause"].partition("/")
    [row] = house.ketnap.ledgers[ledger].read(int(position) - 1, 1)
    assert row.type == "dossiers.FactCorrected"
    assert (told["may_settle"], told["why_not"]) == (True, None)
    assert told["case"] == of(committee, refused[0])["case"]


def test_what_is_delivered_again_is_one_task(
    house: House, committee: Asker, refused: tuple[str, str]
) -> None:
    before = house.ketnap.ledgers["verification"].head()
    house.site.tamper("ledgers", "verification", "delete from readers")
    again = Reactor(
        POLICY,
        LedgerFeed(house.ketnap.ledgers["dossiers"]),
        house.ketnap.verification,
        policy.react,
    )
    while again.step():
        pass
    house.catch_up()

    assert house.ketnap.ledgers["verification"].head() == before
    assert ids(committee).count(refused[1]) == 1


def test_who_may_settles_it_once_and_it_is_gone(
    house: House, committee: Asker, refused: tuple[str, str]
) -> None:
    path = f"{PATH}/{refused[1]}/settlement"

    first = committee.post(path, NOT_NEEDED, key="once")
    repeated = committee.post(path, NOT_NEEDED, key="once")
    again = committee.post(path, NOT_NEEDED)

    assert (first.status_code, first.json()["task"]) == (201, refused[1])
    assert first.json()["position"].startswith("verification:")
    assert repeated.json() == first.json()
    assert (again.status_code, again.json()["code"]) == (409, "task-settled")
    house.catch_up()
    assert refused[1] not in ids(committee)
    assert sealed_on(committee, refused[0]) == "2022-06-01"


def test_what_the_rules_still_refuse_stays_and_what_they_take_now_is_done(
    house: House, committee: Asker, refused: tuple[str, str]
) -> None:
    case, task = refused
    still = committee.post(f"{PATH}/{task}/retry", {})
    assert (still.status_code, still.json()["code"]) == (409, "request-before-seal")
    house.catch_up()
    assert task in ids(committee)

    # Asked anew after the seal, nothing lies before it any more.
    do(committee, case, "replies", on="2022-06-07", request=1, matches=True)
    assert do(committee, case, "supplements", on="2022-06-10", request=1).status_code == 201
    done = committee.post(f"{PATH}/{task}/retry", {"document": "8-CV/ĐU"}, key="again")
    repeated = committee.post(f"{PATH}/{task}/retry", {"document": "8-CV/ĐU"}, key="again")

    assert (done.status_code, repeated.json()) == (201, done.json())
    house.catch_up()
    assert task not in ids(committee)
    assert sealed_on(committee, case) == RESEALED.isoformat()


def test_a_correction_that_was_itself_corrected_is_not_done_after_all(
    house: House, committee: Asker, refused: tuple[str, str]
) -> None:
    case, task = refused
    correct_seal(house, UUID(case.rpartition("/")[2]), SEALED)
    do(committee, case, "replies", on="2022-06-07", request=1, matches=True)
    do(committee, case, "supplements", on="2022-06-10", request=1)

    again = committee.post(f"{PATH}/{task}/retry", {})

    assert (again.status_code, again.json()["code"]) == (409, "seal-overtaken")
    assert "01/06/2022" in again.json()["title"]
    assert sealed_on(committee, case) == SEALED.isoformat()
    settled = committee.post(f"{PATH}/{task}/settlement", {"ground": "recorded-wrongly"})
    assert settled.status_code == 201, settled.text
    house.catch_up()
    assert task not in ids(committee)


@pytest.fixture
def of_an_older_release(house: House, committee: Asker) -> tuple[str, str]:
    """Return a case and a task in it whose policy, reason and rule no release has any more."""
    candidacy = sealed(house, "H-1")
    cause = f"dossiers/{house.ketnap.ledgers['dossiers'].head().position}"
    house.ketnap.verification.perform(
        NoteRefusal(
            on=date(2022, 6, 6),
            cause=cause,
            policy=GONE,
            refusal="of-an-older-release",
            rule="no-such/clause",
            about=candidacy,
            facts=(),
            by=BY,
        )
    )
    house.catch_up()
    return f"{API}/cases/{candidacy}", str(outcome_of(cause, GONE))


def test_a_task_whose_policy_is_gone_is_shown_and_settled_and_not_tried_again(
    committee: Asker, house: House, of_an_older_release: tuple[str, str]
) -> None:
    case, task = of_an_older_release
    [told] = [each for each in tasks(committee) if each["task"] == task]
    before = of(committee, case)

    again = committee.post(f"{PATH}/{task}/retry", {})
    untouched = of(committee, case)
    settled = committee.post(f"{PATH}/{task}/settlement", NOT_NEEDED)

    assert (told["title"], told["may_settle"]) == ("of-an-older-release", True)
    assert (again.status_code, again.json()["code"]) == (409, "policy-gone")
    assert untouched == before
    assert settled.status_code == 201, settled.text
    house.catch_up()
    assert task not in ids(committee)


def test_who_sees_it_and_may_not_is_told_why(house: House, refused: tuple[str, str]) -> None:
    inspector = house.asker("H", "inspector")
    [seen] = [each for each in tasks(inspector) if each["task"] == refused[1]]
    answer = inspector.post(f"{PATH}/{refused[1]}/settlement", NOT_NEEDED)

    assert (seen["may_settle"], bool(seen["why_not"])) == (False, True)
    assert (answer.status_code, answer.json()["title"]) == (403, seen["why_not"])


@pytest.mark.parametrize(
    ("code", "role"),
    [
        ("H-2", "grassroots_committee"),  # beside
        ("K", "district_board"),  # another tree
        ("H-1-A", "cell_committee"),  # below
        ("T", "provincial_board"),  # above, and sees no verification
        ("K-1", "verifying_committee"),  # is asked in that case, and sees no more of it
    ],
)
def test_out_of_scope_it_does_not_exist(
    house: House, refused: tuple[str, str], code: str, role: str
) -> None:
    other = house.asker(code, role)
    case = refused[0].rpartition("/")[2]

    assert tasks(other) == []
    for act, body in (("settlement", NOT_NEEDED), ("retry", {})):
        answers = {
            other.post(f"{PATH}/{each}/{act}", body).text.partition('"trace"')[0]
            for each in (refused[1], uuid4(), case)
        }
        assert len(answers) == 1
        assert '"status":404' in answers.pop()


def test_the_list_is_of_one_unit_when_that_is_asked(house: House, refused: tuple[str, str]) -> None:
    district = house.asker("H")

    assert refused[1] in ids(district, unit="H-1")
    assert ids(district, unit="H-2") == []
    assert district.get(PATH, unit="no-such").status_code == 404


def test_a_long_list_comes_page_by_page_the_latest_first(
    committee: Asker, house: House, refused: tuple[str, str]
) -> None:
    whole = tasks(committee)
    assert refused[1] in {each["task"] for each in whole}
    assert len(whole) > 1
    found, query = [], {"limit": "1"}
    while True:
        told = committee.get(PATH, **query).json()
        found += told["tasks"]
        if told["next"] is None:
            break
        query["cursor"] = told["next"]

    assert found == whole
    days = [each["on"] for each in whole]
    assert days == sorted(days, reverse=True)
    stolen = house.asker("H").get(PATH, cursor=query["cursor"])
    assert stolen.status_code == 422


def test_a_ground_that_there_is_none_of_is_not_taken(
    committee: Asker, refused: tuple[str, str]
) -> None:
    for body in ({"ground": "because"}, {}):
        assert committee.post(f"{PATH}/{refused[1]}/settlement", body).status_code == 422
