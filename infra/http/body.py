"""Bodies decoded by annotation, quicker than a route's own parameters are."""

from __future__ import annotations

import re
from typing import TypeVar

import msgspec

from infra.http.refusals import Malformed

T = TypeVar("T")
_PATH = re.compile(r" - at `\$(?P<path>[^`]*)`$")
_FIELD = re.compile(r"(?:field|contains unknown field) `(?P<field>[^`]+)`")
_STEP = re.compile(r"\.([^.\[]+)|\[([^\]]*)\]")


def decoded(body: bytes, decoder: msgspec.json.Decoder[T]) -> T:
    """Return what a body says. Raises Malformed, naming the field and never what was in it."""
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        raise Malformed(fields=(_pointer(str(error)),)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed(fields=("#",)) from error


def _pointer(message: str) -> str:
    steps: list[str] = []
    if at := _PATH.search(message):
        steps = [dotted or index for dotted, index in _STEP.findall(at["path"])]
    if missing := _FIELD.search(message):
        steps.append(missing["field"])
    return "#" + "".join(f"/{step}" for step in steps)
