"""Tables, bars and progress on a terminal, or plain lines where there is none."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from services.wording import known, say, written

PIPE_COLUMNS = 160
SPARSE_SECONDS = 5.0
BAR_CELLS = 20


def _console(*, stderr: bool = False) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    return Console(
        stderr=stderr,
        width=None if stream.isatty() else PIPE_COLUMNS,
        highlight=False,
        markup=False,
        emoji=False,
    )


@dataclass(frozen=True)
class Screen:
    """Where a command speaks: answers to stdout, everything else to stderr."""

    lang: str = "vi"
    out: Console = field(default_factory=_console)
    err: Console = field(default_factory=lambda: _console(stderr=True))

    def words(self, key: str, **facts: Any) -> str:  # noqa: ANN401 - whatever a text names
        """Return a sentence of the command line."""
        return say(f"terminal.{key}", self.lang, **facts)

    def words_or(self, key: str, fallback: str, **facts: Any) -> str:  # noqa: ANN401 - as above
        """Return a sentence, or for a code of an open list the code itself."""
        return self.words(key, **facts) if known(f"terminal.{key}", self.lang) else fallback

    def tell(self, key: str, **facts: Any) -> None:  # noqa: ANN401 - as above
        """Print a sentence as part of the answer."""
        self.out.print(self.words(key, **facts), soft_wrap=True)

    def note(self, key: str, **facts: Any) -> None:  # noqa: ANN401 - as above
        """Print a sentence beside the answer."""
        self.err.print(self.words(key, **facts), soft_wrap=True)

    def line(self, text: str | Text, style: str = "") -> None:
        """Print a line of the answer as it is."""
        self.out.print(text, style=style, soft_wrap=True)

    def json(self, value: object) -> None:
        """Print a value as JSON, days and ids as text."""
        print(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())  # noqa: T201 - the answer itself, never wrapped or coloured

    def error_json(self, error: Mapping[str, object]) -> None:
        """Print, beside the answer, one line of JSON that tells why there is none."""
        told = msgspec.json.encode({"error": error}, enc_hook=str).decode()
        print(told, file=sys.stderr)  # noqa: T201 - as above

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """Print rows under worded column names; a column of numbers stands to the right."""
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
        for number, name in enumerate(columns):
            numeric = all(_is_number(row[number]) for row in rows)
            table.add_column(
                self.words(f"column.{name}") if name else "",
                justify="right" if numeric else "left",
                overflow="fold",
            )
        for row in rows:
            table.add_row(
                *(
                    cell if isinstance(cell, Text) else Text(written(cell, self.lang))
                    for cell in row
                ),
            )
        self.out.print(table)

    @contextmanager
    def progress(self, key: str) -> Iterator[Step]:
        """Show how far long work has come: a bar on a terminal, else a line now and then."""
        title = self.words(key)
        if not self.err.is_terminal:
            yield _SparseLines(title, self.err)
            return
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=self.err, transient=True) as bar:
            task = bar.add_task(title, total=None)

            def step(done: int, total: int | None = None) -> None:
                bar.update(task, completed=done, total=total)

            yield step


Step = Callable[..., None]
"""Called with how much is done and, where it is known, of how much."""


class _SparseLines:
    def __init__(self, title: str, console: Console) -> None:
        self._title = title
        self._console = console
        self._said = monotonic()

    def __call__(self, done: int, total: int | None = None) -> None:
        if monotonic() - self._said < SPARSE_SECONDS:
            return
        self._said = monotonic()
        of = f"/{total}" if total else ""
        self._console.print(f"{self._title}: {done}{of}", soft_wrap=True)


def bar(numerator: int, denominator: int) -> Text:
    """Draw a share as a bar; what exceeds the whole is drawn over its end."""
    if denominator <= 0:
        return Text("")
    filled = min(BAR_CELLS, round(BAR_CELLS * numerator / denominator))
    over = "▶" if numerator > denominator else ""
    return Text.assemble(
        ("█" * filled, "green"),
        ("░" * (BAR_CELLS - filled), "dim"),
        (over, "bold green"),
    )


def _is_number(cell: object) -> bool:
    return cell is None or (isinstance(cell, int | float) and not isinstance(cell, bool))
