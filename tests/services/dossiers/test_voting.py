"""The vote of a cell: how many carry it, and what must be there by then."""

from __future__ import annotations

from datetime import date

import pytest

from events.dossiers import Tally
from events.refusal import Refusal
from services.dossiers.domain import refusals
from tests.facts import facts, names
from tests.services.dossiers.office import DAYS, LOST, ONE_DAY, District


@pytest.mark.parametrize(
    ("official", "needed"), [(3, 2), (4, 3), (5, 4), (7, 5), (9, 6), (14, 10), (20, 14), (22, 15)]
)
def test_two_thirds_of_all_official_members_are_needed(
    district: District, official: int, needed: int
) -> None:
    for in_favour in (needed - 1, needed):
        candidacy = district.live("verification_closed")

        candidacy.take_cell_vote(
            district.act(DAYS["cell_vote"]),
            Tally(official_members=official, present=official, in_favour=in_favour),
        )

        [(_, vote)] = facts(candidacy)
        assert vote["required"] == needed
        assert vote.get("carried", True) is (in_favour == needed)


def test_of_twenty_official_members_thirteen_of_seventeen_present_do_not_carry(
    district: District,
) -> None:
    candidacy = district.live("verification_closed")

    candidacy.take_cell_vote(district.act(DAYS["cell_vote"]), LOST)

    [(_, vote)] = facts(candidacy)
    assert (vote["carried"], vote["required"], vote["tally"]) == (False, 14, LOST)
    assert "deadlines" not in vote


def test_after_a_vote_that_did_not_carry_the_dossier_is_not_taken_in(district: District) -> None:
    candidacy = district.live("verification_closed")
    district.do(candidacy, "lost_vote", DAYS["cell_vote"])
    facts(candidacy)

    with pytest.raises(refusals.CellVoteNotCarried):
        district.do(candidacy, "dossier_received", DAYS["dossier_received"])

    assert facts(candidacy) == []


def test_the_cell_may_vote_again(district: District) -> None:
    candidacy = district.live("verification_closed")
    district.do(candidacy, "lost_vote", DAYS["cell_vote"])

    district.do(candidacy, "cell_vote", DAYS["cell_vote"] + ONE_DAY)
    district.do(candidacy, "dossier_received", DAYS["dossier_received"])

    assert names(candidacy) == ["CellVoteTaken", "CellVoteTaken", "DossierReceived"]


@pytest.mark.parametrize(
    ("tally", "refusal"),
    [
        (Tally(official_members=2, present=2, in_favour=2), refusals.CellTooSmall),
        (Tally(official_members=9, present=10, in_favour=8), refusals.TallyImpossible),
        (Tally(official_members=9, present=7, in_favour=8), refusals.TallyImpossible),
        (Tally(official_members=9, present=7, in_favour=-1), refusals.TallyImpossible),
    ],
)
def test_a_vote_that_cannot_be_is_refused(
    district: District, tally: Tally, refusal: type[Refusal]
) -> None:
    candidacy = district.live("verification_closed")

    with pytest.raises(refusal):
        candidacy.take_cell_vote(district.act(DAYS["cell_vote"]), tally)

    assert facts(candidacy) == []


def test_a_vote_without_certificate_is_refused(district: District) -> None:
    candidacy = district.opened()
    for kind in DAYS:
        if kind not in {"certified", "cell_vote"}:
            district.do(candidacy, kind, DAYS[kind])
        if kind == "verification_closed":
            break
    facts(candidacy)

    with pytest.raises(refusals.CertificateMissing):
        district.do(candidacy, "cell_vote", DAYS["cell_vote"])

    assert facts(candidacy) == []


@pytest.mark.parametrize(("day", "taken"), [(date(2025, 1, 15), True), (date(2025, 2, 3), False)])
def test_a_certificate_serves_sixty_months(district: District, day: date, *, taken: bool) -> None:
    days = DAYS | {"nominated": date(2020, 1, 2), "certified": date(2020, 1, 15)}
    candidacy = district.live("verification_closed", days=days)

    if taken:
        district.do(candidacy, "cell_vote", day)
    else:
        with pytest.raises(refusals.CertificateExpired) as refused:
            district.do(candidacy, "cell_vote", day)
        assert refused.value.facts["expired_on"] == date(2025, 1, 15)

    assert len(facts(candidacy)) == taken


def test_a_new_certificate_frees_a_vote(district: District) -> None:
    days = DAYS | {"nominated": date(2020, 1, 2), "certified": date(2020, 1, 15)}
    candidacy = district.live("verification_closed", days=days)
    district.do(candidacy, "certified", date(2025, 1, 20))

    district.do(candidacy, "cell_vote", date(2025, 2, 3))

    assert names(candidacy) == ["CertificateNoted", "CellVoteTaken"]


def test_papers_older_than_a_year_are_a_finding(district: District) -> None:
    candidacy = district.live("verification_closed")

    district.do(candidacy, "cell_vote", date(2023, 7, 3))

    [(_, vote)] = facts(candidacy)
    assert [(each.kind, each.expected) for each in vote["findings"]] == [
        ("stale-papers", "2023-07-01"),
    ]


@pytest.mark.parametrize(
    ("birth", "taken"), [(date(2004, 10, 31), True), (date(2004, 11, 1), False)]
)
def test_at_the_vote_a_candidate_is_eighteen_counted_by_month(
    district: District, birth: date, *, taken: bool
) -> None:
    candidacy = district.live("verification_closed", birth=birth)

    if taken:
        district.do(candidacy, "cell_vote", DAYS["cell_vote"], birth=birth)
    else:
        with pytest.raises(refusals.UnderAge):
            district.do(candidacy, "cell_vote", DAYS["cell_vote"], birth=birth)

    assert len(facts(candidacy)) == taken


@pytest.mark.parametrize(
    ("birth", "found"), [(date(1962, 10, 1), []), (date(1962, 9, 30), ["over-60"])]
)
def test_over_sixty_is_taken_with_a_finding(
    district: District, birth: date, found: list[str]
) -> None:
    candidacy = district.live("verification_closed", birth=birth)

    district.do(candidacy, "cell_vote", DAYS["cell_vote"], birth=birth)

    [(_, vote)] = facts(candidacy)
    assert [each.kind for each in vote.get("findings", ())] == found
