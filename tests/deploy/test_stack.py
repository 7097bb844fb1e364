from __future__ import annotations

import os
import shlex
from pathlib import Path

import psycopg
import pytest

from deploy.local import stack as local
from deploy.local.processes import NotReadyError, Part, alive, family
from deploy.local.stack import Stack
from infra.settings import ADDRESSED, DATABASES, settings

SUITE = """
import pytest

def test_that_needs_nothing(): ...

def test_that_needs_servers(stack): ...

@pytest.mark.stack
def test_that_says_so(): ...
"""


def test_a_fresh_database_is_empty_and_gone_afterwards(stack: Stack) -> None:
    dsn = stack.make_database("test_fresh")
    with psycopg.connect(dsn) as connection:
        tables = connection.execute("select count(*) from pg_stat_user_tables").fetchone()
    stack.drop_database("test_fresh")
    assert tables == (0,)
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(dsn)


def test_the_password_is_in_no_command_line_and_no_file_that_others_read(stack: Stack) -> None:
    password = stack.postgres.passfile.read_text().strip().rpartition(":")[2]
    assert len(password) >= 32
    assert stack.postgres.passfile.stat().st_mode & 0o077 == 0
    assert password not in " ".join([*stack.postgres.command(), *stack.environment().values()])


def test_without_the_password_nobody_comes_in(stack: Stack) -> None:
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(stack.dsn("postgres"), passfile="/dev/null")


@pytest.mark.parametrize("name", ["postgres", "kafka"])
def test_a_killed_part_is_wholly_gone_and_comes_back(own_stack: Stack, name: str) -> None:
    part: Part = getattr(own_stack, name)
    killed = part.pid
    assert killed
    before = family(killed)
    part.kill()
    assert not any(alive(pid) for pid in before)
    assert not part.answers()
    part.start()
    assert part.answers()
    assert part.pid != killed


def test_a_pause_holds_those_who_are_connected_too(own_stack: Stack) -> None:
    with psycopg.connect(own_stack.dsn("postgres"), autocommit=True) as connection:
        served_by = Path("/proc", str(connection.info.backend_pid), "stat")
        own_stack.postgres.pause()
        assert served_by.read_text().rpartition(")")[2].split()[0] == "T"
        assert not own_stack.postgres.answers()
        own_stack.postgres.resume()
        assert connection.execute("select 1").fetchone() == (1,)


def test_a_second_start_changes_nothing(own_stack: Stack) -> None:
    pids = [part.pid for part in own_stack.parts]
    Stack.at(own_stack.folder).start(["postgres", "kafka"])
    assert [part.pid for part in own_stack.parts] == pids


def test_a_number_that_another_process_has_taken_since_is_not_ours(
    own_stack: Stack,
    tmp_path: Path,
) -> None:
    other = Stack(tmp_path, free_ports=True)
    (tmp_path / "kafka.pid").write_text(str(os.getpid()))
    other.stop()
    assert alive(os.getpid())


def test_chosen_ports_are_kept_and_lie_below_those_of_outgoing_connections(tmp_path: Path) -> None:
    first, second = Stack(tmp_path, free_ports=True), Stack(tmp_path, free_ports=True)
    assert first.bootstrap == second.bootstrap
    outgoing = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    assert max(first.postgres.port, first.kafka.port, first.prometheus.port) < outgoing


def test_a_part_that_ends_at_once_is_told_with_what_it_said(tmp_path: Path) -> None:
    stack = Stack(tmp_path, free_ports=True)
    stack.prometheus.folder.joinpath("prometheus").write_text("where its data folder should be")
    with pytest.raises(NotReadyError, match="prometheus"):
        stack.start(["prometheus"])
    assert stack.prometheus.pid is None


def test_prometheus_leaves_nothing_running(tmp_path: Path) -> None:
    stack = Stack(tmp_path, free_ports=True)
    stack.start(["prometheus"])
    pid = stack.prometheus.pid
    assert pid
    stack.forget()
    assert not alive(pid)
    assert not tmp_path.exists()


@pytest.mark.parametrize("workers", ["0", "2"])
@pytest.mark.parametrize(("ci", "code"), [("", 0), ("true", 1)])
def test_what_is_not_run_without_servers_is_named_and_fails_only_under_ci(
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
    workers: str,
    ci: str,
    code: int,
) -> None:
    monkeypatch.delenv("KETNAP_TEST_STACK", raising=False)
    monkeypatch.setenv("CI", ci)
    monkeypatch.setenv("PYTHONPATH", str(local.ROOT))
    pytester.makeini("[pytest]")
    pytester.makepyfile(test_office=SUITE)
    ended = pytester.runpytest_subprocess("-p", "tests.stack", "-n", workers)
    ended.stdout.fnmatch_lines(["*no Postgres and Kafka*", "test_office.py: 2", "2 tests need*"])
    ended.assert_outcomes(passed=1, deselected=2 if workers == "0" else 0)
    assert ended.ret == code


def test_the_settings_file_is_what_a_role_reads(own_stack: Stack) -> None:
    said = shlex.split((own_stack.folder / "ketnap.env").read_text())
    read = settings(dict(line.split("=", 1) for line in said))
    assert read.unknown == ()
    assert set(read.dsns) == set(DATABASES) == set(local.DATABASES)
    assert set(read.urls) == set(ADDRESSED)
    assert read.kafka == own_stack.bootstrap
