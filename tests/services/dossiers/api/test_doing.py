from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest

from events.dossiers import AdmissionDecided, DossierReturned
from events.envelope import By
from services.dossiers.application import HoldCeremony
from services.verification import commands as verification
from tests.services.dossiers.api.office import CLERK, JOURNEY, NOMINATION, Office, acts, newest


def test_a_nomination_opens_a_candidacy_and_says_where_it_stands(office: Office) -> None:
    answer = office.post("cell", "/candidacies", NOMINATION)

    told = answer.json()
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"/candidacies/{told['candidacy']}"
    assert told["position"] == f"dossiers:{office.ketnap.ledgers['dossiers'].head().position}"
    assert (told["version"], answer.headers["ETag"]) == (2, '"2"')
    assert office.facts(told["candidacy"]) == ["CandidacyOpened", "CandidateNominated"]


def test_what_a_request_records_bears_its_trace(office: Office) -> None:
    answer = office.post("cell", "/candidacies", NOMINATION)

    ledger = office.ketnap.ledgers["dossiers"]
    [row] = ledger.read(ledger.head().position - 1, 1)
    assert row.trace is not None
    assert row.trace.split("-")[1] == answer.headers["x-request-id"]


def test_every_act_of_a_journey_is_a_resource(office: Office) -> None:
    candidacy = office.brought_to("ceremony")

    assert office.facts(candidacy)[2:] == [
        "CertificateNoted",
        "ApplicationSubmitted",
        "PersonalHistorySealed",
        "VerificationAsked",
        "VerificationNoted",
        "CellVoteTaken",
        "DossierReceived",
        "PoliticalStandardConcluded",
        "AdmissionDecided",
        "DecisionReceived",
        "CeremonyHeld",
    ]


def test_an_act_names_who_did_it_for_which_body_and_on_what_paper(office: Office) -> None:
    candidacy = office.brought_to("decision")

    decided = newest(office, candidacy)

    assert isinstance(decided, AdmissionDecided)
    assert (decided.actor, decided.acting_for) == ("chi", str(office.commune))
    assert (decided.document, decided.decider) == ("7-QĐ/ĐU", office.commune)


def test_the_fields_of_an_act_are_recorded(office: Office) -> None:
    candidacy = office.brought_to("dossier-receipt")
    answer = office.post(
        "commune",
        f"/candidacies/{candidacy}/dossier-return",
        {"on": "2026-04-22", "reason": "thiếu mẫu 3-KNĐ"},
        match=office.version(candidacy),
    )

    assert answer.status_code == 201
    returned = newest(office, candidacy)
    assert isinstance(returned, DossierReturned)
    assert returned.reason == "thiếu mẫu 3-KNĐ"


def test_an_extension_rests_on_a_document(office: Office) -> None:
    candidacy = office.brought_to("political-standard")
    path = f"/candidacies/{candidacy}/decision-extension"
    body = {"on": "2026-05-05", "working_days": 10}

    without = office.post("commune", path, body, match=office.version(candidacy))
    with_it = office.post(
        "commune", path, {**body, "document": "9-CV/ĐU"}, match=office.version(candidacy)
    )

    assert (without.status_code, without.json()["code"]) == (422, "document-missing")
    assert with_it.status_code == 201


def test_an_act_sent_again_under_its_key_is_done_once_and_answered_alike(office: Office) -> None:
    candidacy = office.nominated()
    sent: dict[str, Any] = {"on": "2026-02-09"}
    path = f"/candidacies/{candidacy}/application"

    first = office.post("cell", path, sent, key="k", match=2)
    office.act(candidacy, "certificate")
    again = office.post("cell", path, sent, key="k", match=2)

    assert (
        (again.status_code, again.json())
        == (first.status_code, first.json())
        == (
            201,
            {**first.json(), "version": 3},
        )
    )
    assert office.facts(candidacy).count("ApplicationSubmitted") == 1


def test_a_nomination_sent_again_names_the_same_candidacy(office: Office) -> None:
    first = office.post("cell", "/candidacies", NOMINATION, key="k")
    again = office.post("cell", "/candidacies", NOMINATION, key="k")

    assert again.json() == first.json()
    assert again.headers["Location"] == first.headers["Location"]


