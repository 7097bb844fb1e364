"""What follows from what: in any order of arrival, delivered again, and when it is refused."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import combinations
from pathlib import Path
from uuid import UUID

import pytest

from infra.feed import LedgerFeed
from infra.reactor import Reactor
from services.dossiers import commands as dossiers
from services.dossiers import policy
from services.installation import LEDGERS, Installation
from services.verification.domain import CaseSuspended
from tests.installed import EMBEDDED, POSTGRES, Site, Sites
from tests.system.journey import BY, DAYS, Journey

CERTIFIED, ASKED, CLOSED = "CertificateNoted", "VerificationAsked", "VerificationNoted"


@pytest.fixture
def journey(sites: Sites, mode: str, tmp_path: Path) -> Iterator[Journey]:
    with sites.empty(mode, tmp_path / "data") as site, site.open() as ketnap:
        yield Journey(ketnap)


@pytest.fixture
def unread(sites: Sites, mode: str, tmp_path: Path) -> Iterator[Site]:
    """Yield where training and verification have ended, and dossiers knows nothing."""
    with sites.copy(sites.built("unread", mode, ending), tmp_path / "data") as site:
        yield site


def ending(site: Site) -> None:
    with site.open() as ketnap:
        journey = Journey(ketnap)
        journey.nominate()
        journey.apply()
        journey.seal()
        ketnap.catch_up()
        journey.open_class()
        journey.close_class()
        journey.issue_certificate()
        journey.ask("candidate", "H-1")
        journey.reply(1)
        journey.close_case()


def orders(facts_of_training: int, facts_of_verification: int) -> list[str]:
    """Return every order in which two ledgers can be read, one fact at a time."""
    total = facts_of_training + facts_of_verification
    return [
        "".join("t" if at in chosen else "v" for at in range(total))
        for chosen in map(set, combinations(range(total), facts_of_training))
    ]


def following(ketnap: Installation) -> list[str]:
    """Return what dossiers recorded since the seal."""
    rows = ketnap.ledgers["dossiers"].read(0, 1000)
    kinds = [row.type.partition(".")[2] for row in rows]
    return kinds[kinds.index("PersonalHistorySealed") + 1 :]


@pytest.mark.parametrize(
    ("mode", "order"),
    [
        *((EMBEDDED, order) for order in orders(5, 3)),
        # What is stepped through is the same code: a part shows that Postgres keeps it as well.
        *(pytest.param(POSTGRES, order, marks=pytest.mark.stack) for order in orders(5, 3)[::5]),
    ],
    indirect=["mode"],
)
def test_every_order_of_arrival_ends_in_the_same_case(unread: Site, order: str) -> None:
    with unread.open() as ketnap:
        readers = {
            ledger[0]: Reactor(
                f"dossiers.policy.{ledger}",
                LedgerFeed(ketnap.ledgers[ledger]),
                ketnap.dossiers,
                policy.react,
                batch_events=1,
            )
            for ledger in ("training", "verification")
        }
        for which in order:
            assert readers[which].step()

        facts = following(ketnap)
        assert sorted(facts) == sorted([CERTIFIED, ASKED, CLOSED])
        assert facts.index(ASKED) < facts.index(CLOSED)
        ketnap.catch_up()
        assert following(ketnap) == facts
        assert ketnap.view.refused() == []


def test_what_is_delivered_again_is_noted_once(unread: Site) -> None:
    facts: list[list[str]] = []

    for _ in range(3):
        with unread.open() as ketnap:
            ketnap.catch_up()
            assert all(state.ready for state in ketnap.states())
            facts.append(following(ketnap))
        for name in LEDGERS:
            unread.tamper("ledgers", name, "delete from readers")

    assert sorted(facts[0]) == sorted([CERTIFIED, ASKED, CLOSED])
    assert facts[1:] == facts[:1] * 2


def test_what_is_refused_is_a_task_until_it_is_done(journey: Journey) -> None:
    ketnap = journey.ketnap
    journey.nominate()
    journey.open_class()
    journey.close_class()
    journey.act(dossiers.WithdrawCandidacy, "certified")
    journey.issue_certificate()
    ketnap.catch_up()

    (task,) = ketnap.view.refused()
    assert (task["refusal"], task["about"]) == ("candidacy-over", str(journey.candidacy))
    assert task["cause"] == f"training/{ketnap.ledgers['training'].head().position}"
    assert {told["name"]: told["value"] for told in task["facts"]} == {
        "fact": "withdrawn",
        "on": "2026-01-20",
    }
    assert all(state.ready for state in ketnap.states())

    journey.dossiers(
        dossiers.RetractFact(
            candidacy=journey.candidacy,
            on=DAYS["applied"],
            fact="withdrawn",
            reason="nhầm",
            by=BY,
        )
    )
    reactor = ketnap.reactors[task["policy"]]
    reactor.try_again(UUID(task["case"]), DAYS["applied"], BY)
    ketnap.catch_up()

    assert journey.days()["certified"] == DAYS["certified"]
    assert ketnap.view.refused() == []


def test_a_case_stops_with_the_candidacy_and_goes_on_with_it(journey: Journey) -> None:
    journey.nominate()
    journey.apply()
    journey.seal()
    journey.act(dossiers.WithdrawCandidacy, "verification_asked")
    journey.ketnap.catch_up()

    with pytest.raises(CaseSuspended):
        journey.ask("candidate", "H-1")
    journey.dossiers(
        dossiers.RetractFact(
            candidacy=journey.candidacy, on=DAYS["replied"], fact="withdrawn", reason="nhầm", by=BY
        )
    )
    journey.ketnap.catch_up()
    journey.ask("candidate", "H-1")
    journey.ketnap.catch_up()

    assert journey.days()["verification_asked"] == DAYS["verification_asked"]


def test_a_seal_corrected_behind_a_request_that_nobody_had_noted_yet_leaves_two_tasks(
    journey: Journey,
) -> None:
    journey.nominate()
    journey.apply()
    journey.seal()
    journey.ketnap.catch_up()
    journey.ask("candidate", "H-1")
    journey.dossiers(
        dossiers.CorrectFact(
            candidacy=journey.candidacy,
            on=DAYS["replied"],
            fact="sealed",
            day=DAYS["replied"],
            reason="nhầm",
            by=BY,
        )
    )

    journey.ketnap.catch_up()

    refused = {task["policy"]: task["refusal"] for task in journey.ketnap.view.refused()}
    assert refused == {
        "dossiers.policy.verification": "days-out-of-order",
        "verification.policy.dossiers": "request-before-seal",
    }


def test_imported_histories_leave_training_and_verification_alone(journey: Journey) -> None:
    journey.dossiers(
        dossiers.RecordHistory(
            on=date(2026, 6, 1),
            person_ref="R-1",
            unit=journey.cell,
            acts={"nominated": DAYS["nominated"], "sealed": DAYS["sealed"]},
            left_kind="withdrawn",
            left_on=DAYS["replied"],
            by=BY,
        )
    )

    journey.ketnap.catch_up()

    assert journey.ketnap.ledgers["verification"].head().position == 0
    assert journey.ketnap.view.refused() == []
