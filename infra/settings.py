"""Every environment variable, read once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

VARIABLES = {
    "KETNAP_DATA": "the data folder",
    "KETNAP_HOST": "the address that `up` binds",
    "KETNAP_LANG": "the language of texts: vi or en",
    "KETNAP_LOG_LEVEL": "debug, info, warning or error",
    "KETNAP_MASTER_KEY_FILE": "where the master key lies, when it is not in the data folder",
    "KETNAP_PORT": "the port that `up` binds",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the environment says; options on the command line come before it."""

    data: Path = Path("var")
    host: str = "127.0.0.1"
    port: int = 8000
    lang: str = "vi"
    log_level: str = "info"
    master_key_file: Path | None = None
    unknown: tuple[str, ...] = ()
    """Variables that begin with KETNAP_ and mean nothing: most likely misspelt."""


class BadSettingError(ValueError):
    """A variable holds what it cannot mean; named by the message."""


def settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Return the settings of this process. Raises BadSettingError."""
    given = os.environ if environment is None else environment
    defaults = Settings()
    port = given.get("KETNAP_PORT", str(defaults.port))
    if not port.isdecimal():
        message = f"KETNAP_PORT={port}"
        raise BadSettingError(message)
    key_file = given.get("KETNAP_MASTER_KEY_FILE")
    return Settings(
        data=Path(given.get("KETNAP_DATA") or defaults.data),
        host=given.get("KETNAP_HOST") or defaults.host,
        port=int(port),
        lang=given.get("KETNAP_LANG") or defaults.lang,
        log_level=given.get("KETNAP_LOG_LEVEL") or defaults.log_level,
        master_key_file=Path(key_file) if key_file else None,
        unknown=tuple(
            sorted(name for name in given if name.startswith("KETNAP_") and name not in VARIABLES),
        ),
    )
