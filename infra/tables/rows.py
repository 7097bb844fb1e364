"""What a table is, whatever file holds it; how its text is cleaned; why a file is refused."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from events.refusal import Refusal

_HIDDEN = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]",
)
_NUMBER = re.compile(r"[+-]?\d[\d.,\u00a0 ]*%?")
_NOT_WORD = re.compile(r"[\W_]+")


class TableRefused(Refusal):
    """The file cannot be read as a table; nothing was."""


class UnreadableFile(TableRefused):
    """The file cannot be opened."""


class NotATable(TableRefused):
    """The bytes are neither text nor a workbook."""


class OldWorkbook(TableRefused):
    """A workbook from before 2007, or one locked with a password."""


class NotUnicodeText(TableRefused):
    """The text is not UTF-8: UTF-16, or an old code page."""


class BrokenText(TableRefused):
    """The quotes of a text file do not close, or a line has no end."""


class BrokenWorkbook(TableRefused):
    """The workbook is damaged, or not what it claims to be."""


class WorkbookTooLarge(TableRefused):
    """The workbook is over a cap; CSV has none."""


class DangerousWorkbook(TableRefused):
    """The workbook carries macros, another archive or entities."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row as it was written; `number` is the one that a spreadsheet shows beside it."""

    number: int
    cells: tuple[str, ...]
    faults: Mapping[int, str] = field(default_factory=dict)
    """Cells that hold no value of their own: `formula`, `cell-error`, `merged-cell`."""


@dataclass(frozen=True, slots=True)
class Table:
    """A header row and the rows below it, read anew by each call of `rows`."""

    sheet: str
    """The name of the sheet; `-` in a text file."""
    header: tuple[str, ...]
    rows: Callable[[], Iterator[Row]]
    hidden: bool = False
    delimiter: str = ","
    marked: bool = True
    """Whether a text file begins with the mark of UTF-8, which Excel needs to see."""


def clean(text: str) -> str:
    """Return text in NFC, without hidden characters and spare spaces."""
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    return " ".join(_HIDDEN.sub("", text).split())


@lru_cache(maxsize=8192)
def fold(text: str) -> str:
    """Return text as it is compared: no case, no diacritics, `đ` as `d`, words one space apart."""
    bare = unicodedata.normalize("NFD", clean(text).casefold().replace("đ", "d"))
    return _NOT_WORD.sub(" ", "".join(c for c in bare if not unicodedata.combining(c))).strip()


def is_formula(text: str) -> bool:
    """Tell whether a spreadsheet would run this text instead of showing it.

    A number with its sign is none. An apostrophe before a formula does not make it a value.
    """
    if not text or text[0].isalnum():
        return False
    bare = clean(text).lstrip("'\u2019 ")
    if len(bare) < 2 or unicodedata.normalize("NFKC", bare[0]) not in "=+-@":  # noqa: PLR2004 - a sign and what follows it
        return False
    return _NUMBER.fullmatch(bare) is None
