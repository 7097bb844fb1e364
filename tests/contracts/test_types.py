"""The files that follow from the types of events, and the types themselves."""

import json
import shutil
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import jsonschema
import msgspec
import pytest

from events import codec
from events.registry import LEDGERS, TYPES
from services import contracts

ROOT = Path(__file__).parents[2] / "contracts"
STREAM = UUID("01920000-0000-7000-8000-000000000001")
GOLDEN = sorted(ROOT.glob("golden/*/*.json"))
CURRENT = {
    name: f"{name.replace('.', '/')}.v{codec.form(kind).version}.json"
    for name, kind in TYPES.items()
}


def document(folder: str, name: str) -> Any:  # noqa: ANN401 - JSON
    return json.loads((ROOT / folder / CURRENT[name]).read_text("utf-8"))


def names_in(node: object) -> set[str]:
    """Return every key anywhere in a document."""
    if isinstance(node, dict):
        return set(node) | {name for each in node.values() for name in names_in(each)}
    if isinstance(node, list):
        return {name for each in node for name in names_in(each)}
    return set()


def test_the_files_are_what_the_code_promises() -> None:
    assert contracts.check(ROOT) == []


@pytest.mark.parametrize("name", TYPES)
def test_an_example_keeps_its_schema(name: str) -> None:
    example = document("examples", name)
    validator = jsonschema.Draft202012Validator(
        document("schemas", name),
        format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER,
    )

    validator.validate(example["state"])

    assert example["synthetic"] is True
    with pytest.raises(jsonschema.ValidationError):
        validator.validate({**example["state"], "on": 20260303})


@pytest.mark.parametrize("name", TYPES)
def test_an_example_fills_every_public_field(name: str) -> None:
    schema = document("schemas", name)

    assert document("examples", name)["state"].keys() == schema["properties"].keys()


@pytest.mark.parametrize("name", TYPES)
def test_no_sealed_field_is_promised_or_shown(name: str) -> None:
    sealed = set(TYPES[name].sealed)

    assert not sealed & document("schemas", name)["properties"].keys()
    assert not sealed & document("examples", name)["state"].keys()
    assert not sealed & json.loads(document("golden", name)["state"]).keys()


def test_no_name_of_a_personal_field_is_promised_by_any_type() -> None:
    personal = {"full_name", "person_ref", "birth_date", "religion", "reference"}

    for name in TYPES:
        assert not personal & names_in(document("schemas", name)), name


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: f"{path.parent.name}.{path.stem}")
def test_what_was_once_stored_is_read_for_ever(path: Path) -> None:
    golden = json.loads(path.read_text("utf-8"))
    state, sealed = golden["state"], json.loads(golden["sealed"] or "{}")

    fact = codec.decode(
        golden["type"],
        state.encode(),
        stream=STREAM,
        version=1,
        recorded=datetime(2026, 3, 3, tzinfo=UTC),
        sealed=sealed,
    )

    place = f"{golden['type'].replace('.', '/')}.v{golden['class_version']}.json"
    assert path == ROOT / "golden" / place
    if golden["class_version"] == codec.form(type(fact)).version:
        again, sealed_again = codec.encode(fact)
        assert json.loads(again) == json.loads(state)
        assert msgspec.to_builtins(sealed_again) == sealed


def test_every_type_has_a_golden_state_of_its_present_version() -> None:
    assert {str(path.relative_to(ROOT / "golden")) for path in GOLDEN} >= set(CURRENT.values())


def test_every_type_belongs_to_the_ledger_that_its_name_begins_with() -> None:
    assert {name.partition(".")[0] for name in TYPES} == LEDGERS.keys()


def test_only_what_becomes_of_policies_has_one_name_in_several_ledgers() -> None:
    names = Counter(kind.__name__ for kind in TYPES.values())

    shared = {name for name, times in names.items() if times > 1}
    assert shared == {"PolicyRefused", "PolicySettled"}


def test_what_drifts_is_named_with_its_reason(tmp_path: Path) -> None:
    root = shutil.copytree(ROOT, tmp_path / "contracts")
    differs = root / "schemas/dossiers/CeremonyHeld.v1.json"
    differs.write_text(
        differs.read_text("utf-8").replace("The admission ceremony", "The ceremony"), "utf-8"
    )
    broken = root / "schemas/dossiers/UnitMoved.v1.json"
    broken.write_text(broken.read_text("utf-8").replace('"parent"', '"above"'), "utf-8")
    missing = root / "examples/training/ClassOpened.v1.json"
    missing.unlink()
    stray = root / "schemas/dossiers/Sainted.v1.json"
    stray.write_text("{}", "utf-8")
    old = root / "schemas/dossiers/CeremonyHeld.v0.json"
    old.write_text("{}", "utf-8")

    assert {(drift.path, drift.reason) for drift in contracts.check(root)} == {
        (differs, "differs"),
        (broken, "incompatible"),
        (missing, "missing"),
        (stray, "of-no-type"),
    }


def test_writing_mends_what_drifted_but_never_a_golden_state(tmp_path: Path) -> None:
    root = shutil.copytree(ROOT, tmp_path / "contracts")
    golden = root / "golden/training/ClassOpened.v1.json"
    golden.write_text(golden.read_text("utf-8").replace("synthetic-code", "older"), "utf-8")
    (root / "golden/training/ClassCompleted.v1.json").unlink()
    (root / "schemas/training/ClassOpened.v1.json").unlink()

    written = contracts.write(root)

    assert written == [
        root / "golden/training/ClassCompleted.v1.json",
        root / "schemas/training/ClassOpened.v1.json",
    ]
    assert "older" in golden.read_text("utf-8")
    assert contracts.check(root) == []
