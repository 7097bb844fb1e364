"""The figures of a unit on a terminal: each with its operands, and a bar."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from rich.text import Text

from services.terminal.screen import Screen, bar
from services.wording import written
from services.wording.telling import ROUND_FIELDS

Answer = Mapping[str, Any]

FACETS_WITH_AN_ORDER = (
    "sex",
    "youth_union",
    "referred",
    "on_occasion",
    "ethnic_minority",
    "religious",
    "age",
    "occupation",
    "source_group",
)


def show_figures(answer: Answer, screen: Screen) -> None:
    """Print the answer of `ketnap figures`, part by part; empty parts are left out."""
    _heading(answer, screen)
    _summary(answer, screen)
    _by_unit(answer, screen)
    _targets(answer, screen)
    _facets(answer, screen)
    _rounds(answer, screen)
    _findings(answer, screen)


def with_operands(ratio: Mapping[str, Any] | None, lang: str) -> str:
    """Write a ratio so that its operands are seen: `85,6% (1.455/1.700)`."""
    if ratio is None:
        return "—"
    numerator, denominator = (written(ratio[name], lang) for name in ("numerator", "denominator"))
    percent = ratio["percent"]
    if lang != "vi":  # as JSON has it, the percent is written the Vietnamese way
        percent = percent.translate(_ENGLISH_MARKS)
    return f"{percent} ({numerator}/{denominator})"


_ENGLISH_MARKS = str.maketrans(",.", ".,")


def _heading(answer: Answer, screen: Screen) -> None:
    screen.line(f"{answer['name']} ({answer['unit']})", style="bold")
    known_at = answer["known_at"]
    screen.tell(
        "figures.as-of-known-at" if known_at else "figures.as-of",
        period=answer["period"],
        as_of=_day(answer["as_of"]),
        known_at=_moment(known_at),
        positions=", ".join(f"{name}:{at}" for name, at in answer["positions"].items()),
    )
    screen.line("")


def _summary(answer: Answer, screen: Screen) -> None:
    ratio = answer["ratio"]
    rows: list[tuple[str, object, Text]] = []

    def row(label: str, value: object, drawn: Text | None = None, **facts: object) -> None:
        rows.append((screen.words(f"figures.{label}", **facts), value, drawn or Text("")))

    row("admitted", answer["admitted"])
    if ratio:
        drawn = bar(ratio["numerator"], ratio["denominator"])
        row("ratio", with_operands(ratio, screen.lang), drawn)
        row("denominator", _denominator(ratio["denominator_is"], screen))
    if answer["target"]:
        row("target", _target_words(answer["target"], screen))
    row("remaining", answer["remaining"])
    units = answer["units"]
    if units["total"]:
        row("units", f"{units['with_ceremony']}/{units['total']}")
    if units["without_ceremony"]:
        row("units-without", ", ".join(units["without_ceremony"]))
    funnel = answer["funnel"]
    row("funnel", _parts(funnel, "funnel", screen))
    if any(answer["left"].values()):
        row("left", _parts(answer["left"], "left", screen))
    classes = answer["classes"]
    if classes["classes"]:
        row("classes", _parts(classes, "classes", screen))
    members = answer["members"]
    if members:
        row(
            "members",
            screen.words("figures.members-on", count=members["count"], on=_day(members["on"])),
        )
    width = max(len(label) for label, _, _ in rows)
    for label, value, drawn in rows:
        text = Text(f"  {label:<{width}}  {written(value, screen.lang)}")
        screen.line(Text.assemble(text, "  ", drawn) if drawn.plain else text)


def _by_unit(answer: Answer, screen: Screen) -> None:
    if not answer["by_unit"]:
        return
    screen.line("")
    rows = []
    for child in answer["by_unit"]:
        ratio = child["ratio"]
        target = child["target"]
        rows.append(
            (
                child["unit"],
                child["name"],
                child["admitted"],
                target["minimum"] if target else None,
                with_operands(ratio, screen.lang),
                child["remaining"],
                bar(ratio["numerator"], ratio["denominator"]) if ratio else Text(""),
            ),
        )
    screen.table(("unit", "name", "admitted", "target", "ratio", "remaining", ""), rows)


def _targets(answer: Answer, screen: Screen) -> None:
    if not answer["targets"]:
        return
    screen.line("")
    rows = [
        (
            screen.words(f"target-kind.{row['kind']}"),
            row["period"],
            row["category"] or "",
            _range(row, screen),
            _deadline(row, screen),
            row["admitted"],
            screen.words(f"target-state.{row['state']}"),
        )
        for row in answer["targets"]
    ]
    names = ("target-kind", "period", "category", "target", "deadline", "admitted", "state")
    screen.table(names, rows)


def _facets(answer: Answer, screen: Screen) -> None:
    facets = answer["facets"]
    rows = [
        (screen.words(f"facet.{name}"), _parts(facets[name], "facet-value", screen))
        for name in FACETS_WITH_AN_ORDER
        if any(facets.get(name, {}).values())
    ]
    if rows:
        screen.line("")
        screen.table(("facet", "people"), rows)


def _rounds(answer: Answer, screen: Screen) -> None:
    if not answer["rounds"]:
        return
    screen.line("")
    rows = [[row[part] for part in ROUND_FIELDS] for row in answer["rounds"]]
    screen.table(ROUND_FIELDS, rows)


def _findings(answer: Answer, screen: Screen) -> None:
    if not answer["findings"]:
        return
    screen.line("")
    screen.line(screen.words("figures.findings", count=len(answer["findings"])), style="bold")
    for finding in answer["findings"]:
        screen.line(f"  • {finding['text']}", style="yellow")


def _parts(parts: Mapping[str, int | None], section: str, screen: Screen) -> str:
    """Write the parts of a figure, each with its name; an open code names itself."""
    return ", ".join(
        f"{screen.words_or(f'{section}.{name}', name)} {written(value, screen.lang)}"
        for name, value in parts.items()
    )


def _denominator(text: str, screen: Screen) -> str:
    kind, _, period = text.partition(" of ")
    key = f"denominator.{kind.replace(' ', '-')}"
    return screen.words_or(key, text, period=period)


def _target_words(target: Mapping[str, Any], screen: Screen) -> str:
    parts = [f"{screen.words('target-kind.' + target['kind'])} {_range(target, screen)}"]
    if target["deadline"]:
        parts.append(_deadline(target, screen))
    if target["document"]:
        parts.append(target["document"])
    return "; ".join(parts)


def _deadline(target: Mapping[str, Any], screen: Screen) -> str:
    if not target["deadline"]:
        return ""
    key = "deadline" if target["deadline_inclusive"] else "deadline-exclusive"
    return screen.words(f"figures.{key}", deadline=_day(target["deadline"]))


def _range(row: Mapping[str, Any], screen: Screen) -> str:
    low, high = row["minimum"], row["maximum"]
    if high is None or high == low:
        return written(low, screen.lang)
    return screen.words("figures.range", minimum=low, maximum=high)


def _day(value: date | str | None) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) else value


def _moment(value: datetime | str | None) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) else value
