"""A layout: the tables of a view and their keys, as a database lays them out."""

from __future__ import annotations

from infra.drafts import Layout

STAYS = """
create table if not exists guests(guest text primary key, since text not null check (since > ''));
create table if not exists stays(
    room integer not null, -- the number at the door
    guest text not null,
    primary  key( guest , room )) without rowid;
create index if not exists stays_room on stays(room, guest);
"""


def test_the_keys_of_a_layout_are_those_its_tables_have() -> None:
    keys = Layout(STAYS, 1).keys

    assert (keys["guests"], keys["stays"]) == (("guest",), ("guest", "room"))


def test_its_tables_are_named_in_the_order_of_the_text_those_of_readers_first() -> None:
    assert Layout(STAYS, 1).tables == ["readers", "parked", "skipped", "guests", "stays"]
