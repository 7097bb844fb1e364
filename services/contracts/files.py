"""The promises that follow from the code: types of events, and what each service answers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from inspect import cleandoc, getdoc
from pathlib import Path
from tempfile import TemporaryDirectory
from types import NoneType
from typing import Any, get_args, get_origin
from uuid import NAMESPACE_URL, UUID, uuid5

import msgspec

from events.codec import Form, form
from events.registry import TYPES
from services.contracts import asyncapi
from services.contracts.compatibility import Break, breaks
from services.embedded import Embedded
from services.web import Web

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_FIRST_DAY = date(2026, 3, 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """A file that is not what the code promises."""

    path: Path
    reason: str
    """`missing`, `differs`, `incompatible` or `of-no-type`."""
    breaks: Sequence[Break] = ()
    """What states that are stored, or readers that are not changed yet, do not survive."""


def schema(name: str) -> dict[str, Any]:
    """Return the JSON Schema of the public state of a type of fact, as it is written today."""
    known = form(TYPES[name])
    body = msgspec.json.schema(known.public)
    definitions: dict[str, Any] = body.pop("$defs")
    own: dict[str, Any] = definitions.pop(known.public.__name__)
    del own["properties"]["class_version"]
    if known.version > 1:
        own["properties"]["class_version"] = {"const": known.version}
        own["required"].append("class_version")
    for definition in definitions.values():
        definition["description"] = cleandoc(definition.get("description", ""))
    head = {
        "$schema": _DIALECT,
        "$id": f"ketnap:{name}.v{known.version}",
        "description": getdoc(known.of),
    }
    return head | own | ({"$defs": definitions} if definitions else {})


def example(name: str) -> dict[str, Any]:
    """Return a made-up fact of a type, every public field filled, the same each time."""
    known = form(TYPES[name])
    return {
        "synthetic": True,
        "type": name,
        "class_version": known.version,
        "state": msgspec.to_builtins(_filled(known)),
    }


def _filled(known: Form) -> msgspec.Struct:
    return _struct(known.public, known.of.TOPIC, {"class_version": known.version})


def _struct(of: type[msgspec.Struct], path: str, given: Mapping[str, Any]) -> msgspec.Struct:
    values = {
        # What equals its default would not be written.
        member.name: not member.default
        if isinstance(member.default, bool)
        else _value(member.type, f"{path}.{member.name}", number)
        for number, member in enumerate(msgspec.structs.fields(of))
    }
    return of(**values | dict(given))


def _value(kind: Any, path: str, number: int) -> Any:  # noqa: ANN401 - what an annotation says
    """Return a value whose look says that nobody ever recorded it."""
    if get_origin(kind) is tuple:
        return (_value(get_args(kind)[0], path, number),)
    if choices := [choice for choice in get_args(kind) if choice is not NoneType]:
        return _value(choices[0], path, number)
    if issubclass(kind, msgspec.Struct):
        return _struct(kind, path, {})
    made: dict[type, Any] = {
        bool: True,
        int: number + 2,
        Decimal: Decimal(number + 2),
        str: f"synthetic-{path.rpartition('.')[2]}",
        date: _FIRST_DAY + timedelta(days=number),
        datetime: datetime(2026, 3, 2, tzinfo=UTC) + timedelta(days=number),
        UUID: uuid5(NAMESPACE_URL, f"ketnap/synthetic/{path}"),
    }
    return made[kind]


def generate(root: Path) -> dict[Path, str]:
    """Return every file that the code promises, with its text, below the folder `contracts`.

    A golden state is never written over: what was once stored is stored for ever.
    """
    files: dict[Path, str] = {}
    for name, kind in TYPES.items():
        place = _place(name, form(kind).version)
        files[root / "schemas" / place] = _text(schema(name))
        files[root / "examples" / place] = _text(example(name))
        golden = root / "golden" / place
        files[golden] = golden.read_text("utf-8") if golden.exists() else _text(_golden(name))
    for service, document in documents().items():
        files[root / "openapi" / f"{service}.json"] = _text(document)
    places = [str(place) for place in _places_of_all_versions()]
    files[root / "asyncapi.yaml"] = _text(asyncapi.document(places, _served()[1]))
    return files


def documents() -> Mapping[str, Mapping[str, Any]]:
    """Return the OpenAPI document of every service, as it is served."""
    return _served()[0]


@cache
def _served() -> tuple[Mapping[str, Mapping[str, Any]], Sequence[str]]:
    """Return what each service answers, and who reads the ledgers."""
    with (
        TemporaryDirectory() as folder,
        Embedded(Path(folder)) as ketnap,
        closing(Web(ketnap)) as web,
    ):
        answers = {name: app.openapi() for name, app in web.services.items()}
        return answers, [state.reader for state in ketnap.states()]


def _place(name: str, version: int) -> Path:
    ledger, _, short = name.partition(".")
    return Path(ledger) / f"{short}.v{version}.json"


def _places_of_all_versions() -> list[Path]:
    """Return every version that a ledger or a topic may hold: none is ever forgotten."""
    return [
        _place(name, version)
        for name, kind in TYPES.items()
        for version in range(1, form(kind).version + 1)
    ]


def _golden(name: str) -> dict[str, Any]:
    """Return an example as a ledger holds it, state and opened box: the very bytes, as text."""
    known = form(TYPES[name])
    sealed = msgspec.json.encode(_struct(known.sealed, name, {}))
    return example(name) | {
        "state": msgspec.json.encode(_filled(known)).decode(),
        "sealed": sealed.decode() if known.sealed_names else None,
    }


def check(root: Path) -> list[Drift]:
    """Return what differs between the files and the code, and what the difference breaks."""
    promised = generate(root)
    drifts = [
        _drift(path, text, root)
        for path, text in promised.items()
        if not path.exists() or path.read_text("utf-8") != text
    ]
    drifts += [
        Drift(path=path, reason="missing")
        for place in _places_of_all_versions()
        for path in (root / "schemas" / place, root / "golden" / place)
        if path not in promised and not path.exists()
    ]
    for path in sorted(root.glob("*/*/*.json")):
        folder, ledger, file = path.relative_to(root).parts
        generated = folder in {"schemas", "examples", "golden"}
        if generated and f"{ledger}.{file.partition('.')[0]}" not in TYPES:
            drifts.append(Drift(path=path, reason="of-no-type"))
    drifts += [
        Drift(path=path, reason="of-no-type")
        for path in sorted(root.glob("openapi/*.json"))
        if path.stem not in documents()
    ]
    return drifts


def _drift(path: Path, text: str, root: Path) -> Drift:
    if not path.exists():
        return Drift(path=path, reason="missing")
    if path.is_relative_to(root / "schemas"):
        found = breaks(json.loads(path.read_text("utf-8")), json.loads(text))
        if found:
            return Drift(path=path, reason="incompatible", breaks=found)
    return Drift(path=path, reason="differs")


def write(root: Path) -> list[Path]:
    """Write what drifted, and return the paths that were written.

    A schema of today is a promise: it is not written over by one that breaks it.
    """
    drifted = {drift.path for drift in check(root) if drift.reason in {"missing", "differs"}}
    written = []
    for path, text in generate(root).items():
        if path in drifted:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
            written.append(path)
    return sorted(written)


def _text(document: Mapping[str, Any]) -> str:
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"
