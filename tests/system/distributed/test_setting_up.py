"""What a province needs is made by one command, and what is wrong is told with the way out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from infra.topics import promised
from tests.system.distributed.province import Province

MADE_ONCE = 4 + len(promised())
"""Ledgers and topics, of which a process knows whether it made them."""


def checks(province: Province, **told: str) -> tuple[int, dict[str, list[dict[str, str]]]]:
    done = province.run("doctor", "--json", **told)
    found: dict[str, list[dict[str, str]]] = {}
    for check in json.loads(done.stdout):
        found.setdefault(check["check"], []).append(check)
    return done.returncode, found


def test_before_a_migration_every_command_says_to_run_it(bare: Province) -> None:
    told = {f"KETNAP_{name}_DSN": bare.stack.dsn("postgres") for name in ("LEDGERS", "VIEWS")}
    figures = bare.run("figures", **told)

    assert figures.returncode == 1
    assert "run `ketnap migrate`" in figures.stderr


def test_before_a_migration_doctor_says_that_it_makes_the_master_key(
    bare: Province, tmp_path: Path
) -> None:
    _, found = checks(bare, KETNAP_DATA=str(tmp_path))

    [key] = found["master-key"]
    assert (key["state"], "ketnap migrate" in key["advice"]) == ("wrong", True)


def test_a_migration_without_a_broker_says_which_setting_to_look_at(province: Province) -> None:
    done = province.run("migrate", KETNAP_KAFKA="127.0.0.1:1")

    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("Kafka cannot be reached: 127.0.0.1:1")
    assert "KETNAP_KAFKA" in done.stderr
    assert "Traceback" not in done.stderr


def test_two_migrations_at_once_make_everything_once(migrations: list[tuple[int, str]]) -> None:
    assert [code for code, _ in migrations] == [0, 0]
    said = [line for _, out in migrations for line in out.splitlines()]
    for kind in ("ledger", "topic"):
        made = [line for line in said if line.startswith(f"+ {kind} ")]
        assert len(made) == len(set(made))
    made = [line for line in said if line.startswith(("+ ledger ", "+ topic "))]
    assert len(made) == MADE_ONCE


def test_a_migration_of_what_is_there_changes_nothing(province: Province) -> None:
    again = province.run("migrate", "--json")

    assert again.returncode == 0
    assert {row["state"] for row in json.loads(again.stdout)} == {"there"}


def test_doctor_finds_nothing_wrong(province: Province) -> None:
    code, found = checks(province)

    assert code == 0, found
    assert {check["found"] for check in found["database"]} == {
        "ledgers",
        "views",
        "keys",
        "access",
    }


def test_doctor_says_what_is_wrong_with_each_setting_by_itself(province: Province) -> None:
    away = "host=127.0.0.1 port=1 dbname=keys password=secret-word"
    empty = province.stack.dsn("postgres")
    code, found = checks(
        province,
        KETNAP_KEYS_DSN=away,
        KETNAP_VIEWS_DSN=empty,
        KETNAP_ACCESS_DSN="",
        KETNAP_KAFKA="127.0.0.1:1",
        KETNAP_KAFFKA="x",
        KETNAP_MASTER_KEY_FILE="/nowhere/master.key",
    )

    assert code == 1
    by_state = {check["found"]: check for check in found["database"]}
    assert by_state["ledgers"]["state"] == "ok"
    [views] = [check for check in found["database"] if check["found"].startswith("views:")]
    assert "ketnap migrate" in views["advice"]
    [keys] = [check for check in found["database"] if check["found"].startswith("keys:")]
    assert "KETNAP_KEYS_DSN" in keys["advice"]
    assert "KETNAP_ACCESS_DSN" in {
        check["found"] for check in found["setting"] if check["state"] == "wrong"
    }
    assert found["broker"][0]["state"] == "wrong"
    assert found["environment"][0]["found"] == "KETNAP_KAFFKA"
    assert found["master-key"][0]["state"] == "wrong"
    assert "secret-word" not in json.dumps(found)


@pytest.mark.parametrize("variable", ["KETNAP_VIEWS_DSN", "KETNAP_KAFKA"])
def test_a_role_without_a_setting_names_it_and_does_not_begin(
    province: Province, variable: str
) -> None:
    done = province.run("serve", "training-projector", **{variable: ""})

    assert done.returncode == 2
    assert variable in done.stderr


def test_a_secret_may_stand_in_a_file(province: Province, tmp_path: Path) -> None:
    secret = tmp_path / "dsn"
    secret.write_text(province.told["KETNAP_LEDGERS_DSN"] + "\n")

    code, found = checks(province, KETNAP_LEDGERS_DSN="", KETNAP_LEDGERS_DSN_FILE=str(secret))

    assert code == 0, found
