"""What a database is, whatever keeps it: the SQL that is spoken to it, and how it refuses.

There is one text of every statement, in the SQL that both adapters understand, and:

- parameters are `:name`, from a mapping, or `?`, from a sequence;
- `words(:list)` and `numbers(:list)` are tables of one column, `value`, from the text of a
  JSON array; `field(column, 'key')` is the text of a key of a JSON text;
- `insert … on conflict (key) do nothing`, or `do update set`, always with its key;
- a table is made of `integer`, `text` and `blob`; a lone `integer primary key` numbers its
  rows; `without rowid` says that the rows lie in the order of their key;
- texts are ordered by their bytes, and hold no NUL. Yes and no are 1 and 0;
- a parameter that may be None stands where its type shows, or in a cast: not in a lone
  `:x is null`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from enum import Enum
from typing import Any, Protocol

Values = Mapping[str, Any] | Sequence[Any]


class Away(ConnectionError):
    """The database is busy, full or gone: to try again is right.

    Nothing was committed, unless a server went during the commit: then nobody knows, so what
    is tried again must be harmless where it was done.
    """


class Taken(ValueError):
    """A row of that key is there, or a column is null that must not be."""


class Keep(Enum):
    """What a commit is worth."""

    DRAFT = "draft"
    """Thrown away when the power goes: a view that is being built."""
    CACHE = "cache"
    """The last commits may be lost with the power: they are read again."""
    DURABLE = "durable"
    """Kept when the commit returns."""


class Rows(Protocol):
    """What a statement found."""

    @property
    def rowcount(self) -> int:
        """Return how many rows were changed."""
        ...

    def fetchone(self) -> Any:  # noqa: ANN401 - a row is a tuple of what its columns hold, or None
        """Return the next row, or None."""
        ...

    def fetchall(self) -> list[Any]:
        """Return every row that is left."""
        ...

    def __iter__(self) -> Iterator[Any]:
        """Yield every row that is left."""
        ...


class Database(ABC):
    """One connection, used by one thread at a time. A statement outside a block commits itself.

    Every method raises Taken and Away; any other error is a defect. A block in which one was
    raised can only end, and with it.
    """

    @abstractmethod
    def execute(self, sql: str, values: Values = ()) -> Rows:
        """Do one statement."""

    @abstractmethod
    def of_keys(self, sql: str, keys: Sequence[bytes]) -> Iterator[Any]:
        """Yield the rows of a query, whose only parameter is in `in (?)`: any of some keys."""

    @abstractmethod
    def executemany(self, sql: str, rows: Iterable[Values]) -> None:
        """Do one statement for each row of values."""

    @abstractmethod
    def put(self, table: str, rows: Sequence[Sequence[Any]], conflict: str = "") -> None:
        """Insert whole rows, their columns in the order of the table.

        `conflict` is what follows `insert into … values …`, such as `on conflict (key) do …`.
        With `do update`, no two rows have the same key.
        """

    @abstractmethod
    def writing(self, *, at_once: bool = False) -> AbstractContextManager[None]:
        """Commit what is done inside, all of it or nothing; nobody else writes meanwhile.

        With `at_once`, what is put may wait for the next statement or for the end of the block,
        which then raises what `put` would have raised; so rows that are put stay as they are.
        """

    @abstractmethod
    def reading(self) -> AbstractContextManager[None]:
        """Show one snapshot to everything that is asked inside. May stand inside itself."""

    @property
    @abstractmethod
    def build(self) -> int:
        """Return which build of the tables a block sees.

        It is another one after a swap: what is kept in memory of the one before is void.
        """

    @abstractmethod
    def glance(self, sql: str) -> tuple[int, Any]:
        """Return the build of this moment, and the only value that a query finds in it.

        It is what `reading` would see if it began now, for a part of its price.
        """

    @abstractmethod
    def erase(self, *tables: str) -> None:
        """Leave no trace of what was deleted from tables, where the database can; see there.

        Stands outside every block. Raises Away where somebody still reads it.
        """

    @abstractmethod
    def close(self) -> None:
        """Close the connection."""


class Place(ABC):
    """Where one database lies."""

    @abstractmethod
    def open(
        self, schema: str, layout: int = 0, *, keep: Keep = Keep.CACHE, forgets: bool = False
    ) -> Database:
        """Open the database with the tables of a schema, whose stamp is its layout.

        With `forgets`, what is deleted and then erased cannot be read back from its files.
        """

    @abstractmethod
    def is_outdated(self, layout: int) -> bool:
        """Tell whether another release laid the database out, so that it must be built anew."""

    @abstractmethod
    def discard(self) -> None:
        """Remove the database."""
