"""What somebody changed behind our back is found and named, and told without a traceback."""

from __future__ import annotations

import os

from tests.installed import Site
from tests.system.small import Run

ASKED = ("--unit", "H", "--period", "2022", "--as-of", "2022-12-31")


def changed(site: Site, statement: str, *values: object) -> None:
    """Do what no command does to the ledger of dossiers."""
    site.tamper("ledgers", "dossiers", statement, *values)


def states(site: Site) -> list[tuple[int, bytes]]:
    """Return what every event says, by its position."""
    return site.tamper("ledgers", "dossiers", "select position, state from events order by 1")


def test_verify_names_an_event_of_which_one_byte_was_changed(run: Run, site: Site) -> None:
    position, state = next(row for row in states(site) if "Một".encode() in row[1])
    other = state.replace("Một".encode(), "Năm".encode())
    changed(site, "update events set state = ? where position = ?", other, position)

    result = run("verify", "--data", site.folder)

    assert result.code == 1
    assert f"dossiers:{position}" in result.out


def test_verify_names_an_event_that_was_removed(run: Run, site: Site) -> None:
    changed(site, "delete from events where position = 5")

    result = run("verify", "--json", "--data", site.folder)

    assert result.code == 1
    verdict = result.json[0]
    assert (verdict["positions"], verdict["wrong"]) == (4, 5)
    assert verdict["reason"] == "the-event-is-missing-or-cannot-be-read"
    assert f"Đã kiểm 4 bản ghi đứng trước, trong {verdict['total']}." in verdict["text"]


def test_verify_names_the_first_of_two_that_were_swapped(run: Run, site: Site) -> None:
    changed(site, "update events set position = -7 where position = 7")
    changed(site, "update events set position = 7 where position = 9")
    changed(site, "update events set position = 9 where position = -7")

    assert run("verify", "--json", "--data", site.folder).json[0]["wrong"] == 7


def test_a_log_of_reads_that_was_changed_is_found(run: Run, site: Site) -> None:
    run("facts", *ASKED, "--names", "--purpose", "kiểm tra", "--data", site.folder)
    site.tamper("keys", "keys", "update reads set purpose = 'khác' where n = 2")

    result = run("verify", "--json", "--data", site.folder)

    assert result.code == 1
    assert (result.json[-1]["wrong"], result.json[-1]["reason"]) == (2, "the-read-was-changed")


def test_replay_finds_a_view_that_was_changed(run: Run, site: Site) -> None:
    site.tamper(
        "views",
        "reporting",
        "update counters set sums = replace(sums, '\"admitted||\":', '\"admitted||\":1')",
    )

    result = run("replay", "--compare", "--data", site.folder)

    assert result.code == 1
    assert "khác với bảng dựng lại" in result.err


def test_a_ledger_of_a_newer_release_is_refused_by_name(run: Run, site: Site) -> None:
    changed(site, "insert into types values ('dossiers.StarAligned')")

    result = run("figures", "--data", site.folder)

    assert result.code == 1
    assert "dossiers.StarAligned" in result.err


def test_a_record_that_cannot_be_read_is_told(run: Run, site: Site) -> None:
    for position, state in states(site):
        changed(site, "update events set state = ? where position = ?", b"{" + state, position)
    paper = ("--reason", "x", "--document", "y")

    result = run("correct", "R-1", "ceremony", "--retract", *paper, "--data", site.folder)

    assert result.code == 1
    assert "ketnap verify" in result.err


def test_personal_fields_that_were_exchanged_are_told(run: Run, site: Site) -> None:
    changed(site, "update events set sealed = ? where sealed is not null", os.urandom(99))

    result = run("facts", *ASKED, "--names", "--purpose", "x", "--data", site.folder)

    assert result.code == 1
    assert "ketnap verify" in result.err


def test_a_master_key_that_does_not_fit_is_told(run: Run, site: Site) -> None:
    (site.folder / "keys" / "master.key").write_bytes(os.urandom(32))

    assert "keys/master.key" in run("figures", "--data", site.folder).err
    assert run("doctor", "--data", site.folder).code == 1
