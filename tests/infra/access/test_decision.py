"""The one decision, against a plain table: roles, units, records, relations and days."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import product
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.access import (
    ActNotGranted,
    DutiesApart,
    Grant,
    NotFound,
    Resource,
    RoleNotInForce,
    Scope,
    UnknownActError,
    Verdict,
    decide,
    roles,
)
from tests.infra.access.forest import EARLY, LATE, UNITS, ancestors, tree, unit, within
from tests.infra.access.policy import who_may

ROLES = roles()
POLICY = who_may()
LINKS = {
    "candidacy": ("unit", "referrer", "referral"),
    "learner": ("unit", "centre"),
    "request": ("unit", "addressee"),
}
ALL_LINKS = ("unit", "referrer", "referral", "centre", "addressee")
READING = {"see", "read", "export"}
DAYS = (EARLY, LATE)
ME, OTHER = "account-1", "account-2"
LAW = {  # the days on which these roles act
    "district_board": (date.min, date(2025, 6, 30)),
    "district_standing": (date.min, date(2025, 6, 30)),
    "commune_committee": (date(2025, 7, 1), date.max),
}


def a_grant(
    role: str, at: str = "commune", first: date = date.min, last: date | None = None
) -> Grant:
    return Grant(account=ME, unit=unit(at), role=role, first=first, last=last)


def a_candidacy(at: str = "cell", day: date = LATE, **done: frozenset[str]) -> Resource:
    return Resource(
        kind="candidacy",
        day=day,
        links={"unit": unit(at)},
        done={f"candidacy.{act}": by for act, by in done.items()},
    )


def verdict(grant: Grant, resource: Resource, act: str, today: date = LATE) -> Verdict:
    return decide(ROLES, grant, resource, act, ancestors=ancestors, today=today).verdict


def expected(grant: Grant, resource: Resource, act: str) -> Verdict:
    """Answer from the plain table, by walking down from the grant's unit."""
    scope = {
        "own": {grant.unit} & tree(resource.day).keys(),
        "below": within(grant.unit, resource.day),
    }

    def granted(asked: str) -> bool:
        return any(
            reach == "any"
            or (reach == "named" and grant.account in resource.names.get(through, ()))
            or resource.links.get(through) in scope.get(reach, ())
            for role, reach, through in POLICY.get(f"{resource.kind}.{asked}", ())
            if role == grant.role
        )

    if not granted("see"):
        return Verdict.HIDDEN
    first, last = LAW.get(grant.role, (date.min, date.max))
    if not granted(act) or (act not in READING and not first <= resource.day <= last):
        return Verdict.REFUSED
    return Verdict.ALLOWED


@pytest.mark.parametrize("role", sorted(ROLES.roles))
def test_every_role_at_every_unit_is_answered_as_the_table_says(role: str) -> None:
    wrong: list[tuple[str, ...]] = []
    asked = 0
    links = [(kind, link) for kind in ROLES.acts for link in LINKS.get(kind, ("unit",))]
    for at, (kind, link), of, day in product(("commune", "cell"), links, UNITS, DAYS):
        grant = a_grant(role, at)
        resource = Resource(kind=kind, day=day, links={link: unit(of)})
        for act in ROLES.acts[kind]:
            asked += 1
            if verdict(grant, resource, act) is not expected(grant, resource, act):
                wrong.append((at, kind, act, link, of, str(day)))

    assert wrong == []
    assert asked > 6_000


@pytest.mark.parametrize("role", sorted(ROLES.roles))
@pytest.mark.parametrize("link", ["mentor", "self"])
def test_records_that_name_an_account_exist_for_it_alone(role: str, link: str) -> None:
    for kind, named in product(ROLES.acts, (ME, OTHER)):
        resource = Resource(
            kind=kind,
            day=LATE,
            links={"unit": unit("other_tree")},
            names={link: frozenset({named})},
        )
        for act in ROLES.acts[kind]:
            grant = a_grant(role)
            assert verdict(grant, resource, act) is expected(grant, resource, act)


def test_the_plain_table_and_the_roles_name_the_same_acts_and_roles() -> None:
    acts = {f"{kind}.{act}" for kind, acts in ROLES.acts.items() for act in acts}

    assert POLICY.keys() == acts
    assert {role for who in POLICY.values() for role, _, _ in who} == ROLES.roles.keys()


