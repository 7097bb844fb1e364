"""People known one by one: admissions, facets, rounds, the funnel, corrections."""

from __future__ import annotations

import pytest

from tests.services.reporting.office import Office, finding

HUYEN = "district_committee"
XA = "grassroots_committee"


def test_people_count_on_the_day_of_their_ceremony_up_to_as_of(office: Office) -> None:
    office.unit("H", kind=HUYEN)
    for decided, held in (
        ("2021-12-01", "2022-01-01"),
        ("2022-12-01", "2023-01-01"),
        ("2022-02-01", "2022-08-27"),
    ):
        office.case("H").journey(decided=decided, ceremony=held)

    told = office.figures("H", "2022", "2022-08-26")

    assert told["admitted"] == 1
    assert told["funnel"]["decided"] == 1
    assert office.figures("H", "2022", "2022-08-27")["admitted"] == 2


def test_leaving_never_uncounts_an_admission(office: Office) -> None:
    office.unit("H", kind=HUYEN)
    office.case("H").journey(ceremony="2022-03-03", struck_off="2022-05-05")

    told = office.figures("H", "2022", "2022-08-26")

    assert (told["admitted"], told["left"]["struck_off"]) == (1, 1)


@pytest.mark.parametrize("kind", ["struck_off", "resigned", "deceased", "withdrawn", "refused"])
def test_leaving_counts_by_kind_and_day(office: Office, kind: str) -> None:
    office.unit("H", kind=HUYEN)
    office.case("H").did(kind, "2022-05-05")

    assert office.figures("H", "2022", "2022-05-04")["left"][kind] == 0
    assert office.figures("H", "2022", "2022-05-05")["left"] == {
        name: int(name == kind)
        for name in ("struck_off", "resigned", "deceased", "withdrawn", "refused")
    }


def test_facets_have_yes_no_and_unknown_and_are_never_added(office: Office) -> None:
    office.unit("H", kind=HUYEN)
    office.admit("H", "2022-03-03", sex="female", youth_union=True, age="18-30", referred=True)
    office.admit("H", "2022-03-03", sex="female", youth_union=False, ethnic_minority=True)
    office.admit("H", "2022-03-03", sex="male", religious=False, occupation="teacher")
    office.case("H").did("ceremony", "2022-03-03", occasion="3/2")
    office.count("H", "admitted", "2022-02", 7)

    facets = office.figures("H", "2022", "2022-08-26")["facets"]

    assert facets == {
        "sex": {"female": 2, "male": 1, "unknown": 1},
        "youth_union": {"yes": 1, "no": 1, "unknown": 2},
        "referred": {"yes": 1, "no": 3, "unknown": 0},
        "on_occasion": {"yes": 1, "no": 3, "unknown": 0},
        "ethnic_minority": {"yes": 1, "no": 0, "unknown": 3},
        "religious": {"yes": 0, "no": 1, "unknown": 3},
        "age": {"18-30": 1, "31-40": 0, "41-50": 0, "51-60": 0, ">60": 0, "unknown": 3},
        "occupation": {"teacher": 1, "unknown": 3},
        "source_group": {"unknown": 4},
    }


def test_the_parts_of_a_round_add_up_on_every_day(office: Office) -> None:
    office.unit("H", kind=HUYEN)
    listed = [office.case("H", referral_round="I/2021") for _ in range(8)]
    for one in listed:
        one.did("nominated", "2021-03-15")
    listed[0].journey(applied="2021-04-01", ceremony="2021-06-01", struck_off="2021-09-01")
    listed[1].journey(applied="2021-04-01", withdrawn="2021-05-01")
    listed[2].journey(cell_vote="2021-04-01", refused="2021-05-01")
    listed[3].journey(deceased="2021-05-01")
    listed[4].journey(applied="2021-04-01", resigned="2021-05-01")
    listed[5].journey(ceremony="2021-03-15")
    listed[6].did("cell_vote", "2021-04-02", carried=False)

    parts = {}
    for on in ("2021-03-14", "2021-03-15", "2021-04-02", "2021-05-01", "2021-12-31"):
        rounds = office.figures("H", "2021", on)["rounds"]
        parts[on] = [tuple(round_.values())[1:] for round_ in rounds]

    assert parts == {  # listed, admitted, in progress, not started, withdrawn, refused, deceased
        "2021-03-14": [],
        "2021-03-15": [(8, 1, 0, 7, 0, 0, 0)],
        "2021-04-02": [(8, 1, 5, 2, 0, 0, 0)],
        "2021-05-01": [(8, 1, 2, 1, 2, 1, 1)],
        "2021-12-31": [(8, 2, 1, 1, 2, 1, 1)],
    }


