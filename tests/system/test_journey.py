"""From nomination to official recognition through all four services, and the figures meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from events.refusal import Refusal
from services.dossiers import commands as dossiers
from services.replay import compare
from tests.installed import Sites
from tests.system.journey import DAYS, Journey

AFTERWARDS = datetime(2027, 7, 1, tzinfo=UTC)


@pytest.fixture
def journey(sites: Sites, mode: str, tmp_path: Path) -> Iterator[Journey]:
    with sites.empty(mode, tmp_path / "data") as site, site.open(lambda: AFTERWARDS) as ketnap:
        yield Journey(ketnap)


def funnel(journey: Journey) -> dict[str, int]:
    """Return the steps of the funnel that are taken."""
    return {step: n for step, n in journey.figures("2026-2027")["funnel"].items() if n}


def test_a_newcomer_is_recognised_and_every_figure_moves_when_it_should(journey: Journey) -> None:
    journey.nominate()
    assert funnel(journey) == {"nominated": 1}
    journey.open_class()
    assert journey.figures()["classes"] == {"classes": 1, "learners": 1, "certified": None}
    journey.close_class()
    assert journey.figures()["classes"]["certified"] == 1
    assert "certified" not in funnel(journey)
    journey.issue_certificate()
    assert funnel(journey) == {"nominated": 1, "certified": 1}

    journey.apply()
    journey.seal()
    journey.ketnap.catch_up()
    journey.ask("candidate", "H-1")
    journey.ask("father", "X-9")
    journey.ketnap.catch_up()
    assert "verification_asked" in journey.days()
    journey.reply(1)
    with pytest.raises(Refusal, match="requests"):
        journey.close_case()
    journey.reply(2)
    with pytest.raises(Refusal, match="verification_closed"):
        vote(journey)
    journey.close_case()
    journey.ketnap.catch_up()

    vote(journey)
    journey.act(dossiers.ReceiveDossier, "dossier_received")
    journey.act(dossiers.ConcludePoliticalStandard, "political_standard")
    journey.act(dossiers.DecideAdmission, "decided", decider=journey.district)
    journey.act(dossiers.ReceiveDecision, "decision_received")
    assert journey.figures()["admitted"] == 0
    journey.act(dossiers.HoldCeremony, "ceremony", occasion="19/5")
    figures = journey.figures()
    assert (figures["admitted"], figures["units"]["with_ceremony"]) == (1, 1)
    assert figures["facets"]["on_occasion"] == {"yes": 1, "no": 0, "unknown": 0}
    journey.act(dossiers.RecogniseOfficially, "recognised")

    assert funnel(journey) == dict.fromkeys(
        ("nominated", "certified", "applied", "received", "decided", "admitted", "recognised"), 1
    )
    in_dossiers = {fact: day for fact, day in DAYS.items() if fact in journey.days()}
    assert journey.days() == in_dossiers | {"recognised": date(2027, 5, 19)}
    assert journey.ketnap.view.refused() == []


def vote(journey: Journey) -> None:
    journey.act(dossiers.TakeCellVote, "cell_vote", official_members=9, present=9, in_favour=7)


def verified(journey: Journey) -> None:
    """Take the case as far as the end of its verification."""
    journey.nominate()
    journey.open_class()
    journey.close_class()
    journey.issue_certificate()
    journey.apply()
    journey.seal()
    journey.ketnap.catch_up()
    journey.ask("candidate", "H-1")
    journey.reply(1)
    journey.close_case()
    journey.ketnap.catch_up()


def test_history_tells_the_whole_case_with_what_followed_from_what(journey: Journey) -> None:
    verified(journey)

    told = journey.ketnap.view.history(case=journey.candidacy)

    caused = {
        event["type"]: next(each["type"] for each in told if each["position"] == cause)
        for event in told
        if (cause := (event["causation"] or "").replace("/", ":"))
    }
    assert caused == {
        "verification.VerificationOpened": "dossiers.PersonalHistorySealed",
        "dossiers.CertificateNoted": "training.CertificateIssued",
        "dossiers.VerificationAsked": "verification.VerificationRequested",
        "dossiers.VerificationNoted": "verification.VerificationClosed",
    }
    assert {event["ledger"] for event in told} == {"dossiers", "training", "verification"}
    by_position = {event["position"]: event["recorded"] for event in told}
    for event in told:
        if event["causation"]:
            assert event["recorded"] >= by_position[event["causation"].replace("/", ":")]


def test_positions_are_those_of_four_ledgers(journey: Journey) -> None:
    verified(journey)

    assert journey.figures()["positions"] == {
        name: ledger.head().position for name, ledger in journey.ketnap.ledgers.items()
    }
    assert list(journey.ketnap.ledgers) == ["dossiers", "training", "verification", "reporting"]


def test_views_rebuilt_from_four_ledgers_are_the_live_ones(journey: Journey) -> None:
    verified(journey)

    compared = compare(journey.ketnap)

    assert {row.table for row in compared} >= {"learners", "history_verification"}
    assert [row for row in compared if row.missing or row.extra] == []


def test_no_name_leaves_a_sealed_box(journey: Journey) -> None:
    verified(journey)

    for ledger in journey.ketnap.ledgers.values():
        for row in ledger.read(0, 100):
            assert "Nguyễn Thị Mới".encode() not in row.state
            assert b"079095000001" not in row.state