@pytest.mark.parametrize(
    ("of", "day", "answer"),
    [
        ("commune", LATE, Verdict.ALLOWED),  # own
        ("cell", LATE, Verdict.ALLOWED),  # child
        ("deep", LATE, Verdict.ALLOWED),  # below a child
        ("district", LATE, Verdict.HIDDEN),  # above
        ("neighbour", LATE, Verdict.HIDDEN),  # beside
        ("abroad", LATE, Verdict.HIDDEN),  # of another district
        ("other_tree", LATE, Verdict.HIDDEN),  # of another province
        ("dissolved", EARLY, Verdict.ALLOWED),
        ("dissolved", LATE, Verdict.HIDDEN),
        ("moved", EARLY, Verdict.ALLOWED),
        ("moved", LATE, Verdict.HIDDEN),
        ("never was", LATE, Verdict.HIDDEN),
    ],
)
def test_a_scope_is_a_unit_and_what_lies_below_it_on_the_records_day(
    of: str, day: date, answer: Verdict
) -> None:
    assert verdict(a_grant("grassroots_committee"), a_candidacy(of, day), "read") is answer


def test_the_unit_that_a_record_moved_to_sees_it_from_that_day() -> None:
    grant = a_grant("grassroots_committee", "abroad")

    assert verdict(grant, a_candidacy("moved", EARLY), "see") is Verdict.HIDDEN
    assert verdict(grant, a_candidacy("moved", LATE), "see") is Verdict.ALLOWED


def test_who_acts_for_a_unit_that_is_no_more_sees_what_was_in_its_days() -> None:
    for role in ("cell_committee", "grassroots_committee"):
        grant = a_grant(role, "dissolved")
        assert verdict(grant, a_candidacy("dissolved", EARLY), "read") is Verdict.ALLOWED
        assert verdict(grant, a_candidacy("dissolved", LATE), "read") is Verdict.HIDDEN


def test_a_record_out_of_scope_is_answered_like_one_that_is_not() -> None:
    grant = a_grant("cell_committee", "cell")
    for of in ("sister", "no such unit"):
        for act in ROLES.acts["candidacy"]:
            decision = decide(ROLES, grant, a_candidacy(of), act, ancestors=ancestors, today=LATE)
            assert decision.verdict is Verdict.HIDDEN
            assert isinstance(decision.refusal, NotFound)
            assert decision.refusal.facts == {}


@given(
    first=st.integers(-40, 40),
    days=st.none() | st.integers(-3, 40),
    today=st.integers(-60, 60),
)
def test_a_grant_holds_from_its_first_day_through_its_last(
    first: int, days: int | None, today: int
) -> None:
    begin, asked = LATE + timedelta(first), LATE + timedelta(today)
    end = None if days is None else begin + timedelta(days)
    grant = a_grant("cell_committee", "cell", begin, end)

    held = first <= today and (days is None or today <= first + days)

    for act in ("see", "vote"):
        answer = verdict(grant, a_candidacy("cell"), act, today=asked)
        assert answer is (Verdict.ALLOWED if held else Verdict.HIDDEN)


@given(day=st.dates(date(2025, 6, 1), date(2025, 7, 31)))
def test_a_role_acts_within_its_days_and_goes_on_seeing(day: date) -> None:
    reform = date(2025, 7, 1)
    board, commune = a_grant("district_board", "district"), a_grant("commune_committee")

    assert (verdict(board, a_candidacy(day=day), "receive") is Verdict.ALLOWED) == (day < reform)
    assert (verdict(commune, a_candidacy(day=day), "receive") is Verdict.ALLOWED) == (day >= reform)
    assert verdict(board, a_candidacy(day=day), "read") is Verdict.ALLOWED
    assert verdict(commune, a_candidacy(day=day), "read") is Verdict.ALLOWED


def test_an_act_outside_the_days_of_a_role_says_which_they_are() -> None:
    scope = Scope(ROLES, a_grant("district_board", "district"), ancestors, LATE)

    with pytest.raises(RoleNotInForce) as refused:
        scope.demand(a_candidacy(), "receive")

    assert refused.value.facts["ends"] == date(2025, 6, 30)


