"""A version of a type keeps its promise, or is refused with the way to do it compatibly."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import pytest

from events import codec
from events.registry import TYPES
from services import contracts
from services.contracts.compatibility import Break, breaks
from services.terminal import operates
from services.terminal.options import Language

ROOT = Path(__file__).parents[2] / "contracts"


class Facets(msgspec.Struct, kw_only=True):
    sex: str | None = None


def schema(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - annotations, or with a default
    """Return the schema of a type, with some fields otherwise; None takes one away."""
    members: dict[str, Any] = {
        "unit": str,
        "votes": (int, 0),
        "sector": (str | None, None),
        "facets": Facets,
        "earlier": (list[Facets], []),
        "how": (Literal["open", "secret"], "secret"),
    } | changes
    fields = [
        (name, *of) if isinstance(of, tuple) else (name, of)
        for name, of in members.items()
        if of is not None
    ]
    made = msgspec.defstruct("Known", fields, kw_only=True)
    body: dict[str, Any] = msgspec.json.schema(made)
    return {**body["$defs"].pop("Known"), "$defs": body["$defs"]}


class MoreFacets(msgspec.Struct, kw_only=True):
    sex: str | None = None
    age: str | None = None


class NoFacets(msgspec.Struct, kw_only=True):
    age: str | None = None


ALLOWED = {
    "nothing": {},
    "a new optional field with a default": {"place": (str | None, None)},
    "a new optional field inside another": {"facets": MoreFacets},
    "a new optional field inside a list": {"earlier": (list[MoreFacets], [])},
}
REFUSED: dict[str, tuple[dict[str, Any], list[Break]]] = {
    "a field removed": ({"votes": None}, [Break("votes", "removed")]),
    "a field renamed": (
        {"unit": None, "place": str},
        [Break("place", "required"), Break("unit", "removed")],
    ),
    "an optional field renamed": (
        {"votes": None, "ballots": (int, 0)},
        [Break("votes", "removed")],
    ),
    "its kind changed": ({"unit": int}, [Break("unit", "kind")]),
    "a field that may be null": ({"unit": str | None}, [Break("unit", "kind")]),
    "a field that may no longer be null": (
        {"sector": (str, "")},
        [Break("sector", "default"), Break("sector", "kind")],
    ),
    "a new required field": ({"place": str}, [Break("place", "required")]),
    "an optional field that is required": (
        {"votes": int},
        [Break("votes", "default"), Break("votes", "required")],
    ),
    "a required field with a default": (
        {"unit": (str, "")},
        [Break("unit", "default"), Break("unit", "optional")],
    ),
    "another default": ({"votes": (int, 1)}, [Break("votes", "default")]),
    "a value added": (
        {"how": (Literal["open", "secret", "shown"], "secret")},
        [Break("how", "values")],
    ),
    "a value removed": ({"how": (Literal["secret"], "secret")}, [Break("how", "values")]),
    "other bounds": (
        {"votes": (Annotated[int, msgspec.Meta(ge=0)], 0)},
        [Break("votes", "kind")],
    ),
    "a field removed inside another": ({"facets": NoFacets}, [Break("facets.sex", "removed")]),
    "a field removed inside a list": (
        {"earlier": (list[NoFacets], [])},
        [Break("earlier[].sex", "removed")],
    ),
}


@pytest.mark.parametrize("changes", ALLOWED.values(), ids=ALLOWED)
def test_what_every_state_and_reader_survives_is_allowed(changes: dict[str, Any]) -> None:
    assert breaks(schema(), schema(**changes)) == []


@pytest.mark.parametrize(("changes", "broken"), REFUSED.values(), ids=REFUSED)
def test_what_a_state_or_a_reader_does_not_survive_is_refused(
    changes: dict[str, Any], broken: list[Break]
) -> None:
    assert breaks(schema(), schema(**changes)) == broken


def test_words_about_a_field_may_change() -> None:
    told = schema()
    told["properties"]["unit"]["description"] = "The unit of that day."

    assert breaks(schema(), told | {"title": "Other", "description": "Other"}) == []


@pytest.mark.parametrize("name", TYPES)
def test_every_type_keeps_its_own_schema(name: str) -> None:
    assert breaks(contracts.schema(name), contracts.schema(name)) == []


# The gate, over the files of the project.


@dataclass
class Gate:
    """A copy of the promises, and `ketnap contracts` over it."""

    root: Path

    def promise(self, name: str, **properties: Any) -> Path:  # noqa: ANN401 - JSON
        """Have a type promise something else than the code has; None takes a field away."""
        path = self.root / "schemas" / f"{name.replace('.', '/')}.v1.json"
        promised = json.loads(path.read_text("utf-8"))
        for member, of in properties.items():
            promised["properties"].pop(member, None)
            if of is not None:
                promised["properties"][member] = of
        path.write_text(json.dumps(promised), "utf-8")
        return path

    def run(self, capsys: pytest.CaptureFixture[str], *, check: bool) -> str:
        """Run the command, and return what it says when it finds something."""
        with pytest.raises(SystemExit) as found:
            operates.contracts(check=check, lang=Language.en)
        assert found.value.code == 1
        return capsys.readouterr().out


@pytest.fixture
def gate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Gate:
    root = shutil.copytree(ROOT, tmp_path / "contracts")
    monkeypatch.setattr(operates, "PROMISES", root)
    return Gate(root)


@pytest.mark.parametrize("check", [True, False])
def test_a_broken_promise_fails_says_how_to_do_it_and_is_not_written_over(
    gate: Gate, capsys: pytest.CaptureFixture[str], *, check: bool
) -> None:
    path = gate.promise("dossiers.UnitRenamed", short_name={"type": "string"})
    promised = path.read_bytes()

    said = gate.run(capsys, check=check)

    assert "UnitRenamed.v1.json: breaks what stored events" in said
    assert "short_name: removed" in said
    assert "class_version" in said
    assert "upcast_v1_v2" in said
    assert "Run `ketnap contracts`" not in said
    assert path.read_bytes() == promised


def test_a_type_that_is_gone_fails_and_says_that_types_stay(
    gate: Gate, capsys: pytest.CaptureFixture[str]
) -> None:
    (gate.root / "schemas/dossiers/Sainted.v1.json").write_text("{}", "utf-8")

    said = gate.run(capsys, check=False)

    assert "Sainted.v1.json: of no type of event" in said
    assert "A type is never removed" in said


def test_a_new_optional_field_is_written(gate: Gate, capsys: pytest.CaptureFixture[str]) -> None:
    path = gate.promise("dossiers.CeremonyHeld", findings=None)
    drifts = [(drift.path, drift.reason) for drift in contracts.check(gate.root)]

    assert drifts == [(path, "differs")]
    assert "Run `ketnap contracts`" in gate.run(capsys, check=True)
    assert contracts.write(gate.root) == [path]
    assert contracts.check(gate.root) == []


def test_a_new_version_gets_files_of_its_own_and_the_old_ones_stay(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(codec.form(TYPES["dossiers.UnitRenamed"]), "version", 2)

    written = {path.relative_to(gate.root).as_posix() for path in contracts.write(gate.root)}

    place = "dossiers/UnitRenamed.v2.json"
    assert written == {f"schemas/{place}", f"examples/{place}", f"golden/{place}", "asyncapi.yaml"}
    assert contracts.check(gate.root) == []
    old = gate.root / "schemas/dossiers/UnitRenamed.v1.json"
    old.unlink()
    assert [(drift.path, drift.reason) for drift in contracts.check(gate.root)] == [
        (old, "missing")
    ]
