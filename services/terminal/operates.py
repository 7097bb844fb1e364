"""The commands that keep an installation: start, proof, rebuilding, examination."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from infra.ledger.port import Verdict
from infra.settings import settings
from services.doctor import examine
from services.embedded import Embedded
from services.installation import LEDGERS, Installation
from services.terminal import asked
from services.terminal.edge import Stopped
from services.terminal.options import Data, Json, Lang, opened, place, screen_for
from services.terminal.screen import Screen
from services.terminal.usage import FINDING, MISUSE

PROMISES = Path(__file__).parents[2] / "contracts"


def up(
    host: Annotated[str | None, typer.Option("--host", metavar="ADDRESS")] = None,
    port: Annotated[int | None, typer.Option("--port", min=0, max=65535)] = None,
    data: Data = None,
    lang: Lang = None,
) -> None:
    # The web server takes half a second to load, which no other command needs.
    from infra import logs  # noqa: PLC0415 - as above
    from infra.serving import listen  # noqa: PLC0415 - as above
    from services.up import AlreadyUpError, serve  # noqa: PLC0415 - as above

    screen = screen_for(lang)
    said = settings()
    if place(data).is_distributed:
        raise Stopped("up.distributed", code=MISUSE)
    address = host or said.host, said.port if port is None else port
    logs.configure(said.log_level)
    try:
        listening = listen(*address)
    except OSError as error:
        why = error.strerror
        raise Stopped("up.address", host=address[0], port=str(address[1]), why=why) from error
    with listening, opened(data, screen, create=True, current=False) as ketnap:
        if not isinstance(ketnap, Embedded):
            raise TypeError(ketnap)
        at = ":".join(map(str, listening.getsockname()[:2]))
        screen.note("up.started", address=at, folder=ketnap.folder)
        try:
            serve(ketnap, listening)
        except AlreadyUpError as other:
            raise Stopped("up.already", folder=ketnap.folder) from other
    screen.note("up.stopped")


def verify(data: Data = None, lang: Lang = None, as_json: Json = False) -> None:  # noqa: FBT002 - a flag
    screen = screen_for(lang)
    with opened(data, screen, current=False) as ketnap:
        verdicts = [_verdict(ketnap, name, screen) for name in LEDGERS]
        wrong = ketnap.keys.verify_reads()
        total = len(ketnap.keys.reads())
    checked = total if wrong is None else wrong - 1
    changed = "" if wrong is None else "the read was changed"
    verdicts.append(_worded("reads", Verdict(checked, wrong, changed), total, screen))
    if as_json:
        screen.json(verdicts)
    else:
        for verdict in verdicts:
            screen.line(str(verdict["text"]))
    if any(verdict["wrong"] is not None for verdict in verdicts):
        raise SystemExit(FINDING)


def _verdict(ketnap: Installation, name: str, screen: Screen) -> dict[str, object]:
    ledger = ketnap.ledgers[name]
    total = ledger.head().position
    with screen.progress("progress.verify") as step:
        verdict = ledger.verify(lambda done: step(done, total))
    return _worded(name, verdict, total, screen)


def _worded(name: str, verdict: Verdict, total: int, screen: Screen) -> dict[str, object]:
    """Return a verdict for programs, its reason as a code, with its sentence."""
    reason = verdict.reason.replace(" ", "-") or None
    told = {
        "ledger": name,
        "positions": verdict.positions,
        "total": total,
        "wrong": verdict.wrong,
        "reason": reason,
    }
    if reason is None:
        return told | {"text": screen.words("verify.whole", **told)}
    why = screen.words_or(f"verify.reason.{reason}", verdict.reason)
    text = screen.words("verify.wrong", **told | {"reason": why, "wrong": str(verdict.wrong)})
    return told | {"text": text}


def doctor(data: Data = None, lang: Lang = None, as_json: Json = False) -> None:  # noqa: FBT002 - a flag
    screen = screen_for(lang)
    checks = []
    for check in examine(place(data), asked.today()):
        advice = screen.words(f"doctor.{check.advice}", **check.facts) if check.advice else ""
        checks.append(
            {"check": check.name, "state": check.state, "found": check.found, "advice": advice},
        )
        if not as_json:
            sign = {"ok": "✓", "warning": "!", "wrong": "✗"}[check.state]
            style = {"ok": "green", "warning": "yellow", "wrong": "red"}[check.state]
            name = screen.words_or(f"check.{check.name}", check.name)
            screen.line(f"{sign} {name}: {check.found}", style=style)
            if advice:
                screen.line(f"    → {advice}")
    if as_json:
        screen.json(checks)
    if any(check["state"] == "wrong" for check in checks):
        raise SystemExit(FINDING)


def contracts(
    check: Annotated[bool, typer.Option("--check")] = False,  # noqa: FBT002 - a flag
    lang: Lang = None,
) -> None:
    from services import contracts as promises  # noqa: PLC0415 - needed by developers alone

    screen = screen_for(lang)
    if not check:
        for path in promises.write(PROMISES):
            screen.tell("contracts.written", path=path.relative_to(PROMISES.parent))
    drifts = promises.check(PROMISES)
    for drift in drifts:
        screen.tell(f"contracts.{drift.reason}", path=drift.path.relative_to(PROMISES.parent))
        for broken in drift.breaks:
            screen.tell(f"contracts.change.{broken.change}", field=broken.field)
    if any(drift.reason in {"incompatible", "of-no-type"} for drift in drifts):
        screen.tell("contracts.compatibly")  # to write them anew is no way out
    else:
        screen.tell("contracts.drifted" if drifts else "contracts.same")
    if drifts:
        raise SystemExit(FINDING)
