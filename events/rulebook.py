"""The law as data: what `contracts/rulebook` says, by the day on which it is asked."""

from __future__ import annotations

import tomllib
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import cache, cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar

from events.calendar import MONTHS_A_YEAR, WorkingDays, age_in_months, read_calendar

FOLDER = Path(__file__).parents[1] / "contracts" / "rulebook"
_READINGS = {
    "start-day": ("excluded", "counts"),
    "month-end": ("clipped",),
    "age-by-month": ("year-and-month",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A legal document. Numbers are used again: number, issuer and date name it."""

    id: str
    number: str
    issuer: str
    dated: date | None
    """None where no source gives it."""
    kind: str
    """`regulation`, `secretariat-guide` or `paperwork-guide`."""
    first: date | None
    """The first day on which it is followed; None where no source gives it."""
    last: date | None
    mark: str

    @property
    def key(self) -> tuple[str, str, date | None]:
        """Return what names a legal document."""
        return self.number, self.issuer, self.dated


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """A rule as one document has it: `<rule>/<document id>`."""

    id: str
    document: Document
    article: str | None
    """None where no source gives it."""
    mark: str
    """How well it is known: `verified`, `verified*`, `memory`, `inference`, `project rule`."""
    document_mark: str
    """The same, of its standing in this document."""
    text_vi: str
    frees_vi: str
    """What would free who is held by it."""

    @property
    def number(self) -> str:
        """Return the number of its document."""
        return self.document.number

    @property
    def issuer(self) -> str:
        """Return who issued its document."""
        return self.document.issuer

    @property
    def dated(self) -> date | None:
        """Return the date of its document."""
        return self.document.dated


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockRule:
    """A legal clock in working days, from the act that starts it."""

    starts: str
    """A fact of a candidacy, or `probation_end`, `recognition_vote`."""
    working_days: int
    extension: int
    """The most working days by which it can be made longer."""
    clause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSet:
    """What the law asks on each day of a span of days."""

    id: str
    first: date
    last: date | None
    assumed: bool
    """Whether it is asked for a day before its own, for want of an older one."""
    ceremony: ClockRule
    decision: ClockRule
    recognition_vote: ClockRule
    recognition: ClockRule
    probation_months: int
    certificate_months: int
    papers_months: int
    minimum_age: int
    maximum_age: int
    majority: tuple[int, int]
    """The part of all official members of the cell that must be in favour."""
    minimum_official_members: int
    decider_kinds: frozenset[str]
    """The kinds of units whose bodies can decide on admission."""
    reply_home: ClockRule
    reply_abroad: ClockRule
    verification_subjects: tuple[str, ...]
    """Who is verified: the candidate and relatives."""
    clauses: Mapping[str, str]
    """The clause of each rule above, by its name, and of the order of acts."""

    def votes_needed(self, official_members: int) -> int:
        """Return the fewest votes in favour with which a proposal is carried."""
        part, whole = self.majority
        return -(-official_members * part // whole)

    def is_under_age(self, birth: date, on: date) -> bool:
        """Tell whether a person is not yet of the least age, counted by month."""
        return age_in_months(birth, on) < self.minimum_age * MONTHS_A_YEAR

    def is_over_age(self, birth: date, on: date) -> bool:
        """Tell whether a person is past the full years of the greatest age, counted by month."""
        return age_in_months(birth, on) > self.maximum_age * MONTHS_A_YEAR


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassRules:
    """What the law asks of awareness classes from a day on."""

    id: str
    first: date
    assumed: bool
    """Whether it is asked for a day before its own, for want of an older one."""
    attendance_percent: int
    """The part of the periods that a learner attends to sit the final paper."""
    pass_mark: Decimal
    full_mark: Decimal
    grades: tuple[Decimal, ...]
    """The least scores of the grades, the lowest first."""
    retakes: int
    minimum_learners: int
    certificate_days: int
    """How many days after the end of the class its certificates are issued, at the latest."""
    clauses: Mapping[str, str]

    def may_sit(self, attended: int, periods: int) -> bool:
        """Tell whether who attended so many periods may sit the final paper."""
        return attended * 100 >= periods * self.attendance_percent

    def passes(self, *scores: Decimal | None) -> bool:
        """Tell whether the paper, or its retake, passes."""
        return any(score is not None and score >= self.pass_mark for score in scores)

    def grade(self, score: Decimal) -> int:
        """Return the number of the grade of a score, the lowest being 1, or 0 below all."""
        return sum(score >= least for least in self.grades)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A reading that the law leaves open and this product has chosen."""

    value: str
    mark: str
    text_vi: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitKind:
    """A kind of unit, with the names that files may give it."""

    code: str
    name: str
    aliases: tuple[str, ...]
    admits: bool
    party_organisation: bool
    mass_organisation: bool


class EthnicGroup(NamedTuple):
    """An ethnic group of Vietnam."""

    name: str
    minority: bool


class Rulebook:
    """Everything in one folder of rules."""

    def __init__(self, folder: Path = FOLDER) -> None:
        """Read the folder."""
        rule_sets = _toml(folder / "rule-sets.toml")
        self.documents = MappingProxyType({d.id: d for d in _documents(folder)})
        self.clauses = MappingProxyType({c.id: c for c in _clauses(folder, self.documents)})
        self.policies = MappingProxyType(dict(_policies(rule_sets["policies"])))
        self.rule_sets: Sequence[RuleSet] = tuple(map(_rule_set, rule_sets["rule_sets"]))
        self.class_rules: Sequence[ClassRules] = tuple(
            map(_class_rules, _toml(folder / "class-rules.toml")["class_rules"])
        )
        self.unit_kinds = MappingProxyType(
            {
                code: UnitKind(code=code, **{**fields, "aliases": tuple(fields["aliases"])})
                for code, fields in _toml(folder / "unit-kinds.toml").items()
            },
        )
        self.ethnic_groups = MappingProxyType(
            {
                code: EthnicGroup(fields["name"], not fields.get("majority", False))
                for code, fields in _toml(folder / "ethnic-groups.toml")["groups"].items()
            },
        )
        self._folder = folder
        self._kinds = {
            fold(name): kind
            for kind in self.unit_kinds.values()
            for name in (kind.code, kind.name, *kind.aliases)
        }
        self._groups = dict(_group_names(folder, self.ethnic_groups))

    @cached_property
    def working_days(self) -> WorkingDays:
        """The working-day calendar, counted as the policy on the start day says."""
        counts = self.policies["start-day"].value == "counts"
        return read_calendar(self._folder / "calendar.toml", start_day_counts=counts)

    def on(self, day: date) -> RuleSet:
        """Return the rule set of a day; before the oldest, that one, marked as assumed."""
        return _of_day(self.rule_sets, day)

    def classes_on(self, day: date) -> ClassRules:
        """Return the rules of classes of a day; before the oldest, those, marked as assumed."""
        return _of_day(self.class_rules, day)

    def documents_on(self, day: date) -> frozenset[Document]:
        """Return the documents that are followed on a day."""
        return frozenset(
            document
            for document in self.documents.values()
            if document.first is not None
            and document.first <= day
            and (document.last is None or day <= document.last)
        )

    def clause(self, clause: str) -> Clause:
        """Return a clause by the id that facts and refusals carry."""
        return self.clauses[clause]

    def unit_kind(self, text: str) -> UnitKind | None:
        """Return the kind of unit that a code or a Vietnamese name stands for."""
        return self._kinds.get(fold(text))

    def ethnic_group(self, text: str) -> EthnicGroup | None:
        """Return the ethnic group that is meant, however it is spelt."""
        return self._groups.get(fold(text))


@cache
def rulebook(folder: Path = FOLDER) -> Rulebook:
    """Return the rules of a folder, read once."""
    return Rulebook(folder)


def fold(text: str) -> str:
    """Return what two spellings of one name have in common: letters without marks, and digits."""
    plain = unicodedata.normalize("NFD", text.casefold().replace("đ", "d"))
    return "".join(letter for letter in plain if letter.isalnum())


_Dated = TypeVar("_Dated", RuleSet, ClassRules)


def _of_day(dated: Sequence[_Dated], day: date) -> _Dated:
    for rules in reversed(dated):
        if rules.first <= day:
            return rules
    return replace(dated[0], assumed=True)


def _toml(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text("utf-8"))


def _policies(policies: Mapping[str, Mapping[str, str]]) -> Iterator[tuple[str, Policy]]:
    for name, readings in _READINGS.items():
        policy = Policy(**policies[name])
        if policy.value not in readings:
            raise ValueError(f"{name} can be {' or '.join(readings)}, not {policy.value}")
        yield name, policy


def _documents(folder: Path) -> Iterator[Document]:
    for id_, fields in _toml(folder / "documents.toml").items():
        yield Document(id=id_, **{"dated": None, "first": None, "last": None} | fields)


def _clauses(folder: Path, documents: Mapping[str, Document]) -> Iterator[Clause]:
    for rule, fields in _toml(folder / "clauses.toml").items():
        for document, source in fields["sources"].items():
            yield Clause(
                id=f"{rule}/{document}",
                document=documents[document],
                article=source.get("article"),
                mark=source["mark"],
                document_mark=source.get("document_mark", source["mark"]),
                text_vi=source.get("text_vi", fields["text_vi"]),
                frees_vi=source.get("frees_vi", fields["frees_vi"]),
            )


def _rule_set(fields: Mapping[str, Any]) -> RuleSet:
    rules: dict[str, dict[str, Any]] = fields["rules"]
    values: dict[str, Any] = {
        name: ClockRule(**{"extension": 0, **rule}) if "working_days" in rule else rule["value"]
        for name, rule in rules.items()
        if len(rule) > 1
    }
    return RuleSet(
        id=fields["id"],
        first=fields["first"],
        last=fields.get("last"),
        assumed=False,
        clauses=MappingProxyType({name: rule["clause"] for name, rule in rules.items()}),
        majority=tuple(values.pop("majority")),
        decider_kinds=frozenset(values.pop("decider_kinds")),
        verification_subjects=tuple(values.pop("verification_subjects")),
        **values,
    )


def _class_rules(fields: Mapping[str, Any]) -> ClassRules:
    rules: dict[str, dict[str, Any]] = fields["rules"]
    values = {name: rule["value"] for name, rule in rules.items()}
    return ClassRules(
        id=fields["id"],
        first=fields["first"],
        assumed=False,
        clauses=MappingProxyType({name: rule["clause"] for name, rule in rules.items()}),
        pass_mark=Decimal(values.pop("pass_mark")),
        full_mark=Decimal(values.pop("full_mark")),
        grades=tuple(map(Decimal, values.pop("grades"))),
        **values,
    )


def _group_names(
    folder: Path,
    groups: Mapping[str, EthnicGroup],
) -> Iterator[tuple[str, EthnicGroup]]:
    for code, fields in _toml(folder / "ethnic-groups.toml")["groups"].items():
        for name in (fields["name"], *fields.get("aliases", ())):
            yield fold(name), groups[code]
