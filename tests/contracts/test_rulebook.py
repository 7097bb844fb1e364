"""The rulebook is whole: every value has its clause, every clause its source."""

import re
import shutil
import unicodedata
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest

from events.calendar import AGE_BANDS
from events.rulebook import FOLDER, Clause, Rulebook, RuleSet, fold, rulebook

RULES = rulebook()
MARKS = {"verified", "verified*", "memory", "inference", "project rule"}
KINDS = {
    "provincial_committee",
    "district_committee",
    "commune_committee",
    "bloc_committee",
    "grassroots_committee",
    "grassroots_cell",
    "section_committee",
    "cell",
    "training_centre",
    "mass_organisation",
}


def test_rule_sets_follow_one_another_without_overlap_or_gap() -> None:
    sets = RULES.rule_sets

    assert [s.id for s in sets] == ["RS-2016", "RS-2021", "RS-2025A", "RS-2025B", "RS-2026B"]
    for earlier, later in pairwise(sets):
        assert earlier.last is not None
        assert later.first == earlier.last + timedelta(days=1)
    assert sets[-1].last is None


def test_documents_of_one_kind_follow_one_another_without_overlap_or_gap() -> None:
    for kind in {document.kind for document in RULES.documents.values()}:
        spans = sorted(
            (d.first, d.last) for d in RULES.documents.values() if d.kind == kind and d.first
        )
        for (_, last), (first, _) in pairwise(spans):
            assert last is not None
            assert first == last + timedelta(days=1)


def test_number_issuer_and_date_name_a_document_and_the_number_alone_does_not() -> None:
    documents = RULES.documents.values()
    numbers = Counter(document.number for document in documents)

    assert len({document.key for document in documents}) == len(documents)
    assert (numbers["01-HD/TW"], numbers["12-HD/BTCTW"]) == (4, 2)


def test_every_rule_has_a_clause_that_exists_and_every_clause_serves_a_rule() -> None:
    used = {clause for rule_set in RULES.rule_sets for clause in rule_set.clauses.values()}
    used |= {
        clock.clause
        for rule_set in RULES.rule_sets
        for clock in (
            rule_set.ceremony,
            rule_set.decision,
            rule_set.recognition_vote,
            rule_set.recognition,
            rule_set.reply_home,
            rule_set.reply_abroad,
        )
    }
    used |= {clause for rules in RULES.class_rules for clause in rules.clauses.values()}

    assert used == set(RULES.clauses)


def test_every_rule_set_has_the_clauses_of_the_same_rules() -> None:
    assert len({frozenset(rule_set.clauses) for rule_set in RULES.rule_sets}) == 1


@pytest.mark.parametrize("clause", RULES.clauses.values(), ids=lambda clause: clause.id)
def test_a_clause_names_its_source_its_mark_and_what_frees(clause: Clause) -> None:
    assert RULES.clause(clause.id) is clause
    assert clause.number
    assert clause.issuer
    assert clause.dated is not None
    assert {clause.mark, clause.document_mark} <= MARKS
    assert clause.text_vi.endswith(".")
    assert clause.frees_vi.endswith(".")


def test_a_clause_of_2026_is_never_marked_as_seen_in_the_document() -> None:
    marks = {c.mark for c in RULES.clauses.values() if c.dated and c.dated.year == 2026}

    assert marks == {"verified*", "inference", "memory"}


@pytest.mark.parametrize("rule_set", RULES.rule_sets, ids=lambda rule_set: rule_set.id)
def test_a_rule_set_has_the_values_of_the_law(rule_set: RuleSet) -> None:
    ceremony, decision = rule_set.ceremony, rule_set.decision
    vote, recognition = rule_set.recognition_vote, rule_set.recognition

    assert (ceremony.working_days, ceremony.extension) == (30, 0)
    assert (decision.starts, decision.working_days, decision.extension) == ("cell_vote", 60, 30)
    assert (vote.starts, vote.working_days) == ("probation_end", 30)
    assert (recognition.starts, recognition.working_days) == ("recognition_vote", 30)
    assert recognition.extension == 30
    assert (rule_set.minimum_age, rule_set.maximum_age) == (18, 60)
    assert (rule_set.probation_months, rule_set.papers_months) == (12, 12)
    assert rule_set.certificate_months == 60
    assert rule_set.majority == (2, 3)
    assert rule_set.minimum_official_members == 3
    assert rule_set.decider_kinds < KINDS
    assert (rule_set.reply_home.working_days, rule_set.reply_abroad.working_days) == (30, 90)
    assert rule_set.verification_subjects[0] == "candidate"


def test_the_time_to_reply_is_marked_as_confirmed_by_no_public_source() -> None:
    for rule_set in RULES.rule_sets:
        for clock in (rule_set.reply_home, rule_set.reply_abroad):
            assert RULES.clause(clock.clause).mark == "memory"


def test_classes_have_rules_from_their_regulation_on_and_the_same_as_assumed_before() -> None:
    rules, before = RULES.classes_on(date(2025, 12, 1)), RULES.classes_on(date(2025, 11, 30))

    assert (rules.id, rules.assumed, before.assumed) == ("CR-2025", False, True)
    assert (rules.attendance_percent, rules.retakes) == (80, 1)
    assert (rules.minimum_learners, rules.certificate_days) == (25, 15)
    assert {RULES.clause(clause).mark for clause in rules.clauses.values()} == {"verified*"}


