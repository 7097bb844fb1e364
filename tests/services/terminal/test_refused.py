"""What was refused to policies, in one list on the command line, until somebody settles it."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from uuid_utils.compat import uuid7

from events.dossiers import Facets
from events.envelope import By, Told
from infra.ledger.application import Commands
from infra.ledger.outcomes import NoteRefusal, SettleRefusal, outcome_of
from services.__main__ import main
from services.dossiers.commands import NominateCandidate, RegisterUnit
from services.embedded import Embedded

BY = By(actor="clerk", document="QĐ 1")
ON = date(2026, 3, 3)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a data folder in which each service with policies was refused something."""
    unit, candidacy = uuid7(), uuid7()
    with Embedded.open(tmp_path / "data") as ketnap:
        ketnap.dossiers.perform(RegisterUnit(unit=unit, code="X", name="Xã", kind="cell", by=BY))
        ketnap.dossiers.perform(
            NominateCandidate(
                candidacy=candidacy,
                on=ON,
                person_ref="R-1",
                full_name="Canary Lê Văn Thử",
                birth_date=date(1999, 9, 9),
                facets=Facets(),
                unit=unit,
                by=BY,
            )
        )
        services: dict[str, Commands] = {
            "dossiers": ketnap.dossiers,
            "verification": ketnap.verification,
        }
        for name, service in services.items():
            service.perform(
                NoteRefusal(
                    on=ON,
                    cause="training/7",
                    policy=f"{name}.policy.training",
                    refusal="candidacy-over",
                    rule=None,
                    about=candidacy,
                    facts=(
                        Told(name="fact", value="withdrawn"),
                        Told(name="on", value="2026-03-03"),
                    ),
                    by=BY,
                )
            )
    return tmp_path / "data"


def history(
    capsys: pytest.CaptureFixture[str], folder: Path, *arguments: str
) -> tuple[object, str]:
    capsys.readouterr()
    with pytest.raises(SystemExit) as left:
        main(["history", *arguments, "--data", str(folder)])
    said = capsys.readouterr()
    return left.value.code, said.out + said.err


def test_it_is_listed_until_it_is_settled(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    code, out = history(capsys, folder, "--refused", "--json")
    assert code == 0
    assert {row["policy"] for row in json.loads(out)} == {
        "dossiers.policy.training",
        "verification.policy.training",
    }
    assert "03/03/2026" in history(capsys, folder, "--refused")[1]

    with Embedded.open(folder) as ketnap:
        task = outcome_of("training/7", "verification.policy.training")
        ketnap.verification.perform(SettleRefusal(on=ON, task=task, by=BY, ground="not-needed"))
    _, out = history(capsys, folder, "--refused", "--json")
    assert [row["policy"] for row in json.loads(out)] == ["dossiers.policy.training"]


def test_it_is_of_all_and_not_of_one_besides(
    capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    code, out = history(capsys, folder, "R-1", "--refused")

    assert (code, "--refused" in out) == (2, True)
