"""What stands in the index of names: parts of words, each told so that nobody can read it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from uuid import UUID

from events.rulebook import fold
from infra.database import Database

SHORTEST, LONGEST = 2, 16
"""Of beginnings of words; a whole word is found however long it is."""

Blind = Callable[[str], bytes]


def words(text: str) -> list[str]:
    """Return the words of a text, without marks and capitals."""
    return [word for each in text.split() if (word := fold(each))]


def parts(full_name: str) -> Iterator[str]:
    """Yield every word of a name and every beginning of one."""
    for word in dict.fromkeys(words(full_name)):
        yield word
        for length in range(SHORTEST, min(len(word), LONGEST + 1)):
            yield word[:length]


def learn(db: Database, person: UUID, full_name: str | None, blind: Blind) -> None:
    """Have a person found by a name, and by that one alone."""
    forget(db, person)
    db.executemany(
        "insert into name_parts values (?, ?) on conflict (part, person) do nothing",
        [(blind(part), person.bytes) for part in parts(full_name or "")],
    )


def forget(db: Database, person: UUID) -> None:
    """Have a person found by no name."""
    db.execute("delete from name_parts where person = ?", (person.bytes,))
