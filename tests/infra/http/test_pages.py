"""Cursors: each row once, whatever is added meanwhile, and a place that nobody reads or makes."""

from __future__ import annotations

from bisect import insort
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from infra.http import Cursors, Malformed, Page, limit_of, next_link, paged

CURSORS = Cursors(bytes(range(32)))
Row = tuple[str, int]


def place(row: Row) -> Row:
    return row


def read(rows: list[Row], cursor: str | None, limit: int) -> Page[Row]:
    after = tuple(CURSORS.open(cursor, "rooms")) if cursor else None
    found = [row for row in rows if after is None or row > after][: limit + 1]
    return paged(found, limit, place, CURSORS, "rooms")


NAMES = st.tuples(st.text(max_size=4), st.integers(0, 9))


@given(
    rows=st.sets(NAMES, max_size=30),
    added=st.lists(NAMES, max_size=20),
    limit=st.integers(1, 7),
)
def test_every_row_that_was_there_is_read_once_whatever_is_added(
    rows: set[Row], added: list[Row], limit: int
) -> None:
    table = sorted(rows)
    newcomers = [row for row in added if row not in rows]
    seen: list[Row] = []
    cursor: str | None = None
    while True:
        page = read(table, cursor, limit)
        seen += page.items
        if (cursor := page.next) is None:
            break
        if newcomers and (row := newcomers.pop()) not in table:
            insort(table, row)

    assert [row for row in seen if row in rows] == sorted(rows)
    assert len(set(seen)) == len(seen)


def test_a_full_last_page_has_no_next_one() -> None:
    assert read([("a", 1), ("b", 2)], None, 2).next is None
    assert read([], None, 2) == Page([], None)


def test_a_cursor_tells_nothing_of_the_row_it_stands_at() -> None:
    cursor = CURSORS.seal(("Nguyễn Thị Bí Mật", 7), "rooms")

    assert CURSORS.open(cursor, "rooms") == ["Nguyễn Thị Bí Mật", 7]
    assert cursor != CURSORS.seal(("Nguyễn Thị Bí Mật", 7), "rooms")
    assert cursor.replace("-", "").replace("_", "").isalnum()


@pytest.mark.parametrize("cursor", ["", "x", "AAAA", "é", "a" * 400, "===="])
def test_a_made_up_cursor_is_malformed(cursor: str) -> None:
    with pytest.raises(Malformed) as refused:
        CURSORS.open(cursor, "rooms")

    assert refused.value.facts == {"fields": ("cursor",)}


@given(at=st.integers(0, 45), sign=st.sampled_from("ABCabc019-_"))
def test_a_changed_cursor_is_malformed(at: int, sign: str) -> None:
    cursor = CURSORS.seal(("a", 1), "rooms")
    changed = cursor[:at] + sign + cursor[at + 1 :]

    if changed == cursor:
        assert CURSORS.open(changed, "rooms") == ["a", 1]
    else:
        with pytest.raises(Malformed):
            CURSORS.open(changed, "rooms")


def test_a_cursor_of_another_list_or_installation_is_malformed() -> None:
    cursor = CURSORS.seal(("a", 1), "rooms?unit=A")

    assert CURSORS.open(cursor, "rooms?unit=A") == ["a", 1]
    with pytest.raises(Malformed):
        CURSORS.open(cursor, "rooms?unit=B")
    with pytest.raises(Malformed):
        Cursors(bytes(32)).open(cursor, "rooms?unit=A")


@pytest.mark.parametrize(("given_", "rows"), [(None, 50), ("1", 1), ("200", 200), (7, 7)])
def test_a_page_has_as_many_rows_as_asked_for(given_: str | int | None, rows: int) -> None:
    assert limit_of(given_) == rows


@pytest.mark.parametrize("given_", ["0", "201", "-1", "x", "", "1.5", "٣", "9" * 5000, -3])
def test_a_page_is_bounded(given_: str | int) -> None:
    with pytest.raises(Malformed):
        limit_of(given_)


def test_the_next_page_is_named_with_the_same_filters() -> None:
    request = Request(
        {
            "type": "http",
            "path": "/rooms",
            "query_string": b"unit=A%26B&cursor=old&limit=2",
            "headers": [(b"host", b"inn")],
            "scheme": "http",
            "server": ("inn", 80),
        }
    )

    link = next_link(request, Page([], "new"))["Link"]

    url, rel = link.split("; ")
    parts = urlsplit(url.strip("<>"))
    assert rel == 'rel="next"'
    assert parts.path == "/rooms"
    assert parse_qs(parts.query) == {"unit": ["A&B"], "limit": ["2"], "cursor": ["new"]}
    assert next_link(request, Page([], None)) == {}
