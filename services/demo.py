"""`ketnap demo`: organisations, their figures beside what articles print, and who signs in."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "deploy" / "demo"


@dataclass(frozen=True, slots=True)
class Printed:
    """A figure of an article, beside the one that answers it here."""

    id: str
    path: str
    printed: str | None
    expected: object
    found: object
    mark: str
    """`published`, `derived` or `synthetic`."""

    @property
    def equal(self) -> bool:
        """Tell whether ours is the article's."""
        return _plain(self.found) == _plain(self.expected)

    def told(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """Return it as JSON, with the question that it answers."""
        return {
            "organisation": question["organisation"],
            "unit": question["unit"],
            "period": question["period"],
            "as_of": question["as_of"],
            **asdict(self),
            "equal": self.equal,
        }


def files(folder: Path = FOLDER) -> list[Path]:
    """Return the files of the organisations."""
    return sorted(folder.glob("*/*.csv"))


def questions(folder: Path = FOLDER) -> Sequence[Mapping[str, Any]]:
    """Return what the articles answer, question by question."""
    published = tomllib.loads((folder / "published.toml").read_text("utf-8"))
    asked: Sequence[Mapping[str, Any]] = published["question"]
    return asked


def accounts(folder: Path = FOLDER) -> Sequence[Mapping[str, str]]:
    """Return who may sign in: a name, for a unit, in a role."""
    opened: Sequence[Mapping[str, str]] = tomllib.loads(
        (folder / "accounts.toml").read_text("utf-8")
    )["account"]
    return opened


def afterwards(folder: Path = FOLDER) -> Mapping[str, Any]:
    """Return what becomes known after the files are loaded."""
    return tomllib.loads((folder / "afterwards.toml").read_text("utf-8"))


def compared(question: Mapping[str, Any], answer: Mapping[str, Any]) -> Iterator[Printed]:
    """Put each printed figure beside the one found under its path."""
    for figure in question["figures"]:
        yield Printed(
            id=figure["id"],
            path=figure["path"],
            printed=figure.get("printed"),
            expected=figure["value"],
            found=at(answer, figure["path"]),
            mark=figure["mark"],
        )


def at(answer: Any, path: str) -> Any:  # noqa: ANN401 - JSON
    """Follow a path into an answer: a name, in a list the number or the kind of a row."""
    for part in path.split("."):
        if answer is None:
            return None
        if not isinstance(answer, list):
            answer = answer[part]
        elif part.isdecimal():
            answer = answer[int(part)] if int(part) < len(answer) else None
        else:
            answer = next((row for row in answer if row["kind"] == part), None)
    return answer


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value
