"""The office at work: clients that keep a ledger of their own, of what they were told."""

from __future__ import annotations

import json
import sys
import traceback
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import date
from http.client import HTTPConnection, HTTPException
from queue import Empty, SimpleQueue
from random import Random
from threading import Event, Thread
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from events.envelope import By
from infra.access import Access, Grant
from infra.adapters import Province
from infra.ledger.application import Commands, Contended
from infra.runner import AWAY
from infra.sealing import Keys
from services.dossiers.application import Dossiers, RegisterUnit, RenameUnit
from services.dossiers.view import UnitsView
from services.verification import commands
from services.verification.application import Verification
from services.verification.domain import CaseNotOpened

CELLS = 4
SETTING_UP = "setting up"
PATIENCE_SECONDS = 5.0
AGAIN_SECONDS = 0.1
UNKNOWN_STATUSES = {408, 429, 503}
"""With these a door says that it does not know, or cannot just now: the same again is right."""
JOURNEY: tuple[tuple[str, str, Mapping[str, Any]], ...] = (
    ("base", "certificate", {"on": "2024-02-05", "class_code": "L1"}),
    ("cell", "application", {"on": "2024-02-12"}),
    ("base", "personal-history-seal", {"on": "2024-03-04"}),
)
NOMINATED, ASKED, REPLIED, CLOSED = (
    "2024-01-15",
    date(2024, 3, 11),
    date(2024, 4, 1),
    date(2024, 4, 8),
)


class UnknownError(Exception):
    """Nobody said what became of a command."""


@dataclass(frozen=True, slots=True)
class Told:
    """A command that was acknowledged."""

    ledger: str
    key: str
    """As its ledger has it."""
    paper: str
    """On which its facts rest, and no others that somebody recorded."""
    answer: Any
    last: int
    """The position of the last fact, by the answer."""
    again: Callable[[], Any]
    """Sends it again, and returns the answer. Raises UnknownError."""


class Desk:
    """What clients share: who they are, what they were told, and whether the office is open."""

    def __init__(self, kept: Province, port: int, pause_seconds: float) -> None:
        self.port = port
        self.pause_seconds = pause_seconds
        self.open = Event()
        self.over = Event()
        self.told: list[Told] = []
        self.asked_again = 0
        self.failed: list[str] = []
        self.sealed: SimpleQueue[UUID] = SimpleQueue()
        self.keys: Keys = kept.keys()
        self.access: Access = kept.access(self.keys.access_secret)
        ledger = kept.ledger("dossiers")
        self.units = UnitsView(kept.place("dossiers"))
        self.dossiers = Dossiers(ledger, self.keys, self.units)
        self.verification = Verification(kept.ledger("verification"), self.keys)
        self.cells: list[UUID] = []
        self._commune: UUID | None = None

    def set_up(self) -> None:
        """Register the units, and wait for nobody."""
        province = self._unit("P", "provincial_committee", None)
        self._commune = self._unit("X", "commune_committee", province)
        self.cells = [self._unit(f"C{n}", "cell", self._commune) for n in range(CELLS)]

    def _unit(self, code: str, kind: str, parent: UUID | None) -> UUID:
        unit = uuid7()
        by = By(actor="clerk", document=SETTING_UP)
        told = RegisterUnit(unit=unit, code=code, name=code, kind=kind, parent=parent, by=by)
        self.dossiers.perform(told)
        return unit

    def grant(self, who: str, cell: int) -> Grant:
        """Return by which grant somebody acts."""
        if who == "cell":
            return Grant(
                account=f"an{cell}", unit=self.cells[cell], role="cell_committee", first=date.min
            )
        assert self._commune
        return Grant(
            account="binh", unit=self._commune, role="grassroots_committee", first=date.min
        )

    def close(self) -> None:
        for each in (self.dossiers.ledger, self.verification.ledger, self.units):
            each.close()
        self.access.close()
        self.keys.close()


class Client(ABC):
    """Does one thing after another, each until it is told what became of it."""

    acts = True
    """Whether it always has something to do."""

    def __init__(self, desk: Desk, name: str, seed: int) -> None:
        self.desk = desk
        self.name = name
        self.idle = Event()
        self.begun = 0
        """How many commands it began."""
        self.done = 0
        """How many it was told of that they are recorded."""
        self.chance = Random(f"{seed}/{name}")
        self._waiting = Event()
        self._thread = Thread(target=self._run, name=name)
        self._thread.start()

    @abstractmethod
    def step(self) -> None:
        """Do the next thing."""

    def join(self) -> None:
        self._thread.join()

    def where(self) -> str:
        """Return what it waits for, for whoever looks for the cause."""
        frame = sys._current_frames().get(self._thread.ident or 0)  # noqa: SLF001 - the only way
        return "".join(traceback.format_stack(frame)[-6:]) if frame else "it has ended"

    def paper(self) -> str:
        """Return the paper of the next command."""
        self.begun += 1
        return f"{self.name}/{self.begun}"

    def insist(self, send: Callable[[], Any]) -> Any:  # noqa: ANN401 - whatever it is told
        """Send something until it is told what became of it."""
        while True:
            try:
                return send()
            except UnknownError:
                self.desk.asked_again += 1
                if self.desk.over.wait(AGAIN_SECONDS):
                    raise

    def pause(self) -> None:
        self._waiting.wait(self.chance.uniform(0.5, 1.5) * self.desk.pause_seconds)

    def _run(self) -> None:
        try:
            while not self.desk.over.is_set():
                if self.desk.open.is_set():
                    self.step()
                    self.pause()
                else:
                    self.idle.set()
                    self.desk.open.wait(AGAIN_SECONDS)
                    self.idle.clear()
        except UnknownError:
            pass  # the office closes for good
        except Exception as error:  # noqa: BLE001 - told with the schedule
            self.desk.failed.append(f"{self.name} after {self.begun} commands: {error!r}")
        finally:
            self.idle.set()


