"""What a change of a schema breaks: states that are stored, and readers that are not changed yet.

A topic keeps its records for ever, and readers are released one by one. So a version of a type
may gain optional fields with a default, and nothing else. Whatever else is wanted is another
version, with `class_version` and an upcast, and the files of the one before stay.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_SAYS_NOTHING = {"$defs", "$id", "$schema", "description", "title"}
_TOLD_APART = {"properties", "required", "default", "enum", "items", "anyOf"}

Node = Mapping[str, Any]


@dataclass(frozen=True, slots=True, order=True)
class Break:
    """A change that states or readers of today do not survive."""

    field: str
    """The way to it: `facets.sex`, `findings[].kind`."""
    change: str
    """`removed`, `required`, `optional`, `default`, `values` or `kind`."""


def breaks(before: Node, after: Node) -> list[Break]:
    """Return what a schema no longer keeps of what it was."""
    return sorted(_Comparison(before, after).of(before, after, ""))


class _Comparison:
    def __init__(self, before: Node, after: Node) -> None:
        self._before: Node = before.get("$defs", {})
        self._after: Node = after.get("$defs", {})

    def of(self, before: Node, after: Node, path: str) -> Iterator[Break]:
        before, after = _resolved(before, self._before), _resolved(after, self._after)
        if before.get("default", _ABSENT) != after.get("default", _ABSENT):
            yield Break(path, "default")
        if before.get("enum") != after.get("enum"):
            yield Break(path, "values")
        if _kind(before) != _kind(after):
            yield Break(path, "kind")
            return
        yield from self._of_members(before, after, path)
        if "items" in before:
            yield from self.of(before["items"], after["items"], f"{path}[]")
        for one, other in zip(before.get("anyOf", ()), after.get("anyOf", ()), strict=True):
            yield from self.of(one, other, path)

    def _of_members(self, before: Node, after: Node, path: str) -> Iterator[Break]:
        old, new = before.get("properties", {}), after.get("properties", {})
        needed, needs = set(before.get("required", ())), set(after.get("required", ()))
        for name in old.keys() | new.keys():
            field = f"{path}.{name}".lstrip(".")
            if name not in new:
                yield Break(field, "removed")
            elif name not in old:
                if name in needs:
                    yield Break(field, "required")
            else:
                if (name in needed) != (name in needs):
                    yield Break(field, "required" if name in needs else "optional")
                yield from self.of(old[name], new[name], field)


_ABSENT = object()


def _resolved(node: Node, definitions: Node) -> Node:
    if "$ref" not in node:
        return node
    beside = {name: value for name, value in node.items() if name != "$ref"}
    return {**definitions[str(node["$ref"]).rpartition("/")[2]], **beside}


def _kind(node: Node) -> tuple[Any, ...]:
    """Return what must not change at all: the type, its form, its bounds."""
    bounds = {
        name: value
        for name, value in node.items()
        if name not in _SAYS_NOTHING and name not in _TOLD_APART
    }
    return (bounds, "items" in node, len(node.get("anyOf", ())))