def test_a_round_is_told_through_the_unit_and_the_tree_of_the_day_of_the_list(
    office: Office,
) -> None:
    for code in ("H", "K"):
        office.unit(code, kind=HUYEN)
    office.unit("A", "H", kind=XA)
    office.case("A", referral_round="I").did("nominated", "2021-03-15").did(
        "ceremony", "2021-09-01"
    )
    office.move("A", to="K", on="2021-06-01")

    (told,) = office.figures("H", "2021", "2021-12-31")["rounds"]

    assert (told["listed"], told["admitted"], told["not_started"]) == (1, 1, 0)
    assert office.figures("K", "2021", "2021-12-31")["rounds"] == []
    assert office.figures("K", "2021", "2021-12-31")["admitted"] == 1


@pytest.mark.parametrize(
    ("period", "as_of", "shown"),
    [
        ("2021", "2021-12-31", ["done", "open"]),
        ("2022", "2022-12-31", ["late", "open"]),
        ("2023", "2023-12-31", []),
        ("2020", "2021-12-31", ["late"]),
        ("2019", "2021-12-31", []),
    ],
)
def test_a_round_is_listed_while_someone_is_nominated_or_in_progress(
    office: Office, period: str, as_of: str, shown: list[str]
) -> None:
    office.unit("H", kind=HUYEN)
    office.case("H", referral_round="done").journey(nominated="2021-03-01", ceremony="2021-12-01")
    office.case("H", referral_round="open").journey(
        nominated="2021-03-01", applied="2021-04-01", ceremony="2022-02-01"
    )
    office.case("H", referral_round="late").journey(
        nominated="2020-03-01", applied="2022-04-01", withdrawn="2022-05-01"
    )

    rounds = office.figures("H", period, as_of)["rounds"]

    assert [round_["round"] for round_ in rounds] == shown


def test_a_candidate_whose_nomination_is_unknown_is_listed_from_the_earliest_fact(
    office: Office,
) -> None:
    office.unit("H", kind=HUYEN)
    office.case("H", referral_round="I").journey(applied="2021-04-01", ceremony="2021-09-01")

    assert office.figures("H", "2021", "2021-03-31")["rounds"] == []
    (told,) = office.figures("H", "2021", "2021-04-01")["rounds"]
    assert (told["listed"], told["in_progress"], told["not_started"]) == (1, 1, 0)


def test_what_is_earlier_than_the_nomination_counts_on_its_day(office: Office) -> None:
    office.unit("H", kind=HUYEN)
    office.case("H", referral_round="I").journey(certified="2021-01-01", nominated="2021-03-15")

    assert office.figures("H", "2021", "2021-03-14")["rounds"] == []
    (told,) = office.figures("H", "2021", "2021-03-15")["rounds"]
    assert (told["listed"], told["in_progress"], told["not_started"]) == (1, 1, 0)


def test_the_funnel_counts_a_step_once_on_the_day_of_the_first_such_act(office: Office) -> None:
    office.unit("H", kind=HUYEN)
    office.case("H").journey(
        nominated="2022-01-01",
        certified="2022-01-02",
        applied="2022-01-03",
        dossier_received="2022-02-01",
        dossier_returned="2022-02-15",
    ).journey(dossier_received="2022-03-01", decided="2022-04-01").journey(
        ceremony="2022-05-01", recognised="2023-05-01"
    )

    assert office.figures("H", "2022", "2022-12-31")["funnel"] == {
        "nominated": 1,
        "certified": 1,
        "applied": 1,
        "received": 1,
        "decided": 1,
        "admitted": 1,
        "recognised": 0,
    }
    assert office.figures("H", "2022-03", "2022-12-31")["funnel"]["received"] == 0
    assert office.figures("H", "2023", "2023-12-31")["funnel"]["recognised"] == 1


def test_the_funnel_counts_people_who_began_again_once_in_a_period(office: Office) -> None:
    office.unit("H", kind=HUYEN)
    first = office.case("H").journey(nominated="2021-03-01", withdrawn="2021-04-01")
    office.case("H", person=first.person).journey(nominated="2021-05-01", ceremony="2022-02-02")

    assert office.figures("H", "2021", "2021-12-31")["funnel"]["nominated"] == 1
    assert office.figures("H", "2021-Q2", "2021-12-31")["funnel"]["nominated"] == 1
    assert office.figures("H", "2021-2022", "2022-12-31")["funnel"]["nominated"] == 1


