"""What holds of every journey, whatever is done in it, in whatever order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from events.calendar import add_months
from events.dossiers import CandidacyFact, Facets
from events.envelope import Fact
from events.refusal import Refusal
from services.dossiers.application import RetractFact, WithdrawCandidacy
from services.dossiers.domain import amending
from services.dossiers.domain.candidacy import Candidacy
from services.dossiers.domain.clocks import STARTED_BY, clock
from services.dossiers.domain.history import Row, record_history
from services.dossiers.domain.journey import LEFT, STEPS, check_order, over
from services.dossiers.domain.readings import read
from services.embedded import Embedded
from tests.services.dossiers.desk import NOW, Office
from tests.services.dossiers.office import BOOK, BY, DAYS, District

BEGIN = date(2024, 1, 2)
KINDS = (*DAYS, "lost_vote", "dossier_returned", "extended", "consent", *LEFT)
DISTRICT = District()
DISTRICT.dissolve("C2", date(2026, 6, 30), DISTRICT.cell)

Step = Callable[[Candidacy, date], None]

days = st.integers(min_value=-10, max_value=120)


def doing(kind: str) -> Step:
    return lambda candidacy, on: DISTRICT.do(candidacy, kind, on)


@st.composite
def live_acts(draw: st.DrawFn) -> list[tuple[Step, int]]:
    """Mostly the next act of the journey, so that many journeys get far."""
    kinds = list(DAYS)
    done: list[tuple[Step, int]] = []
    for kind in kinds:
        if draw(st.integers(0, 9)) == 0:
            done.append((doing(draw(st.sampled_from(KINDS))), draw(days)))
        done.append((doing(kind), draw(st.integers(0, 40)) if kind != "recognised" else 366))
    return done[: draw(st.integers(1, len(done)))]


@st.composite
def amendments(draw: st.DrawFn) -> tuple[Step, int]:
    kind = draw(st.sampled_from((*STEPS, "certified", *LEFT)))
    match draw(st.sampled_from(("correct", "retract", "row", "row", "unit", "facet", "act"))):
        case "correct":
            return (
                lambda candidacy, on: amending.correct_fact(
                    candidacy, DISTRICT.act(on), kind, day=on, reason="x"
                ),
                draw(days),
            )
        case "retract":
            return (
                lambda candidacy, on: amending.retract_fact(
                    candidacy, DISTRICT.act(on), kind, reason="x"
                ),
                draw(days),
            )
        case "row":
            return row(draw)
        case "unit":
            unit = draw(st.sampled_from((DISTRICT.cell, DISTRICT.other)))
            return (
                lambda candidacy, on: amending.correct_unit(
                    candidacy, DISTRICT.act(on), unit, reason="x"
                ),
                draw(days),
            )
        case "facet":
            facets = Facets(sex=draw(st.sampled_from(("female", "male"))), occasion="19/5")
            return (
                lambda candidacy, on: amending.correct_facets(
                    candidacy, DISTRICT.act(on), facets, reason="x"
                ),
                draw(days),
            )
        case _:
            return doing(draw(st.sampled_from(KINDS))), draw(days)


def row(draw: st.DrawFn) -> tuple[Step, int]:
    told = draw(
        st.dictionaries(st.sampled_from((*STEPS, "certified")), st.integers(0, 60), max_size=6)
    )
    left = draw(st.none() | st.sampled_from(LEFT))
    correct = draw(st.booleans())
    unit = draw(st.none() | st.sampled_from((DISTRICT.cell, DISTRICT.other)))
    class_code = draw(st.sampled_from((None, "L1", "L2")))
    sex = draw(st.sampled_from((None, "female")))

    def record(candidacy: Candidacy, on: date) -> None:
        day, acts = on, {}
        for kind in (*STEPS[:5], "certified", *STEPS[5:]):
            if kind in told:
                day += timedelta(days=told[kind])
                acts[kind] = day
        told_row = Row(
            unit=unit or candidacy.unit,
            acts=acts,
            facets=Facets(sex=sex) if sex else candidacy.facets,
            class_code=class_code,
            left_kind=left,
            left_on=day if left else None,
            correct=correct,
            reason="x",
        )
        record_history(candidacy, told_row, DISTRICT.act(on))
        recorded = candidacy.version
        record_history(candidacy, replace(told_row, correct=False), DISTRICT.act(on))
        assert candidacy.version == recorded, "the same row again changes nothing"

    return record, draw(days)


def fold(facts: Sequence[Any]) -> Candidacy:
    candidacy: Candidacy | None = None
    for fact in facts:
        candidacy = fact.mutate(candidacy)
    assert candidacy is not None
    return candidacy


def run(candidacy: Candidacy, steps: Sequence[tuple[Step, int]]) -> Iterator[None]:
    """Do steps, each some days after the last; a refused one records nothing."""
    on = BEGIN
    for step, later in steps:
        at = on + timedelta(days=later)
        before = len(candidacy.pending_events)
        try:
            step(candidacy, at)
        except Refusal:
            assert len(candidacy.pending_events) == before
            continue
        on = max(on, at)
        yield


@settings(max_examples=150, deadline=None, derandomize=True)
@given(live_acts())
def test_no_live_journey_breaks_the_rules(steps: list[tuple[Step, int]]) -> None:
    candidacy = DISTRICT.opened()

    for _ in run(candidacy, steps):
        done = [fact.fact for fact in candidacy.facts.values() if fact.carried]
        for act, rests_on in (
            ("decided", "political_standard"),
            ("political_standard", "dossier_received"),
            ("dossier_received", "cell_vote"),
            ("cell_vote", "verification_closed"),
            ("verification_asked", "sealed"),
            ("ceremony", "decided"),
            ("recognised", "ceremony"),
        ):
            assert act not in done or rests_on in done

    check_facts(candidacy)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(live_acts(), st.lists(amendments(), max_size=8), st.booleans())
def test_what_stands_after_any_change_is_what_a_fresh_fold_and_a_fresh_judgement_say(
    acts: list[tuple[Step, int]],
    changes: list[tuple[Step, int]],
    imported: bool,  # noqa: FBT001 - drawn
) -> None:
    candidacy = DISTRICT.opened(imported=imported)

    for _ in run(candidacy, ([] if imported else acts) + changes):
        again = fold(candidacy.pending_events)
        assert again.facts == candidacy.facts
        assert (again.clocks, again.facets, again.unit) == (
            candidacy.clocks,
            candidacy.facets,
            candidacy.unit,
        )
        check_judgement(candidacy)

    check_facts(candidacy)


def check_judgement(candidacy: Candidacy) -> None:
    """Every fact reads as if all were judged now, and every clock is the one counted now."""
    check_order(candidacy.facts)
    assert candidacy.clocks == {
        name: found[1]
        for name in {name for names in STARTED_BY.values() for name in names}
        if (found := clock(name, candidacy.facts, candidacy.extension, BOOK))
    }
    assert candidacy.facts == read(
        candidacy.facts,
        candidacy.facets,
        candidacy.clocks,
        DISTRICT.act(BEGIN),
        consent=candidacy.consent,
    )


def check_facts(candidacy: Candidacy) -> None:
    """Every fact names who, where and by which rules; recognition follows the ceremony."""
    for fact in candidacy.pending_events:
        assert isinstance(fact, Fact)
        assert fact.actor
        assert fact.rule_set
        if isinstance(fact, CandidacyFact):
            assert fact.unit in DISTRICT.tree
    standing = {fact.fact: fact for fact in candidacy.facts.values()}
    if {"ceremony", "recognised"} <= standing.keys():
        assert standing["recognised"].on == add_months(standing["ceremony"].on, 12)
    for each in candidacy.facts.values():
        if each.facets.age or each.facets.occasion:
            assert each.fact in {"ceremony", "recognised", *LEFT}


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder: Path = tmp_path_factory.mktemp("dossiers")
    with Embedded.open(folder, clock=lambda: NOW) as ketnap:
        yield Office(ketnap)


@settings(
    max_examples=40,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(st.tuples(st.sampled_from("nnwwrl"), st.integers(0, 3)), max_size=8))
def test_a_person_has_at_most_one_open_candidacy(
    office: Office, doings: list[tuple[str, int]]
) -> None:
    on = BEGIN
    with office.app.rehearsal():
        for what, n in doings:
            on += timedelta(days=n)
            known = office.candidacies()
            try:
                match what:
                    case "n":
                        office.app.perform(office.nominate(on=on))
                    case "l":
                        office.app.perform(office.row(acts={"nominated": on}))
                    case "w" if known:
                        command = WithdrawCandidacy(candidacy=known[-1], on=on, by=BY)
                        office.app.perform(command)
                    case "r" if known:
                        office.app.perform(
                            RetractFact(
                                candidacy=known[n % len(known)],
                                on=on,
                                fact="withdrawn",
                                reason="x",
                                by=BY,
                            )
                        )
            except Refusal:
                pass
            still_open = [c for c in office.candidacies() if not over(office.app.standing(c))]
            assert len(still_open) <= 1
