"""How figures and what is behind them are called, and which of them are shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from events.rulebook import rulebook
from services.portal.places import Places
from services.portal.standing import denominator
from services.portal.written import code_words, day, has_words, number, period, words

Json = Mapping[str, Any]

SHOWN = (
    ("sex", ("female", "male")),
    ("youth_union", ("yes",)),
    ("referred", ("yes",)),
    ("on_occasion", ("yes",)),
    ("ethnic_minority", ("yes",)),
    ("religious", ("yes",)),
)
"""What is shown of the closed facets."""
OPEN = ("age", "occupation", "source_group")
"""Facets of which every value is shown that somebody has."""
_MOST_VALUES = 12
OF_PEOPLE = frozenset(
    {
        "unknown-step",
        "overrun",
        "stale-certificate",
        "stale-papers",
        "over-60",
        "day-off",
        "recognition-day",
        "unknown-ethnic-group",
        "same-name-and-birth-date",
    }
)
"""Findings of acts, which are listed one by one."""
_ELSEWHERE = {
    "allocation-residual": "targets",
    "ratio-without-denominator": "targets",
    "after-deadline": "admitted",
    "count-overlap": "admitted",
    "count-not-yet-effective": "targets",
}
"""Behind which figure lies what other findings speak of."""


def facets_of(figures: Json) -> list[tuple[str, list[tuple[str, str, int]]]]:
    """Return the facets to show: each with its name, and values as label, figure and number."""
    shown = []
    told = figures["facets"]
    for facet, values in SHOWN:
        found = [
            (_value(value) if len(values) > 1 else _facet(facet), value, told[facet][value])
            for value in values
            if value in told.get(facet, {})
        ]
        if found:
            shown.append((facet, [(label, f"facets.{facet}.{v}", n) for label, v, n in found]))
    for facet in OPEN:
        most = sorted(told.get(facet, {}).items(), key=lambda pair: -pair[1])
        if facet == "age":
            most = list(told.get(facet, {}).items())
        found = [(_value(value), value, n) for value, n in most if n][:_MOST_VALUES]
        if found:
            shown.append((facet, [(label, f"facets.{facet}.{v}", n) for label, v, n in found]))
    return shown


def measured_by(text: str) -> str:
    """Return in words what the denominator of a ratio is."""
    told = denominator(text)
    if told is None:
        return text
    kind, periods = told
    key = "assigned-targets" if len(periods) > 1 else f"{kind}-target"
    return words(f"terminal/denominator.{key}", period=", ".join(map(period, periods)))


def called(figure: str, places: Places) -> str:
    """Return how a figure is called."""
    match figure.split("."):
        case ["by_unit", *rest]:
            return _of_a_unit_below(rest, places)
        case ["targets", kind, of, *category, ("minimum" | "admitted") as part]:
            return _of_a_target(kind, of, ".".join(category), part)
        case ["facets", facet, *value]:
            return words("figure.facet", facet=_facet(facet), value=_value(".".join(value)))
        case ["rounds", *name, part]:
            return words("figure.round", round=".".join(name), part=words(f"column.{part}"))
        case [group, part] if (told := _of_a_group(group, part)) is not None:
            return told
    key = f"figure.{figure.replace('.', '-')}"
    return words(key) if has_words(key) else figure


def _of_a_group(group: str, part: str) -> str | None:
    if group == "findings":
        return words("figure.finding", kind=finding_kind(part))
    key = {"funnel": "step", "left": "kind", "classes": "part"}.get(group)
    if key is None or not has_words(f"{group}.{part}"):
        return None
    return words(f"figure.{group}", **{key: words(f"{group}.{part}")})


def _of_a_unit_below(rest: list[str], places: Places) -> str:
    match rest:
        case [*code, "ratio", ("numerator" | "denominator") as part]:
            figure = f"ratio-{part}"
        case [*code, ("target" | "remaining") as figure]:
            pass
        case [*code, "admitted"] | code:
            return words("figure.by-unit", unit=places.name(".".join(code)))
    unit = places.name(".".join(code))
    return words("figure.through", figure=words(f"figure.{figure}"), unit=unit)


def _of_a_target(kind: str, of: str, category: str, part: str) -> str:
    name = words(f"target-kind.{kind}") if has_words(f"target-kind.{kind}") else kind
    if category:
        name = words("figure.target-of", kind=name, category=category_called(category))
    return words(f"figure.target-{part}", kind=name, period=period(of))


def finding_kind(kind: str) -> str:
    """Return what a kind of finding is, in a few words."""
    return words(f"finding.{kind}") if has_words(f"finding.{kind}") else kind


def fact_called(fact: str) -> str:
    """Return how what stands behind a figure is called; of a round, the state that began."""
    fact = fact.removeprefix("round/")
    if has_words(f"fact.{fact}"):
        return words(f"fact.{fact}")
    if has_words(f"funnel.{fact}"):
        return words(f"funnel.{fact}")
    told = code_words("fact", fact)
    return finding_kind(fact) if told == fact else str(told)


def _facet(facet: str) -> str:
    return words(f"facet.{facet}") if has_words(f"facet.{facet}") else facet


def _value(value: str) -> str:
    return words(f"facet-value.{value}") if has_words(f"facet-value.{value}") else value


def behind_finding(kind: str) -> str | None:
    """Return the figure behind which lies what a finding speaks of."""
    return f"findings.{kind}" if kind in OF_PEOPLE else _ELSEWHERE.get(kind)


def document_of(targets: Iterable[Json], row: Json) -> str | None:
    """Return the document by which a target was given."""
    same = ("kind", "period", "category", "minimum")
    found = (each for each in targets if all(each[name] == row[name] for name in same))
    return next((each["document"] for each in found), None)


def behind_target(row: Json) -> tuple[str, str]:
    """Return the figures behind a target's minimum and its admitted."""
    named = (row["kind"], row["period"], row["category"])
    name = ".".join(("targets", *filter(None, named)))
    return f"{name}.minimum", f"{name}.admitted"


