"""A day, a unit, a facet, or a fact that never was, set right over HTTP."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import httpx2
import pytest

from events.dossiers import CeremonyHeld
from tests.services.dossiers.api.office import Office, newest


def correct(office: Office, candidacy: str, who: str = "base", **body: object) -> httpx2.Response:
    return office.post(
        who,
        f"/candidacies/{candidacy}/corrections",
        {"reason": "biên bản ghi khác", "document": "3-BB/CB", **body},
        match=office.version(candidacy),
    )


def test_a_day_is_set_right_with_reason_and_document(office: Office) -> None:
    candidacy = office.brought_to("ceremony")

    answer = correct(office, candidacy, fact="ceremony", day="2026-06-02")

    assert answer.status_code == 201
    standing = office.ketnap.dossiers.standing(UUID(candidacy))
    assert {fact.on for fact in standing.values() if fact.fact == "ceremony"} == {date(2026, 6, 2)}
    assert newest(office, candidacy).document == "3-BB/CB"


def test_a_facet_is_set_right_on_every_fact(office: Office) -> None:
    candidacy = office.brought_to("ceremony")

    answer = correct(office, candidacy, facet={"name": "sex", "value": "nam"})

    assert answer.status_code == 201
    assert {
        fact.facets.sex for fact in office.ketnap.dossiers.standing(UUID(candidacy)).values()
    } == {"male"}


def test_a_unit_is_set_right_to_one_in_which_the_grant_corrects(office: Office) -> None:
    candidacy = office.brought_to("certificate")

    seen = correct(office, candidacy, fact="nominated", unit="C2")
    hidden = correct(office, candidacy, fact="nominated", unit="C3")
    unknown = correct(office, candidacy, fact="nominated", unit="C9")

    assert seen.status_code == 201
    assert hidden.status_code == unknown.status_code == 422
    assert hidden.json()["title"].replace("C3", "·") == unknown.json()["title"].replace("C9", "·")


def test_a_fact_that_never_was_is_retracted_by_who_may(office: Office) -> None:
    candidacy = office.brought_to("ceremony")

    cell = correct(office, candidacy, "cell", fact="ceremony", retract=True)
    base = correct(office, candidacy, "base", fact="ceremony", retract=True)

    assert (cell.status_code, cell.json()["code"]) == (403, "act-not-granted")
    assert base.status_code == 201
    assert isinstance(office.ketnap.dossiers.told(UUID(candidacy))[1][-2], CeremonyHeld)
    assert all(
        f.fact != "ceremony" for f in office.ketnap.dossiers.standing(UUID(candidacy)).values()
    )


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"fact": "ceremony"}, "malformed"),
        ({"fact": "ceremony", "day": "2026-06-02", "retract": True}, "malformed"),
        ({"day": "2026-06-02"}, "malformed"),
        ({"fact": "wedding", "day": "2026-06-02"}, "malformed"),
        ({"fact": "recognised", "day": "2026-06-02"}, "fact-not-recorded"),
        ({"fact": "ceremony", "day": "2027-06-02"}, "day-to-come"),
        ({"facet": {"name": "age", "value": "18-30"}}, "facet-follows"),
        ({"facet": {"name": "youth_union", "value": "perhaps"}}, "unreadable-facet"),
        ({"facet": {"name": "height", "value": "tall"}}, "unknown-facet"),
        ({"fact": "ceremony", "day": "2026-06-02", "reason": ""}, "malformed"),
    ],
)
def test_a_correction_that_cannot_be_meant_is_refused(
    office: Office, body: dict[str, object], code: str
) -> None:
    candidacy = office.brought_to("ceremony")

    answer = correct(office, candidacy, "base", **body)

    assert (answer.status_code, answer.json()["code"]) == (422, code)


def test_a_correction_that_breaks_the_order_of_days_is_refused(office: Office) -> None:
    candidacy = office.brought_to("ceremony")

    answer = correct(office, candidacy, fact="ceremony", day="2026-05-01")

    assert (answer.status_code, answer.json()["code"]) == (409, "days-out-of-order")


def test_a_stale_correction_is_refused(office: Office) -> None:
    candidacy = office.brought_to("application")
    version = office.version(candidacy)
    office.ketnap.dossiers.ledger.head()
    office.act(candidacy, "personal-history-seal")

    answer = office.post(
        "base",
        f"/candidacies/{candidacy}/corrections",
        {"reason": "r", "document": "d", "fact": "applied", "day": "2026-02-10"},
        match=version,
    )

    assert answer.status_code == 412
