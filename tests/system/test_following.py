"""What follows from what: in any order of arrival, delivered again, and when it is refused."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from itertools import combinations
from pathlib import Path
from uuid import UUID

import pytest

from infra.feed import LedgerFeed
from infra.reactor import Reactor
from services.dossiers import commands as dossiers
from services.dossiers import policy
from services.embedded import Embedded
from services.verification.domain import CaseSuspended
from tests.system.journey import BY, DAYS, Journey

CERTIFIED, ASKED, CLOSED = "CertificateNoted", "VerificationAsked", "VerificationNoted"


@pytest.fixture
def journey(tmp_path: Path) -> Iterator[Journey]:
    with Embedded.open(tmp_path / "data") as ketnap:
        yield Journey(ketnap)


@pytest.fixture(scope="module")
def unread(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder in which training and verification have ended, and dossiers knows nothing."""
    folder = tmp_path_factory.mktemp("unread") / "data"
    with Embedded.open(folder) as ketnap:
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
    return folder


def orders(facts_of_training: int, facts_of_verification: int) -> list[str]:
    """Return every order in which two ledgers can be read, one fact at a time."""
    total = facts_of_training + facts_of_verification
    return [
        "".join("t" if at in chosen else "v" for at in range(total))
        for chosen in map(set, combinations(range(total), facts_of_training))
    ]


def following(folder: Path) -> list[str]:
    """Return what dossiers recorded since the seal."""
    with closing(sqlite3.connect(folder / "ledgers/dossiers.db")) as db:
        rows = db.execute("select type from events order by position").fetchall()
    kinds = [kind.partition(".")[2] for (kind,) in rows]
    return kinds[kinds.index("PersonalHistorySealed") + 1 :]


@pytest.mark.parametrize("order", orders(5, 3))
def test_every_order_of_arrival_ends_in_the_same_case(
    unread: Path, tmp_path: Path, order: str
) -> None:
    folder = shutil.copytree(unread, tmp_path / "data")
    with Embedded.open(folder) as ketnap:
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

        facts = following(folder)
        assert sorted(facts) == sorted([CERTIFIED, ASKED, CLOSED])
        assert facts.index(ASKED) < facts.index(CLOSED)
        ketnap.catch_up()
        assert following(folder) == facts
        assert ketnap.view.refused() == []


def test_what_is_delivered_again_is_noted_once(unread: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(unread, tmp_path / "data")
    facts: list[list[str]] = []

    for _ in range(3):
        with Embedded.open(folder) as ketnap:
            ketnap.catch_up()
            heads = {name: ledger.head() for name, ledger in ketnap.ledgers.items()}
            assert all(state.ready for state in ketnap.states())
        facts.append(following(folder))
        for name in heads:
            with closing(sqlite3.connect(folder / f"ledgers/{name}.db")) as db, db:
                db.execute("delete from readers")

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
