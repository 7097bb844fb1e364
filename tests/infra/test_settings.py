from __future__ import annotations

from pathlib import Path

import pytest

from infra.settings import BadSettingError, MissingSettingError, settings


def test_an_empty_environment_has_defaults() -> None:
    said = settings({})

    assert said.data == Path("var")
    assert said.host == "127.0.0.1"
    assert said.port == 8000
    assert said.master_key_file is None


def test_the_environment_is_heard() -> None:
    said = settings({"KETNAP_DATA": "d", "KETNAP_PORT": "81", "KETNAP_MASTER_KEY_FILE": "k"})

    assert said.data == Path("d")
    assert said.port == 81
    assert said.master_key_file == Path("k")


def test_a_port_that_is_no_number_is_named() -> None:
    with pytest.raises(BadSettingError, match="KETNAP_PORT=http"):
        settings({"KETNAP_PORT": "http"})


def test_a_misspelt_variable_is_found() -> None:
    assert settings({"KETNAP_DATTA": "x", "PATH": "y"}).unknown == ("KETNAP_DATTA",)


def test_a_database_stands_in_the_environment_or_in_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "dsn"
    secret.write_text("host=h password=p dbname=keys\n")

    said = settings({"KETNAP_LEDGERS_DSN": "dbname=ledgers", "KETNAP_KEYS_DSN_FILE": str(secret)})

    assert said.is_distributed
    assert said.dsn("ledgers") == "dbname=ledgers"
    assert said.dsn("keys") == "host=h password=p dbname=keys"
    assert said.unknown == ()


def test_what_is_missing_is_named_when_it_is_needed() -> None:
    said = settings({"KETNAP_LEDGERS_DSN": "dbname=ledgers"})

    with pytest.raises(MissingSettingError, match="KETNAP_VIEWS_DSN"):
        said.dsn("views")
    with pytest.raises(MissingSettingError, match="KETNAP_DOSSIERS_URL"):
        said.url("dossiers")
    with pytest.raises(MissingSettingError, match="KETNAP_KAFKA"):
        _ = said.bootstrap


def test_a_secret_said_twice_or_in_no_file_is_named(tmp_path: Path) -> None:
    absent = tmp_path / "absent"
    with pytest.raises(BadSettingError, match=r"KETNAP_KEYS_DSN_FILE=.*absent"):
        settings({"KETNAP_KEYS_DSN_FILE": str(absent)})
    absent.write_text("dbname=x")
    with pytest.raises(BadSettingError, match="KETNAP_KEYS_DSN, KETNAP_KEYS_DSN_FILE"):
        settings({"KETNAP_KEYS_DSN_FILE": str(absent), "KETNAP_KEYS_DSN": "dbname=x"})


def test_what_is_wrong_with_a_database_is_told_without_its_password() -> None:
    with pytest.raises(BadSettingError) as bad:
        settings({"KETNAP_KEYS_DSN": "host=h password=secret-word nonsense"})

    assert str(bad.value) == "KETNAP_KEYS_DSN"


def test_what_is_in_effect_is_shown_without_secrets() -> None:
    url = "postgresql://clerk:secret-word@db.example/keys"
    shown = settings({"KETNAP_KEYS_DSN": url, "KETNAP_KAFKA": "k:9092"}).shown()

    assert shown["KETNAP_KAFKA"] == "k:9092"
    assert "db.example" in shown["KETNAP_KEYS_DSN"]
    assert "secret-word" not in str(shown)


def test_a_port_that_there_cannot_be_is_named() -> None:
    with pytest.raises(BadSettingError, match="KETNAP_METRICS_PORT=70000"):
        settings({"KETNAP_METRICS_PORT": "70000"})
