"""Writes the demo's files: `python -m deploy.demo.generate`, the same bytes every time."""

from __future__ import annotations

import csv
from io import StringIO
from pathlib import Path

from deploy.demo.journeys import Row
from deploy.demo.organisations import organisations

HERE = Path(__file__).parent

COLUMNS = {
    "organisations": (
        "code name kind parent_code valid_from valid_to successor_code members members_on sector"
    ),
    "targets": (
        "unit_code period kind minimum maximum category issued_on deadline deadline_inclusive"
        " document"
    ),
    "candidates": (
        "unit_code person_ref full_name birth_date sex ethnic_group religion youth_union"
        " occupation source_group referred_by referral_round nominated_on class_code certified_on"
        " applied_on sealed_on verification_asked_on verification_closed_on cell_vote_on"
        " dossier_received_on political_standard_on decided_on decision_received_on ceremony_on"
        " occasion recognised_on left_on left_kind"
    ),
    "classes": "code centre opened_on closed_on weekend co_organiser enrolled certified",
    "counts": "unit_code indicator period count source",
}
"""The columns of the public formats; a file holds those of them that it uses."""


def files() -> dict[str, str]:
    """Return the text of every generated file by its path below this folder."""
    made: dict[str, str] = {}
    for org in organisations():
        for kind, rows in org.tables.items():
            made[f"{org.folder}/{kind}.csv"] = _text(COLUMNS[kind], rows)
        if org.late:
            made["afterwards.csv"] = _text(COLUMNS["candidates"], org.late)
    return made


def _text(columns: str, rows: list[Row]) -> str:
    used = [column for column in columns.split() if any(row.get(column) for row in rows)]
    out = StringIO()
    writer = csv.DictWriter(out, used, restval="", extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def main() -> None:
    """Write every file."""
    for path, text in files().items():
        (HERE / path).parent.mkdir(exist_ok=True)
        (HERE / path).write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