def test_another_body_under_a_used_key_is_refused(office: Office) -> None:
    candidacy = office.nominated()
    path = f"/candidacies/{candidacy}/application"
    office.post("cell", path, {"on": "2026-02-09"}, key="k", match=2)

    answer = office.post("cell", path, {"on": "2026-02-10"}, key="k", match=3)

    assert (answer.status_code, answer.json()["code"]) == (422, "changed-command")


def test_a_key_is_the_accounts_own(office: Office) -> None:
    candidacy = office.nominated()
    office.post(
        "base", f"/candidacies/{candidacy}/certificate", {"on": "2026-02-02"}, key="k", match=2
    )
    path = f"/candidacies/{candidacy}/application"

    answer = office.post("cell", path, {"on": "2026-02-09"}, key="k", match=3)

    assert answer.status_code == 201


def test_what_was_so_already_is_said_to_stand(office: Office) -> None:
    candidacy = office.nominated()
    office.act(candidacy, "application")

    again = office.act(candidacy, "application")

    assert (again.status_code, again.json()["position"]) == (200, None)
    assert office.facts(candidacy).count("ApplicationSubmitted") == 1


def test_a_change_says_what_it_changes(office: Office) -> None:
    candidacy = office.nominated()
    path, body = f"/candidacies/{candidacy}/application", {"on": "2026-02-09"}

    missing = office.post("cell", path, body)
    stale = office.post("cell", path, body, match=1)
    odd = office.post("cell", path, body, match="2")
    whatever = office.post("cell", path, body, match="*")

    assert (missing.status_code, missing.json()["code"]) == (428, "precondition-missing")
    assert (stale.status_code, stale.json()["code"]) == (412, "changed-meanwhile")
    assert odd.status_code == 422
    assert whatever.status_code == 201


def test_of_two_who_read_the_same_one_changes_it(office: Office) -> None:
    candidacy = office.nominated()
    version = office.version(candidacy)

    def change(name: str) -> int:
        who, body = JOURNEY[name]
        path = f"/candidacies/{candidacy}/{name}"
        return office.post(who, path, body, match=version).status_code

    with ThreadPoolExecutor(2) as both:
        statuses = sorted(both.map(change, ("certificate", "application")))

    assert statuses == [201, 412]
    assert len(office.facts(candidacy)) == 3


def test_one_command_sent_many_times_at_once_is_done_once(office: Office) -> None:
    candidacy = office.nominated()
    path = f"/candidacies/{candidacy}/application"

    def send(_: int) -> tuple[int, str]:
        answer = office.post("cell", path, {"on": "2026-02-09"}, key="k", match=2)
        return answer.status_code, answer.text

    with ThreadPoolExecutor(8) as crowd:
        answers = set(crowd.map(send, range(8)))

    assert len(answers) == 1
    assert office.facts(candidacy).count("ApplicationSubmitted") == 1


def test_a_refusal_is_a_problem_with_its_rule_and_what_frees(office: Office) -> None:
    candidacy = office.brought_to("certificate")
    who, body = JOURNEY["personal-history-seal"]

    answer = office.post(
        who,
        f"/candidacies/{candidacy}/personal-history-seal",
        body,
        match=office.version(candidacy),
    )

    told = answer.json()
    assert answer.status_code == 409
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert told["code"] == "earlier-step-missing"
    assert "đơn xin vào Đảng" in told["title"]
    assert told["clause"].startswith("application-first/")
    assert told["detail"]
    assert told["frees"]
    assert office.facts(candidacy)[-1] == "CertificateNoted"


@pytest.mark.parametrize(
    ("votes", "status", "code"),
    [
        ((20, 17, 14), 201, None),
        ((2, 2, 2), 409, "cell-too-small"),
        ((20, 17, 18), 422, "tally-impossible"),
    ],
)
def test_a_vote_is_judged_by_its_numbers(
    office: Office, votes: tuple[int, int, int], status: int, code: str | None
) -> None:
    candidacy = office.brought_to("verification-note")
    names = ("official_members", "present", "in_favour")

    answer = office.act(candidacy, "cell-vote", **dict(zip(names, votes, strict=True)))

    assert (answer.status_code, answer.json().get("code")) == (status, code)


