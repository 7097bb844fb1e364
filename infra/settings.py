"""Every environment variable, read once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict, make_conninfo

DATABASES = ("ledgers", "views", "keys", "access")
ADDRESSED = ("dossiers", "training", "verification", "reporting", "imports")
"""The services that others ask over HTTP."""
_FILE = "_FILE"
_ONE_OF_OURS = "KETNAP_"
_OF_TESTS = "KETNAP_TEST_"
_MOST_PORT = 65535

DSNS = {name: f"KETNAP_{name.upper()}_DSN" for name in DATABASES}
URLS = {name: f"KETNAP_{name.upper()}_URL" for name in ADDRESSED}
VARIABLES = {
    "KETNAP_DATA": "the data folder",
    "KETNAP_HOST": "the address that is bound",
    "KETNAP_KAFKA": "where Kafka's clients begin: host:port, separated by commas",
    "KETNAP_LANG": "the language of texts: vi or en",
    "KETNAP_LOG_LEVEL": "debug, info, warning or error",
    "KETNAP_MASTER_KEY_FILE": "where the master key lies, when it is not in the data folder",
    "KETNAP_METRICS_PORT": "the port of a role that serves nothing but how it is doing",
    "KETNAP_PORT": "the port that `up` or a role binds",
    **{variable: f"how Postgres is reached for the {name}" for name, variable in DSNS.items()},
    **{variable: f"where {name} is asked over HTTP" for name, variable in URLS.items()},
}
IN_FILES = frozenset({*DSNS.values(), "KETNAP_KAFKA"})
"""Variables that may hold a secret: each may stand in a file instead, named by `<NAME>_FILE`."""


class BadSettingError(ValueError):
    """A variable holds what it cannot mean; named by the message."""


class MissingSettingError(BadSettingError):
    """A variable is not set, without which nothing can be done here."""

    def __init__(self, variable: str) -> None:
        super().__init__(variable)
        self.variable = variable


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the environment says to one process; options on the command line come before it."""

    data: Path = Path("var")
    host: str = "127.0.0.1"
    port: int = 8000
    metrics_port: int = 9000
    lang: str = "vi"
    log_level: str = "info"
    master_key_file: Path | None = None
    dsns: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """How each database is reached that lies on Postgres."""
    kafka: str | None = None
    urls: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Where each service is asked over HTTP."""
    unknown: tuple[str, ...] = ()
    """Variables that begin with KETNAP_ and mean nothing: most likely misspelt."""

    @property
    def is_distributed(self) -> bool:
        """Tell whether ledgers lie on Postgres, and every role is a process of its own."""
        return bool(self.dsns)

    def dsn(self, database: str) -> str:
        """Return how a database is reached. Raises MissingSettingError."""
        return _demanded(self.dsns.get(database), DSNS[database])

    def url(self, service: str) -> str:
        """Return where a service is asked. Raises MissingSettingError."""
        return _demanded(self.urls.get(service), URLS[service])

    @property
    def bootstrap(self) -> str:
        """Return where Kafka's clients begin. Raises MissingSettingError."""
        return _demanded(self.kafka, "KETNAP_KAFKA")

    @property
    def key_file(self) -> Path:
        """Return where the master key lies."""
        return self.master_key_file or self.data / "keys" / "master.key"

    def shown(self) -> dict[str, str]:
        """Return what is in effect, by variable, without a secret."""
        said = {
            "KETNAP_DATA": str(self.data),
            "KETNAP_HOST": self.host,
            "KETNAP_PORT": str(self.port),
            "KETNAP_LANG": self.lang,
            "KETNAP_LOG_LEVEL": self.log_level,
            "KETNAP_MASTER_KEY_FILE": str(self.key_file),
        }
        if self.is_distributed:
            said |= {
                "KETNAP_KAFKA": self.kafka or "",
                "KETNAP_METRICS_PORT": str(self.metrics_port),
            }
            said |= {DSNS[name]: without_password(dsn) for name, dsn in self.dsns.items()}
            said |= {URLS[name]: url for name, url in self.urls.items()}
        return dict(sorted(said.items()))


def settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Return the settings of this process. Raises BadSettingError."""
    given = _read(os.environ if environment is None else environment)
    defaults = Settings()
    key_file = given.get("KETNAP_MASTER_KEY_FILE")
    return Settings(
        data=Path(given.get("KETNAP_DATA", defaults.data)),
        host=given.get("KETNAP_HOST", defaults.host),
        port=_port(given, "KETNAP_PORT", defaults.port),
        metrics_port=_port(given, "KETNAP_METRICS_PORT", defaults.metrics_port),
        lang=given.get("KETNAP_LANG", defaults.lang),
        log_level=given.get("KETNAP_LOG_LEVEL", defaults.log_level),
        master_key_file=Path(key_file) if key_file else None,
        dsns=_dsns(given),
        kafka=given.get("KETNAP_KAFKA"),
        urls={
            name: given[variable].rstrip("/")
            for name, variable in URLS.items()
            if variable in given
        },
        unknown=tuple(sorted(filter(_is_unknown, given))),
    )


def without_password(dsn: str) -> str:
    """Return a DSN as it may be shown."""
    told = {name: str(text) for name, text in conninfo_to_dict(dsn).items()}
    told.pop("password", None)
    return make_conninfo(**told)


def _read(environment: Mapping[str, str]) -> dict[str, str]:
    """Return what is said, files read in; what is set to nothing is not said."""
    said = {
        name: text for name, text in environment.items() if name.startswith(_ONE_OF_OURS) and text
    }
    for variable in IN_FILES:
        path = said.pop(variable + _FILE, None)
        if path is None:
            continue
        if variable in said:
            raise BadSettingError(f"{variable}, {variable}{_FILE}")
        try:
            said[variable] = Path(path).read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "not UTF-8"
            raise BadSettingError(f"{variable}{_FILE}={path}: {why}") from None
    return said


def _dsns(given: Mapping[str, str]) -> dict[str, str]:
    found = {name: given[variable] for name, variable in DSNS.items() if variable in given}
    for name, dsn in found.items():
        try:
            conninfo_to_dict(dsn)
        except ProgrammingError:
            raise BadSettingError(DSNS[name]) from None  # what it says may hold a password
    return found


def _port(given: Mapping[str, str], variable: str, default: int) -> int:
    text = given.get(variable, str(default))
    if not text.isdecimal() or int(text) > _MOST_PORT:
        raise BadSettingError(f"{variable}={text}")
    return int(text)


def _is_unknown(variable: str) -> bool:
    return variable not in VARIABLES and not variable.startswith(_OF_TESTS)


def _demanded(text: str | None, variable: str) -> str:
    if text is None:
        raise MissingSettingError(variable)
    return text