def category_called(category: str) -> str:
    """Return how the category of a target is called, which is a facet or the value of one."""
    return _facet(category) if has_words(f"facet.{category}") else _value(category)


def particulars(row: Json) -> str:
    """Return what else is known of a fact behind a figure."""
    told = []
    for name, value in row.items():
        if name in _COLUMNS or value is None or value is False or value == "":
            continue
        if value is True:
            told.append(_facet(name))
        elif has_words(f"facet.{name}"):
            told.append(_value(str(value)))
        elif has_words(f"particular.{name}"):
            said = code_words("indicator", value) if name == "indicator" else value
            told.append(words(f"particular.{name}", value=said))
    return ", ".join(told)


_COLUMNS = frozenset({"case", "fact", "on", "unit", "recorded", "position", "n"})


def place(position: str) -> str:
    """Return where a fact stands: `hồ sơ 1.204`."""
    ledger, _, at = position.partition(":")
    return f"{words(f'ledger.{ledger}')} {number(int(at))}"


def positions_text(positions: Mapping[str, int]) -> str:
    """Return the positions that a page speaks for, as a stream is asked from them."""
    return ",".join(f"{ledger}:{at}" for ledger, at in sorted(positions.items()))


def clause(told: str) -> str:
    """Return a rule in words, with its document."""
    known = rulebook().clauses.get(told)
    if known is None:
        return told
    document = known.document
    return words(
        "clause",
        text=known.text_vi,
        article=words("clause-article", article=known.article) if known.article else "",
        number=document.number,
        issuer=document.issuer,
        dated=day(document.dated),
    )


def frees(told: str) -> str | None:
    """Return what frees who is held by a rule."""
    known = rulebook().clauses.get(told)
    return known.frees_vi if known else None
