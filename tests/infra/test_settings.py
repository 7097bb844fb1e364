from __future__ import annotations

from pathlib import Path

import pytest

from infra.settings import BadSettingError, settings


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