def test_who_recorded_the_vote_does_not_sign_the_decision() -> None:
    grant = a_grant("grassroots_committee")
    voted_by_me = a_candidacy(vote=frozenset({ME}))
    voted_by_another = a_candidacy(vote=frozenset({OTHER}))
    scope = Scope(ROLES, grant, ancestors, LATE)

    assert scope.decide(voted_by_another, "decide")
    assert scope.decide(voted_by_me, "extend")
    with pytest.raises(DutiesApart) as refused:
        scope.demand(voted_by_me, "decide")
    assert refused.value.facts["other"] == "candidacy.vote"


def test_who_signed_the_decision_does_not_record_the_vote() -> None:
    grant = a_grant("cell_committee", "cell")

    assert verdict(grant, a_candidacy(decide=frozenset({ME})), "vote") is Verdict.REFUSED


def test_who_closed_the_verification_does_not_conclude() -> None:
    resource = Resource(
        kind="candidacy",
        day=LATE,
        links={"unit": unit("cell")},
        done={"verification.close": frozenset({ME})},
    )

    assert verdict(a_grant("commune_committee"), resource, "conclude") is Verdict.REFUSED


def test_rules_need_two_people() -> None:
    proposed = Resource(kind="rules", day=LATE, done={"rules.propose": frozenset({ME})})

    assert verdict(a_grant("provincial_board"), proposed, "approve") is Verdict.REFUSED


def test_what_is_seen_and_not_granted_is_refused_by_the_role() -> None:
    scope = Scope(ROLES, a_grant("inspector"), ancestors, LATE)

    answers = scope.acts(a_candidacy())

    assert {act for act, answer in answers.items() if answer} == {"see", "read"}
    assert isinstance(answers["decide"].refusal, ActNotGranted)
    assert answers["decide"].refusal.facts["role"] == "Đoàn kiểm tra, Ủy ban kiểm tra"


@pytest.mark.parametrize("role", sorted(ROLES.roles))
def test_a_role_at_no_unit_of_the_forest_sees_only_what_has_no_unit(role: str) -> None:
    grant = a_grant(role, "nowhere")
    for kind, of in product(ROLES.acts, UNITS):
        resource = Resource(kind=kind, day=LATE, links={link: unit(of) for link in ALL_LINKS})
        seen = verdict(grant, resource, "see") is Verdict.ALLOWED
        assert seen == any((who, reach) == (role, "any") for who, reach, _ in POLICY[f"{kind}.see"])


def test_an_unknown_role_sees_nothing() -> None:
    assert verdict(a_grant("governor", "province"), a_candidacy(), "see") is Verdict.HIDDEN


@pytest.mark.parametrize(("kind", "act"), [("candidacy", "burn"), ("secret", "see")])
def test_an_act_that_the_table_does_not_know_is_a_defect(kind: str, act: str) -> None:
    resource = Resource(kind=kind, day=LATE, links={"unit": unit("cell")})

    with pytest.raises(UnknownActError):
        verdict(a_grant("grassroots_committee"), resource, act)


def test_lists_counts_and_streams_hold_what_single_records_would() -> None:
    scope = Scope(ROLES, a_grant("grassroots_committee"), ancestors, LATE)
    records = [a_candidacy(name, day) for name, day in product(UNITS, DAYS)]

    assert list(scope.visible(records)) == [each for each in records if scope.decide(each)]
    assert sum(1 for _ in scope.visible(records)) == 6 + 4
    assert scope.sees("figures", unit("cell"), LATE)
    assert not scope.sees("figures", unit("sister of nobody"), LATE)


def test_where_a_unit_lies_is_looked_up_once_a_request() -> None:
    asked: list[tuple[UUID, date]] = []

    def counting(of: UUID, day: date) -> list[UUID] | None:
        asked.append((of, day))
        above = ancestors(of, day)
        return None if above is None else list(above)

    scope = Scope(ROLES, a_grant("grassroots_committee"), counting, LATE)
    list(scope.visible([a_candidacy(), a_candidacy(), a_candidacy("sister")]))
    scope.acts(a_candidacy())

    assert asked == [(unit("cell"), LATE), (unit("sister"), LATE)]