def test_a_body_that_is_not_above_cannot_decide_and_one_unseen_is_unknown(office: Office) -> None:
    candidacy = office.brought_to("political-standard")

    beside = office.act(candidacy, "decision", decider="C2")
    unseen = office.act(candidacy, "decision", decider="Y")
    nowhere = office.act(candidacy, "decision", decider="NOWHERE")

    assert (beside.status_code, beside.json()["code"]) == (409, "decider-not-above")
    assert (unseen.status_code, unseen.json()["code"]) == (422, "unknown-unit")
    assert unseen.json()["title"].replace("Y", "·") == nowhere.json()["title"].replace(
        "NOWHERE", "·"
    )


@pytest.mark.parametrize(
    ("day", "status", "code"),
    [
        ("2026-11-24", 201, None),
        ("2026-11-25", 422, "day-to-come"),
        ("9999-12-31", 422, "day-to-come"),
        ("0001-01-01", 422, "malformed"),
        ("1929-12-31", 422, "malformed"),
        ("24/11/2026", 422, "malformed"),
        ("2026-02-30", 422, "malformed"),
        ("", 422, "malformed"),
        (20261124, 422, "malformed"),
        (None, 422, "malformed"),
    ],
)
def test_a_fact_bears_a_day_that_has_come(
    office: Office, day: object, status: int, code: str | None
) -> None:
    candidacy = office.nominated()

    answer = office.act(candidacy, "application", on=day)

    assert (answer.status_code, answer.json().get("code")) == (status, code)


def test_what_is_wrong_is_named_and_never_repeated(office: Office) -> None:
    answer = office.post("cell", "/candidacies", {**NOMINATION, "full_name": "Người\tBí Mật"})

    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"pointer": "#/full_name"}]
    assert "Bí Mật" not in answer.text


def test_a_field_that_nobody_knows_is_refused(office: Office) -> None:
    answer = office.post("cell", "/candidacies", {**NOMINATION, "fullname": "x"})

    assert answer.status_code == 422


def test_a_person_has_one_open_candidacy_and_anothers_is_not_named(office: Office) -> None:
    candidacy = office.nominated()
    office.officers["far"] = office.officers["cell"].__class__(
        account="far", unit=office.other_cell, role="cell_committee", first=date.min
    )
    again = {**NOMINATION, "on": "2026-01-13"}

    own = office.post("cell", "/candidacies", again)
    far = office.post("far", "/candidacies", {**again, "unit": "C3"})

    assert own.json()["code"] == far.json()["code"] == "candidacy-open-already"
    assert candidacy in own.text
    assert candidacy not in far.text


def test_a_nomination_is_made_where_the_grant_nominates(office: Office) -> None:
    hidden = office.post("cell", "/candidacies", {**NOMINATION, "unit": "C2"})
    unknown = office.post("cell", "/candidacies", {**NOMINATION, "unit": "C9"})
    seen = office.post("commune", "/candidacies", NOMINATION)

    assert hidden.status_code == unknown.status_code == 422
    assert hidden.json()["title"].replace("C2", "·") == unknown.json()["title"].replace("C9", "·")
    assert (seen.status_code, seen.json()["code"]) == (403, "act-not-granted")


def test_what_a_role_does_not_do_is_refused_and_what_it_does_not_see_is_not_there(
    office: Office,
) -> None:
    candidacy = office.nominated()
    path = f"/candidacies/{candidacy}/application"

    seen = office.post("commune", path, {"on": "2026-02-09"}, match=2)
    hidden = office.post("other", path, {"on": "2026-02-09"}, match=2)
    unknown = office.post(
        "other", f"/candidacies/{uuid4()}/application", {"on": "2026-02-09"}, match=2
    )

    assert (seen.status_code, seen.json()["code"]) == (403, "act-not-granted")
    assert hidden.status_code == unknown.status_code == 404
    assert _without_trace(hidden.json()) == _without_trace(unknown.json())
    assert len(office.facts(candidacy)) == 2