@pytest.mark.parametrize(
    ("attended", "periods", "sits"), [(8, 10, True), (7, 9, False), (4, 5, True), (0, 10, False)]
)
def test_who_attended_four_fifths_of_the_periods_sits_the_paper(
    attended: int, periods: int, *, sits: bool
) -> None:
    assert RULES.classes_on(date(2026, 3, 3)).may_sit(attended, periods) is sits


@pytest.mark.parametrize(
    ("score", "passes", "grade"),
    [
        ("4.99", False, 0),
        ("5", True, 1),
        ("6.99", True, 1),
        ("7", True, 2),
        ("8", True, 3),
        ("9", True, 4),
        ("10", True, 4),
    ],
)
def test_five_out_of_ten_passes_and_has_the_lowest_of_four_grades(
    score: str, *, passes: bool, grade: int
) -> None:
    rules = RULES.classes_on(date(2026, 3, 3))

    assert rules.passes(Decimal(score)) is passes
    assert rules.passes(Decimal(0), Decimal(score)) is passes
    assert rules.grade(Decimal(score)) == grade


def test_policies_are_named_and_marked() -> None:
    assert set(RULES.policies) == {"start-day", "month-end", "age-by-month"}
    assert {policy.mark for policy in RULES.policies.values()} <= MARKS


def test_a_policy_that_nobody_can_follow_is_refused(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(FOLDER, tmp_path / "rulebook"))
    rules = folder / "rule-sets.toml"
    rules.write_text(rules.read_text("utf-8").replace('"clipped"', '"next-day"'), "utf-8")

    with pytest.raises(ValueError, match="month-end can be clipped, not next-day"):
        Rulebook(folder)


def test_the_start_day_policy_is_the_one_that_the_calendar_follows(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(FOLDER, tmp_path / "rulebook"))
    rules = folder / "rule-sets.toml"
    rules.write_text(rules.read_text("utf-8").replace('"excluded" #', '"counts" #'), "utf-8")

    assert Rulebook(folder).working_days.start_day_counts
    assert not RULES.working_days.start_day_counts


def test_the_kinds_of_units_are_those_of_the_public_formats() -> None:
    outside = {"training_centre", "mass_organisation"}

    assert set(RULES.unit_kinds) == KINDS
    for code, kind in RULES.unit_kinds.items():
        assert kind.admits is kind.party_organisation is (code not in outside)
        assert kind.mass_organisation is (code == "mass_organisation")


def test_no_name_stands_for_two_kinds_of_units() -> None:
    for kind in RULES.unit_kinds.values():
        for name in (kind.code, kind.name, *kind.aliases):
            assert RULES.unit_kind(name) is kind
    assert RULES.unit_kind("Ban Tổ chức") is None


def test_there_are_54_ethnic_groups_and_one_majority() -> None:
    groups = RULES.ethnic_groups

    assert list(groups) == [f"{code:02}" for code in range(1, 55)]
    assert [group.name for group in groups.values() if not group.minority] == ["Kinh"]
    for group in groups.values():
        assert RULES.ethnic_group(group.name) is group


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Kinh", "Kinh"),
        ("KINH ", "Kinh"),
        ("Khơ-me", "Khmer"),
        ("h\u2019mông", "Mông"),
        (unicodedata.normalize("NFD", "Mường"), "Mường"),
        (unicodedata.normalize("NFC", "Mường"), "Mường"),
        ("ê đê", "Ê Đê"),
        ("ÊĐÊ", "Ê Đê"),
        (unicodedata.normalize("NFD", "RA ĐÊ"), "Ê Đê"),
        ("Bru-Vân Kiều", "Bru - Vân Kiều"),
        ("M'Nông", "Mnông"),
        ("Pa Cô", "Tà Ôi"),
    ],
)
def test_an_ethnic_group_is_known_however_it_is_spelt(text: str, name: str) -> None:
    group = RULES.ethnic_group(text)

    assert group is not None
    assert group == (name, name != "Kinh")


@pytest.mark.parametrize("text", ["", "Pháp", "-"])
def test_a_group_that_is_not_on_the_list_is_not_known(text: str) -> None:
    assert RULES.ethnic_group(text) is None


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("cell", "cell"),
        ("chi bộ", "cell"),
        ("CHI BỘ CƠ SỞ", "grassroots_cell"),
        ("Đảng uỷ cơ sở", "grassroots_committee"),
        ("đảng ủy bộ phận", "section_committee"),
        ("Trung tâm bồi dưỡng chính trị", "training_centre"),
        ("Tổ chức chính trị \u2013 xã hội", "mass_organisation"),
        ("Đảng ủy phường", "commune_committee"),
        ("Tỉnh ủy", "provincial_committee"),
        ("Huyện uỷ", "district_committee"),
        ("Đảng ủy Khối", "bloc_committee"),
    ],
)
def test_a_kind_of_unit_has_vietnamese_names(text: str, code: str) -> None:
    kind = RULES.unit_kind(text)

    assert kind is not None
    assert kind.code == code


def test_names_fold_to_plain_letters_and_digits() -> None:
    assert fold("Đ") == fold("đ") == "d"
    assert fold("\u2013 \u2019") == ""


def test_the_calendar_says_which_version_it_is_and_how_far_it_goes() -> None:
    calendar = RULES.working_days

    assert re.fullmatch(r"\d{4}\.\d+", calendar.version)
    assert calendar.first_published < calendar.last_published < calendar.last_expected
    assert calendar.is_published(calendar.last_published)
    assert not calendar.is_published(calendar.last_published + timedelta(days=1))


def test_age_bands_are_those_of_the_public_formats() -> None:
    assert AGE_BANDS == ("18-30", "31-40", "41-50", "51-60", ">60")
