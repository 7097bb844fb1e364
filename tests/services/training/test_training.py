"""What training accepts, on a ledger: claims across classes, and what is sealed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from events.refusal import Refusal
from infra.ledger.claims import rebuild_claims
from services.training import commands
from services.training.application import Training
from services.training.domain import CertificateNumberTaken, LearnerInAnotherClass
from tests.installed import Sites
from tests.services.training.office import BY, CENTRE, ENDED, OPENED, candidacy, person, scored


@pytest.fixture
def training(sites: Sites, mode: str, tmp_path: Path) -> Iterator[Training]:
    with sites.empty(mode, tmp_path / "data") as site, site.open() as ketnap:
        ketnap.keys.create_all(person(number) for number in range(4))
        yield ketnap.training


def open_class(training: Training, code: str, *learners: int) -> None:
    training.perform(commands.OpenClass(on=OPENED, code=code, centre=CENTRE, by=BY))
    for number in learners:
        training.perform(enrol(code, number))


def enrol(code: str, number: int) -> commands.EnrolLearner:
    return commands.EnrolLearner(
        on=OPENED, code=code, person=person(number), candidacy=candidacy(number), by=BY
    )


def complete(code: str, *learners: int, score: str = "8") -> commands.CompleteClass:
    results = tuple((candidacy(number), scored(score)) for number in learners)
    return commands.CompleteClass(on=ENDED, code=code, results=results, by=BY)


def issue(code: str, number: int, certificate: str) -> commands.IssueCertificate:
    return commands.IssueCertificate(
        on=ENDED, code=code, candidacy=candidacy(number), number=certificate, by=BY
    )


def test_a_person_learns_in_one_class_at_a_time(training: Training) -> None:
    open_class(training, "L1", 1)
    open_class(training, "L2")

    with pytest.raises(LearnerInAnotherClass) as refused:
        training.perform(enrol("L2", 1))

    assert refused.value.facts == {"code": "L1"}


@pytest.mark.parametrize("how", ["leaves", "has a result"])
def test_who_is_done_with_one_class_may_enrol_in_another(training: Training, how: str) -> None:
    open_class(training, "L1", 1)
    open_class(training, "L2")

    training.perform(
        commands.WithdrawLearner(on=ENDED, code="L1", candidacy=candidacy(1), by=BY)
        if how == "leaves"
        else complete("L1", 1, score="3")
    )

    assert training.perform(enrol("L2", 1))


def test_no_two_certificates_bear_one_number(training: Training) -> None:
    open_class(training, "L1", 1)
    open_class(training, "L2", 2)
    training.perform(complete("L1", 1))
    training.perform(complete("L2", 2))
    training.perform(issue("L1", 1, "TT-1"))

    with pytest.raises(CertificateNumberTaken):
        training.perform(issue("L2", 2, "TT-1"))

    assert training.perform(issue("L2", 2, "TT-2"))


def test_a_refused_result_leaves_the_whole_class_open(training: Training) -> None:
    open_class(training, "L1", 1, 2)
    results = ((candidacy(1), scored("8")), (candidacy(2), scored("8", attended=1)))
    before = training.ledger.head()

    with pytest.raises(Refusal):
        training.perform(commands.CompleteClass(on=ENDED, code="L1", results=results, by=BY))

    assert training.ledger.head() == before


def test_claims_rebuilt_from_facts_are_the_live_ones(training: Training) -> None:
    open_class(training, "L1", 0, 1, 2)
    open_class(training, "L2", 3)
    training.perform(commands.WithdrawLearner(on=ENDED, code="L1", candidacy=candidacy(2), by=BY))
    training.perform(complete("L1", 0, 1))
    training.perform(issue("L1", 0, "TT-1"))

    live = dict(training.ledger.claims())

    assert rebuild_claims(training.ledger, training.keys) == live
    assert {claim.partition("/")[0] for claim in live} == {
        "class-code",
        "learner",
        "certificate",
        "certificate-number",
    }
    assert [claim for claim in live if claim.startswith("learner/")] == [f"learner/{person(3)}"]


def test_how_a_learner_did_is_sealed_and_shredding_forgets_it(training: Training) -> None:
    open_class(training, "L1", 1)
    training.perform(complete("L1", 1))

    stored = training.ledger.read(0, 10)
    assert training.class_("L1").learners[candidacy(1)].result == scored("8")
    training.keys.entomb("r", person(1))
    training.keys.shred(person(1))

    assert not any(b"score" in row.state or b"attended" in row.state for row in stored)
    known = training.class_("L1").learners[candidacy(1)]
    assert (known.passed, known.result) == (True, None)


def test_an_unknown_class_is_refused_by_name(training: Training) -> None:
    with pytest.raises(Refusal, match="code=L9"):
        training.perform(issue("L9", 1, str(uuid4())))