def test_a_vote_that_did_not_carry_is_no_step(office: Office) -> None:
    office.unit("H", kind=HUYEN)
    case = office.case("H").did("cell_vote", "2022-02-01", carried=False)
    office.question("H", "2022", "2022-12-31")
    voted = "select count(*) from facts_dossiers where kind = 'cell_vote'"

    assert office.runners[0]._db.execute(voted).fetchone() == (0,)  # noqa: SLF001 - no figure shows it yet

    case.did("cell_vote", "2022-03-01")
    office.catch_up()
    assert office.runners[0]._db.execute(voted).fetchone() == (1,)  # noqa: SLF001 - as above


def test_findings_on_facts_are_counted_by_kind(office: Office) -> None:
    office.unit("H", kind=HUYEN)
    office.unit("A", "H", kind=XA)
    office.case("A").did("decided", "2022-03-01", findings=("overrun", "unknown-step"))
    office.case("A").did("ceremony", "2022-03-01", findings=("overrun", "overrun"))
    office.case("A").did("ceremony", "2021-03-01", findings=("overrun",))

    told = office.figures("H", "2022", "2022-12-31")

    assert finding(told, "overrun")["actual"] == 3
    assert finding(told, "unknown-step")["actual"] == 1


def test_a_corrected_day_is_what_it_was_before_and_what_it_is_since(office: Office) -> None:
    office.unit("H", kind=HUYEN)
    case = office.case("H").did("ceremony", "2022-12-31")
    before = office.recorded
    case.correct("ceremony", on="2023-01-01")

    assert office.figures("H", "2022", "2023-12-31")["admitted"] == 0
    assert office.figures("H", "2023", "2023-12-31")["admitted"] == 1
    assert office.figures("H", "2022", "2023-12-31", known_at=before)["admitted"] == 1


def test_a_corrected_unit_moves_the_fact(office: Office) -> None:
    office.unit("H", kind=HUYEN)
    for code in ("A", "B"):
        office.unit(code, "H", kind=XA)
    case = office.case("A").journey(decided="2022-02-01", ceremony="2022-03-01")
    before = office.recorded
    case.correct("ceremony", unit="B")

    told = office.figures("H", "2022", "2022-12-31")

    assert [row["admitted"] for row in told["by_unit"]] == [0, 1]
    assert office.figures("A", "2022", "2022-12-31")["funnel"]["decided"] == 1
    earlier = office.figures("H", "2022", "2022-12-31", known_at=before)
    assert [row["admitted"] for row in earlier["by_unit"]] == [1, 0]
    case.correct_unit("B")
    assert office.figures("A", "2022", "2022-12-31")["funnel"]["decided"] == 0


def test_a_corrected_facet_rewrites_every_fact_of_the_candidacy(office: Office) -> None:
    office.unit("H", kind=HUYEN)
    case = office.case("H", youth_union=None, referral_round="I").journey(
        nominated="2022-01-01", ceremony="2022-03-01"
    )
    before = office.recorded
    case.correct_facets(youth_union=True, referral_round="II")

    told = office.figures("H", "2022", "2022-12-31")

    assert told["facets"]["youth_union"] == {"yes": 1, "no": 0, "unknown": 0}
    assert [round_["round"] for round_ in told["rounds"]] == ["II"]
    earlier = office.figures("H", "2022", "2022-12-31", known_at=before)
    assert earlier["facets"]["youth_union"]["unknown"] == 1
    assert [round_["round"] for round_ in earlier["rounds"]] == ["I"]


def test_a_retracted_fact_counts_no_more(office: Office) -> None:
    office.unit("H", kind=HUYEN)
    case = office.case("H", referral_round="I").journey(
        nominated="2022-01-01", ceremony="2022-03-01"
    )
    before = office.recorded
    case.retract("ceremony")

    told = office.figures("H", "2022", "2022-12-31")

    assert (told["admitted"], told["rounds"][0]["not_started"]) == (0, 1)
    assert office.figures("H", "2022", "2022-12-31", known_at=before)["admitted"] == 1


def test_a_retracted_first_intake_leaves_the_second(office: Office) -> None:
    office.unit("H", kind=HUYEN)
    case = office.case("H").did("dossier_received", "2022-03-01")
    case.did("dossier_received", "2022-02-01").retract("dossier_received")

    assert office.figures("H", "2022", "2022-12-31")["funnel"]["received"] == 1
    assert office.figures("H", "2022-02", "2022-12-31")["funnel"]["received"] == 0
