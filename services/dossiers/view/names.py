"""What stands in the index of names: parts of words, each told so that nobody can read it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
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


def learn(db: Database, full_names: Mapping[UUID, str | None], blind: Blind) -> None:
    """Have people found by their names, besides those by which they are found already."""
    rows = [
        (blind(part), person.bytes)
        for person, full_name in full_names.items()
        for part in parts(full_name or "")
    ]
    db.put("name_parts", rows, "on conflict (part, person) do nothing")


def forget(db: Database, people: Iterable[UUID]) -> None:
    """Have people found by no name."""
    rows = [(person.bytes,) for person in people]
    db.executemany("delete from name_parts where person = ?", rows)