def test_who_recorded_the_vote_does_not_decide(office: Office) -> None:
    candidacy = office.brought_to("political-standard")
    voted = office.officers["cell"].account
    office.officers["both"] = office.officers["commune"].__class__(
        account=voted, unit=office.commune, role="commune_committee", first=date.min
    )
    _, body = JOURNEY["decision"]

    answer = office.post(
        "both", f"/candidacies/{candidacy}/decision", body, match=office.version(candidacy)
    )

    assert (answer.status_code, answer.json()["code"]) == (403, "duties-apart")


def test_who_closed_the_verification_does_not_conclude(office: Office) -> None:
    candidacy = office.brought_to("personal-history-seal")
    closing = By(actor=office.officers["commune"].account, document="4-CV/ĐU")
    about: dict[str, Any] = {"candidacy": UUID(candidacy), "by": closing}
    for command in (
        verification.RequestVerification(
            on=date(2026, 3, 3), subject_kind="candidate", place="X", **about
        ),
        verification.RecordReply(on=date(2026, 3, 20), request=1, matches=True, **about),
        verification.CloseCase(on=date(2026, 4, 6), **about),
    ):
        office.ketnap.verification.perform(command)
    office.ketnap.catch_up()
    for name in ("cell-vote", "dossier-receipt"):
        assert office.act(candidacy, name).status_code == 201
    told = acts(office.get("commune", f"/candidacies/{candidacy}"))["political-standard"]

    same = office.act(candidacy, "political-standard")
    office.officers["commune"] = replace(office.officers["commune"], account="lan")
    another = office.act(candidacy, "political-standard")

    assert (told["allowed"], told["blocked"]["code"]) == (False, "duties-apart")
    assert (same.status_code, same.json()["code"]) == (403, "duties-apart")
    assert another.status_code == 201, another.text


def test_a_role_that_had_not_begun_on_that_day_does_nothing(office: Office) -> None:
    candidacy = office.nominated(on="2025-06-02")

    answer = office.post(
        "commune",
        f"/candidacies/{candidacy}/dossier-receipt",
        {"on": "2025-06-30"},
        match=office.version(candidacy),
    )

    assert (answer.status_code, answer.json()["code"]) == (403, "role-not-in-force")


def test_nobody_does_anything_without_a_token_or_a_key(office: Office) -> None:
    nobody = office.http.post("/candidacies", json=NOMINATION, headers={"Idempotency-Key": "k"})
    forged = office.http.post(
        "/candidacies", json=NOMINATION, headers={"Authorization": "Bearer a.b"}
    )
    keyless = office.http.post(
        "/candidacies",
        json=NOMINATION,
        headers={"Authorization": f"Bearer {office.token('cell')}"},
    )

    assert [nobody.status_code, forged.status_code, keyless.status_code] == [401, 401, 400]
    assert nobody.json()["code"] == "sign-in-required"
    assert keyless.json()["code"] == "idempotency-key-missing"


def test_a_command_may_wait_for_what_it_follows(office: Office) -> None:
    candidacy = office.nominated()
    path = f"/candidacies/{candidacy}/application"
    ahead = office.ketnap.ledgers["dossiers"].head().position + 1

    answer = office.post("cell", f"{path}?after=dossiers:{ahead}", {"on": "2026-02-09"}, match=2)

    assert (answer.status_code, answer.json()["code"]) == (409, "not-yet-known")
    assert answer.headers["Retry-After"] == "1"
    assert len(office.facts(candidacy)) == 2


def test_a_command_of_elsewhere_is_seen_by_the_version(office: Office) -> None:
    candidacy = office.brought_to("decision-receipt")
    version = office.version(candidacy)
    office.ketnap.dossiers.perform(
        HoldCeremony(candidacy=UUID(candidacy), on=date(2026, 6, 1), by=CLERK)
    )

    answer = office.post(
        "cell", f"/candidacies/{candidacy}/ceremony", {"on": "2026-06-02"}, match=version
    )

    assert answer.status_code == 412


def _without_trace(problem: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in problem.items() if name != "trace"}
