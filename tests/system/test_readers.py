"""`ketnap reader`: where every reader stands, and the way out for one that stands still."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from threading import Event
from time import monotonic

import pytest

from infra.runner import ReaderStoppedError
from tests.installed import EMBEDDED, Site, Sites
from tests.system.small import Run, take_in
from tests.system.test_processes import SECONDS, get, ketnap, up

WHY = ("--reason", "Bản ghi hỏng, biên bản 12")
BROKEN = b"{{"
READERS = {"dossiers.units", "dossiers.candidacies", "reporting.dossiers"}
"""Those that read the ledger of dossiers into a view."""
POLICY = "verification.policy.dossiers"


@pytest.fixture(scope="session")
def small(sites: Sites, mode: str, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """Return where every reader stands before the last event of dossiers, which is broken."""

    def fill(site: Site) -> None:
        take_in(site, tmp_path_factory.mktemp("broken") / "files")
        site.forget_views()
        write(site, BROKEN + state_of(site))
        for _ in READERS:
            with site.open() as ketnap:
                with pytest.raises(ReaderStoppedError):
                    ketnap.catch_up()
                for runner in ketnap.runners:
                    while runner.step():
                        pass

    return sites.built("broken", mode, fill)


@pytest.fixture
def last(site: Site) -> int:
    """Return the position of the broken event."""
    [(position,)] = site.tamper("ledgers", "dossiers", "select max(position) from events")
    assert isinstance(position, int)
    return position


@pytest.fixture
def resumed(run: Run, site: Site) -> list[str]:
    """Mend the event and have every reader try again; return what was said."""
    write(site, state_of(site).removeprefix(BROKEN))
    told = [run("reader", "resume", reader, "--data", site.folder) for reader in sorted(READERS)]
    assert {each.code for each in told} == {0}
    return [each.out for each in told]


def state_of(site: Site) -> bytes:
    """Return the state of the last event of dossiers."""
    found = "select state from events order by position desc limit 1"
    [(state,)] = site.tamper("ledgers", "dossiers", found)
    assert isinstance(state, bytes)
    return state


def write(site: Site, state: bytes) -> None:
    """Write the state of the last event of dossiers."""
    change = "update events set state = ? where position = (select max(position) from events)"
    site.tamper("ledgers", "dossiers", change, state)


def parked(run: Run, data: Path) -> dict[str, int]:
    rows = run("reader", "list", "--json", "--data", data).json
    return {row["reader"]: row["parked"] for row in rows if row["parked"] is not None}


def skip_all(run: Run, data: Path, last: int) -> None:
    for reader in sorted(READERS):
        assert run("reader", "resume", reader, "--skip", last, *WHY, "--data", data).code == 0


@pytest.mark.usefixtures("resumed")
def test_every_reader_is_listed_with_how_far_it_is(run: Run, data: Path, last: int) -> None:
    assert run("figures", "--unit", "H", "--data", data).code == 0

    told = run("reader", "list", "--json", "--data", data)

    assert told.code == 0
    assert {row["reader"] for row in told.json} > READERS | {POLICY}
    for row in told.json:
        assert (row["behind"], row["parked"], row["since"]) == (0, None, None)
        assert row["position"] == row["head"]
    assert {row["head"] for row in told.json if row["ledger"] == "dossiers"} == {last}
    assert "Còn chậm" in run("reader", "list", "--data", data).out


def test_a_reader_that_stands_still_is_listed_with_its_reason_and_since_when(
    run: Run, data: Path, last: int
) -> None:
    told = run("reader", "list", "--json", "--data", data)

    assert run("figures", "--unit", "H", "--data", data).code == 1
    assert told.code == 1
    standing = {row["reader"]: row for row in told.json if row["parked"]}
    assert set(standing) == READERS
    for row in standing.values():
        assert (row["parked"], row["position"], row["behind"]) == (last, last - 1, 1)
        assert row["why"].startswith("UndecodableError")
        assert row["since"]
    assert "dossiers.units" in told.err


def test_a_record_that_was_mended_is_read_when_the_reader_is_told(
    run: Run, data: Path, last: int, resumed: list[str]
) -> None:
    assert [f"thử lại bản ghi {last}" in said for said in resumed] == [True] * len(READERS)
    assert parked(run, data) == {}
    assert run("figures", "--unit", "H", "--data", data).code == 0
    assert run("replay", "--data", data).code == 0


def test_a_record_is_skipped_and_that_is_on_record(
    run: Run, site: Site, data: Path, last: int
) -> None:
    skip_all(run, data, last)

    assert run("reader", "list", "--data", data).code == 0
    assert run("figures", "--unit", "H", "--data", data).code == 0
    facts = site.tamper(
        "ledgers",
        "reporting",
        "select type, state from events e where type = 'reporting.ReaderResumed'",
    )
    told = [json.loads(state) for _, state in facts if isinstance(state, bytes)]
    assert {fact["reader"] for fact in told} == READERS
    for fact in told:
        assert (fact["at"], fact["skipped"], fact["reason"]) == (last, True, WHY[1])
        assert fact["actor"].startswith("cli/")

    history = run("history", "--reader", "dossiers.units", "--data", data)
    assert history.code == 0
    assert f"Cho dossiers.units chạy tiếp từ bản ghi {last}" in history.out
    assert WHY[1] in history.out
    assert len(run("history", "--reader", "dossiers.units", "--json", "--data", data).json) == 1
    assert run("history", "--reader", "nobody", "--data", data).code == 1


def test_views_that_skipped_a_record_are_what_a_rebuild_makes_of_the_ledgers(
    run: Run, data: Path, last: int
) -> None:
    skip_all(run, data, last)

    compared = run("replay", "--json", "--data", data)
    swapped = run("replay", "--swap", "--data", data)

    assert compared.code == 0
    assert swapped.code == 0
    assert run("reader", "list", "--data", data).code == 0
    assert run("replay", "--data", data).code == 0


@pytest.mark.parametrize("mode", [EMBEDDED], indirect=True)
def test_a_reader_goes_on_in_the_process_where_it_runs(run: Run, data: Path, last: int) -> None:
    with up(data) as (_, address):
        until(lambda: len(parked(run, data)) == len(READERS))
        assert get(f"{address}/readyz")[0] == 503
        for reader in sorted(READERS):
            told = ketnap("reader", "resume", reader, "--skip", last, *WHY, data=data)
            assert told.returncode == 0

        until(lambda: get(f"{address}/readyz")[0] == 200)


def until(comes_true: Callable[[], bool]) -> None:
    patient_until = monotonic() + SECONDS
    while not comes_true():
        assert monotonic() < patient_until
        Event().wait(0.05)


def test_a_policy_that_stands_still_is_listed_and_skips_what_it_is_told(
    run: Run, site: Site, data: Path, last: int
) -> None:
    skip_all(run, data, last)
    back = "update readers set position = ? where name = ?"
    site.tamper("ledgers", "verification", back, last - 1, POLICY)
    assert run("figures", "--unit", "H", "--data", data).code == 1
    assert parked(run, data) == {POLICY: last}

    told = run("reader", "resume", POLICY, "--skip", last, *WHY, "--data", data)

    assert told.code == 0
    assert parked(run, data) == {}
    assert run("figures", "--unit", "H", "--data", data).code == 0


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("dossiers.units", "--skip", "1", *WHY), 1),
        (("dossiers.units", "--skip", "1"), 2),
        (("dossiers.units", "--skip", "0", *WHY), 2),
        (("training.classes",), 1),
        (("nobody",), 1),
        ((), 2),
    ],
)
def test_what_cannot_be_done_is_said_and_changes_nothing(
    run: Run, site: Site, data: Path, words: tuple[str, ...], code: int
) -> None:
    before = parked(run, data)

    told = run("reader", "resume", *words, "--data", data)

    assert told.code == code
    assert told.err
    assert parked(run, data) == before
    resumed = "select 1 from events where type = 'reporting.ReaderResumed'"
    assert site.tamper("ledgers", "reporting", resumed) == []


@pytest.mark.parametrize("lang", ["vi", "en"])
@pytest.mark.parametrize("verb", ["list", "resume"])
def test_every_verb_explains_itself(run: Run, verb: str, lang: str) -> None:
    told = run("reader", verb, "--lang", lang, "--help")

    assert told.code == 0
    assert f"ketnap reader {verb}" in told.out