class Clerk(Client):
    """Nominates people at the door of dossiers, and brings each as far as the seal."""

    def __init__(self, desk: Desk, name: str, seed: int) -> None:
        self._of: str | None = None
        self._done = 0
        self._version = 0
        self._cell = 0
        super().__init__(desk, name, seed)

    def step(self) -> None:
        if self._of is None:
            self._nominate()
            return
        who, act, body = JOURNEY[self._done]
        answer = self._post(
            who, "/candidacies/{candidacy}/" + act, body, candidacy=self._of, match=self._version
        )
        self._version = answer["version"]
        self._done += 1
        if self._done == len(JOURNEY):
            self.desk.sealed.put(UUID(self._of))
            self._of = None

    def _nominate(self) -> None:
        self._cell = self.chance.randrange(CELLS)
        number = f"{self.name}-{self.begun}"
        body = {
            "person_ref": f"ref {number}",
            "full_name": f"Nguyễn Văn {number}",
            "birth_date": "1999-05-17",
            "facets": {"sex": self.chance.choice(("female", "male"))},
            "unit": f"C{self._cell}",
            "on": NOMINATED,
        }
        answer = self._post("cell", "/candidacies", body)
        self._of, self._version, self._done = answer["candidacy"], answer["version"], 0

    def _post(
        self,
        who: str,
        route: str,
        body: Mapping[str, Any],
        *,
        candidacy: str = "",
        match: int | None = None,
    ) -> Any:  # noqa: ANN401 - JSON
        paper = self.paper()
        grant = self.desk.grant(who, self._cell)
        headers = {"Idempotency-Key": paper.replace("/", "-")}
        if match is not None:
            headers["If-Match"] = f'"{match}"'
        path, sent = route.format(candidacy=candidacy), json.dumps({**body, "document": paper})

        def send() -> tuple[int, str, Any]:
            return self._sent(grant, path, sent, headers)

        answer = self.insist(send)
        _, _, told = answer
        key = f"{grant.account}/POST {route}/{headers['Idempotency-Key']}"
        last = int(told["position"].rpartition(":")[2])
        self.desk.told.append(Told("dossiers", key, paper, answer, last, send))
        self.done += 1
        return told

    def _sent(
        self, grant: Grant, path: str, sent: str, headers: Mapping[str, str]
    ) -> tuple[int, str, Any]:
        access = self.desk.access
        token = access.tokens.sign(grant, access.today())
        with closing(
            HTTPConnection("127.0.0.1", self.desk.port, timeout=PATIENCE_SECONDS)
        ) as connection:
            try:
                asked = {**headers, "Authorization": f"Bearer {token}"}
                connection.request("POST", path, sent.encode(), asked)
                answer = connection.getresponse()
                body = answer.read()
            except (OSError, HTTPException) as error:
                raise UnknownError from error
        if answer.status in UNKNOWN_STATUSES:
            raise UnknownError(answer.status)
        if answer.status != 201:
            raise RuntimeError(f"{path} was answered {answer.status}: {body.decode()}")
        return answer.status, answer.headers["ETag"], json.loads(body)


class InProcess(Client, ABC):
    """Gives commands without a door, on a wire to Postgres that may be cut."""

    def perform(self, service: Commands, command: Any, paper: str) -> tuple[int, ...]:  # noqa: ANN401
        def send() -> tuple[int, ...]:
            try:
                return service.perform(command, key=paper)
            except (*AWAY, Contended) as error:
                raise UnknownError from error

        answer: tuple[int, ...] = self.insist(send)
        ledger = service.ledger.name
        self.desk.told.append(Told(ledger, paper, paper, answer, answer[-1], send))
        self.done += 1
        return answer


class Registrar(InProcess):
    """Gives cells other names, so that an old name that came again would be seen."""

    def step(self) -> None:
        paper = self.paper()
        unit = self.chance.choice(self.desk.cells)
        by = By(actor=self.name, document=paper)
        renamed = RenameUnit(unit=unit, on=date(2020, 1, 1), name=f"Chi bộ {paper}", by=by)
        self.perform(self.desk.dossiers, renamed, paper)


class Verifier(InProcess):
    """Asks a locality about each whose history is sealed, as soon as there is a case."""

    acts = False

    def __init__(self, desk: Desk, name: str, seed: int) -> None:
        self._of: UUID | None = None
        self._done = 0
        super().__init__(desk, name, seed)

    def step(self) -> None:
        if self._of is None:
            with suppress(Empty):
                self._of = self.desk.sealed.get_nowait()
            return
        paper = self.paper()
        try:
            self.perform(self.desk.verification, self._command(self._of, paper), paper)
        except CaseNotOpened:
            self.begun -= 1  # nothing was recorded; it is asked again when the policy has reacted
            return
        self._done += 1
        if self._done == 3:
            self._of, self._done = None, 0

    def _command(self, candidacy: UUID, paper: str) -> commands.OnCase:
        about: dict[str, Any] = {
            "candidacy": candidacy,
            "by": By(actor=self.name, document=paper),
        }
        match self._done:
            case 0:
                return commands.RequestVerification(
                    on=ASKED, subject_kind="candidate", place="X-1", **about
                )
            case 1:
                return commands.RecordReply(on=REPLIED, request=1, matches=True, **about)
            case _:
                return commands.CloseCase(on=CLOSED, **about)
