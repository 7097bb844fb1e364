"""The commands of a province on Postgres and Kafka: make what it needs, run its roles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import typer

from infra.adapters import Province
from infra.settings import Settings, settings
from services.terminal import asked
from services.terminal.edge import Stopped
from services.terminal.options import Json, Lang, broken, screen_for
from services.terminal.screen import Screen
from services.terminal.usage import FINDING, MISUSE


def migrate(
    contract: Annotated[bool, typer.Option("--contract")] = False,  # noqa: FBT002 - a flag
    lang: Lang = None,
    as_json: Json = False,  # noqa: FBT002 - a flag
) -> None:
    from services.migrating import made  # noqa: PLC0415 - needed by operators alone

    screen, said = screen_for(lang), _distributed()
    rows = []
    with broken(said.data):
        for each in made(said, contract=contract):
            rows.append({"kind": each.kind, "name": each.name, "state": each.state})
            if not as_json:
                kind = screen.words(f"migrate.{each.kind}")
                screen.tell(f"migrate.{each.state}", name=f"{kind} {each.name}")
                for step in each.steps:
                    screen.line(f"    + {step}")
    if as_json:
        screen.json(rows)
    if any(row["state"] == "outdated" for row in rows):
        raise SystemExit(FINDING)


def serve(
    roles: Annotated[list[str] | None, typer.Argument(metavar="ROLE…")] = None,
    lang: Lang = None,
) -> None:
    from services.supervising import ROLES, MisuseError, chosen, keep  # noqa: PLC0415 - as above

    screen, said = screen_for(lang), _distributed()
    try:
        names = chosen(roles or ())
    except LookupError as unknown:
        raise asked.misuse(
            screen.lang, "bad-choice", "ROLE", text=str(unknown.args[0]), choices=", ".join(ROLES)
        ) from None
    if "portal-api" in names:
        screen.note("serve.pages", address=f"{said.host}:{said.port}")
    try:
        keep(said, names, lambda role, what, facts: _tell(screen, role, what, facts))
    except MisuseError as misuse:
        raise Stopped("serve.misuse", code=MISUSE, role=misuse.role) from misuse
    screen.note("serve.stopped")


def _tell(screen: Screen, role: str, what: str, facts: Mapping[str, object]) -> None:
    screen.note(f"serve.{what}", role=role, **facts)


def _distributed() -> Settings:
    """Return the settings of a province. Raises MissingSettingError where they name none."""
    said = settings()
    Province(said)
    for database in ("ledgers", "views", "keys", "access"):
        said.dsn(database)
    _ = said.bootstrap
    return said
