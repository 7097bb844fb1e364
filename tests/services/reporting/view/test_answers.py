"""A figure that was asked before is the same until something moves that counts for it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import count
from threading import Barrier
from uuid import uuid4

import pytest

from events import verification
from services.reporting.view import Question
from services.reporting.view.answers import KEPT_SECONDS, Answers
from services.reporting.view.figures import Figures
from tests.services.reporting.office import Office, day


class Reckoned:
    """How often figures were reckoned."""

    times = 0


@pytest.fixture
def reckoned(monkeypatch: pytest.MonkeyPatch) -> Reckoned:
    counted, answer = Reckoned(), Figures.answer

    def counting(figures: Figures) -> dict[str, object]:
        counted.times += 1
        return answer(figures)

    monkeypatch.setattr(Figures, "answer", counting)
    return counted


def asked(office: Office) -> Question:
    return office.question("P", "2022", "2022-08-26")


def test_a_figure_that_nothing_moved_is_reckoned_once(office: Office, reckoned: Reckoned) -> None:
    office.unit("P")
    office.admit("P", "2022-02-03", times=2)
    first = office.view.figures(asked(office))

    assert office.view.figures(asked(office)) == first
    assert reckoned.times == 1
    for unit, on in (("P", "2022-08-27"), ("P", "2022-08-25")):
        office.view.figures(office.question(unit, "2022", on))
    assert reckoned.times == 3


def test_a_figure_is_reckoned_again_when_a_fact_comes(office: Office, reckoned: Reckoned) -> None:
    office.unit("P")
    assert office.view.figures(asked(office))["admitted"] == 0
    assert office.view.overview(asked(office))["admitted"] == 0
    office.admit("P", "2022-02-03")
    office.target("P", "2022", 3)

    figures, overview = office.view.figures(asked(office)), office.view.overview(asked(office))

    assert (figures["admitted"], overview["admitted"]) == (1, 1)
    assert figures["remaining"] == overview["remaining"] == 2
    assert [row["minimum"] for row in office.view.targets(asked(office))[0]] == [3]


def test_what_only_tells_moves_the_positions_and_not_the_figure(
    office: Office, reckoned: Reckoned
) -> None:
    office.unit("P")
    before = office.view.figures(asked(office))
    case = office.case("P")
    office.view.figures(asked(office))
    office.tell(
        verification.VerificationSuspended,
        uuid4(),
        day("2022-03-01"),
        candidacy=case.stream,
        person=case.person,
        unit=office.units["P"],
    )

    after = office.view.figures(asked(office))

    assert reckoned.times == 2
    assert (before["positions"]["verification"], after["positions"]["verification"]) == (0, 1)


def test_as_known_at_a_moment_is_reckoned_once_whatever_comes(
    office: Office, reckoned: Reckoned
) -> None:
    office.unit("P")
    then = office.recorded
    question = office.question("P", "2022", "2022-08-26", known_at=then)
    first = office.view.figures(question)
    office.admit("P", "2022-02-03")
    office.catch_up()

    assert office.view.figures(question) == first
    assert reckoned.times == 1
    later = office.question("P", "2022", "2022-08-26", known_at=then + timedelta(days=1))
    assert office.view.figures(later)["admitted"] == 1


def test_what_many_ask_at_once_is_reckoned_once() -> None:
    answers, together, numbers = Answers(), Barrier(4), count()

    def ask(_: int) -> int:
        together.wait()
        found: int = answers.get("q", 1, lambda: next(numbers))
        return found

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(ask, range(4))) == [0, 0, 0, 0]


def test_what_was_built_anew_is_seen_before_long() -> None:
    now = [100.0]
    answers = Answers(seconds=lambda: now[0])

    assert answers.get("q", 1, lambda: "old") == "old"
    now[0] += KEPT_SECONDS - 1
    assert answers.get("q", 1, lambda: "new") == "old"
    now[0] += 1
    assert answers.get("q", 1, lambda: "new") == "new"


def test_only_so_many_answers_are_kept_those_that_were_asked_last() -> None:
    answers = Answers(most=2)
    for question in ("a", "b", "a", "c"):
        answers.get(question, 1, lambda question=question: question)  # type: ignore[misc]

    assert answers.get("a", 1, lambda: "again") == "a"
    assert answers.get("b", 1, lambda: "again") == "again"


def test_a_question_that_cannot_be_answered_is_asked_again() -> None:
    answers = Answers()
    with pytest.raises(ZeroDivisionError):
        answers.get("q", 1, lambda: 1 // 0)

    assert answers.get("q", 1, lambda: 2) == 2
