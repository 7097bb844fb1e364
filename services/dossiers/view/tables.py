"""The tables of the view of dossiers: units, candidacies, and what people are found by."""

from __future__ import annotations

from infra.database import Database, Place
from infra.runner import layout, open_view

_UNITS = """
create table if not exists unit_facts(
    position integer primary key, unit blob not null, version integer not null,
    type text not null, recorded text not null, state blob not null);
"""
_CANDIDACIES = """
create table if not exists candidacies(
    candidacy blob primary key, person blob not null, opened integer not null,
    last_day integer not null, state blob not null) without rowid;
create index if not exists candidacies_person on candidacies(person, opened);
create index if not exists candidacies_last_day on candidacies(last_day, candidacy);
create table if not exists candidacy_units(
    unit blob not null, candidacy blob not null, primary key(unit, candidacy)) without rowid;
create index if not exists candidacy_units_candidacy on candidacy_units(candidacy);
create table if not exists candidacy_positions(
    candidacy blob not null, version integer not null, position integer not null,
    primary key(candidacy, version)) without rowid;
create table if not exists tasks(
    candidacy blob not null, what text not null, near integer not null, told blob not null,
    primary key(candidacy, what)) without rowid;
create index if not exists tasks_near on tasks(near);
create index if not exists tasks_what on tasks(what);
"""
_NAMES = """
create table if not exists name_parts(
    part blob not null, person blob not null, primary key(part, person)) without rowid;
create index if not exists name_parts_person on name_parts(person);
"""
SCHEMA = _UNITS + _CANDIDACIES + _NAMES
LAYOUT = layout(1, SCHEMA)


def open_tables(place: Place) -> Database:
    """Open the database. What stood for a name is gone from the disk when its row is."""
    return open_view(place, SCHEMA, LAYOUT, forgets=True)
