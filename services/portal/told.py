"""What happened, in the office's words: by whom, for whom, on what paper, and both times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from events.envelope import POLICY
from services.portal.naming import place
from services.portal.places import Places
from services.portal.written import code_words, has_words, minute, words

Json = Mapping[str, Any]

OPENING = frozenset(
    {"dossiers.PersonRegistered", "dossiers.PersonDetailsRecorded", "dossiers.CandidacyOpened"}
)
"""What only opens the books: folded away."""
_NAMED_BY = {
    "CellVoteTaken": "tally",
    "CertificateNoted": "class_code",
    "AdmissionDecided": "decider",
}
"""What some events name, where it is known."""
_UNITS = ("unit", "now_unit", "decider", "place")


@dataclass(frozen=True, slots=True)
class Told:
    """One event, as it is shown."""

    on: str
    text: str
    beneath: str
    """When it was recorded, by whom, at which position."""
    position: str
    version: int
    kind: str
    correctable: str | None
    """The fact that a correction may be about; None where there is none."""


def history(
    rows: Sequence[Json], case: Json, places: Places, accounts: Mapping[str, str]
) -> tuple[list[Told], list[Told]]:
    """Return what happened, the latest first, and apart from it what opened the books.

    Without a history it is what stands in the candidacy itself.
    """
    standing = {(case["candidacy"], step["of"]): step["fact"] for step in case["steps"]}
    told = [_told(row, standing, places, accounts) for row in rows]
    told = told or [_standing(step, places, accounts) for step in case["steps"]]
    told.sort(key=lambda each: (each.on, int(each.position.partition(":")[2])), reverse=True)
    return (
        [each for each in told if each.kind not in OPENING],
        [each for each in told if each.kind in OPENING],
    )


def said(row: Json, places: Places) -> str:
    """Return the sentence of an event."""
    kind = str(row["type"]).partition(".")[2]
    match kind, row:
        case "CellVoteTaken", {"tally": dict(tally)}:
            result = words(f"portal_case/history.{'carried' if _won(row) else 'not-carried'}")
            return words(
                "portal_case/history.vote", required=row.get("required"), result=result, **tally
            )
        case (("CellVoteTaken" | "CertificateNoted" | "AdmissionDecided"), _) if not row.get(
            _NAMED_BY[kind]
        ):
            return words(f"portal_case/history.{kind}")
        case "FacetsCorrected", _:
            return words("portal_case/history.FacetsCorrected", **_named(row, places))
        case "DossierReceived", {"intake": int(intake)} if intake > 1:
            return words("portal_case/history.intake", intake=intake)
    if not has_words(f"facts/{kind}"):
        return str(row["type"])
    return words(f"facts/{kind}", **_named(row, places))


def who(row: Json, accounts: Mapping[str, str]) -> str:
    """Return who recorded an event."""
    actor = str(row["actor"])
    if actor == POLICY:
        return words("portal_case/history.policy", cause=_cause(row))
    if actor.startswith("cli/"):
        return words("portal_case/history.terminal")
    return accounts.get(actor) or words("portal_case/history.nobody", actor=actor[:8])


def _won(row: Json) -> bool:
    return row.get("carried") is not False


def _standing(step: Json, places: Places, accounts: Mapping[str, str]) -> Told:
    position = str(step["position"] or "dossiers:0")
    title = str(step["title"])
    return Told(
        on=str(step["on"]),
        text=title[:1].upper() + title[1:],
        beneath=_beneath({**step, "position": position}, places, accounts),
        position=position,
        version=int(step["of"]),
        kind="",
        correctable=step["fact"],
    )


def _told(
    row: Json, standing: Mapping[tuple[str, int], str], places: Places, accounts: Mapping[str, str]
) -> Told:
    return Told(
        on=str(row["on"]),
        text=said(row, places),
        beneath=_beneath(row, places, accounts),
        position=str(row["position"]),
        version=int(row["version"]),
        kind=str(row["type"]),
        correctable=standing.get((str(row["case"]), int(row["version"]))),
    )


def _beneath(row: Json, places: Places, accounts: Mapping[str, str]) -> str:
    recorder = [who(row, accounts)]
    if (body := places.by_code.get(str(row.get("acting_for")))) is not None:
        recorder.append(words("portal_case/history.for", unit=body.name))
    if str(row.get("causation") or "").startswith("import/"):
        recorder.append(words("portal_case/history.file"))
    if document := row.get("document"):
        recorder.append(words("portal_case/history.document", document=document))
    return words(
        "portal_case/history.recorded",
        recorded=minute(row["recorded"]),
        who=", ".join(recorder),
        position=place(str(row["position"])),
    )


def _named(row: Json, places: Places) -> dict[str, Any]:
    told = dict(row)
    for name in _UNITS:
        if isinstance(code := told.get(name), str):
            told[name] = places.name(code)
    if isinstance(facets := told.get("facets"), Mapping):
        told["facets"] = ", ".join(
            f"{words(f'portal_case/facet.{name}')}: {_value(value)}"
            for name, value in facets.items()
            if has_words(f"portal_case/facet.{name}") and value is not None
        )
    if refusal := told.get("refusal"):
        key = f"refusals/{refusal}"
        told["refusal"] = words(key, **told) if has_words(key) else refusal
    return told


def _value(value: object) -> str:
    if isinstance(value, bool):
        return words(f"portal_case/form.{'yes' if value else 'no'}")
    return str(code_words("facet-value", value))


def _cause(row: Json) -> str:
    ledger, _, position = str(row.get("causation") or "").partition("/")
    return place(f"{ledger}:{position}") if position.isdecimal() else ledger


def is_id(text: str) -> bool:
    """Tell whether a text is the id of a candidacy."""
    try:
        UUID(text)
    except ValueError:
        return False
    return True
