"""Everything that one process serves: the pages, the services below `/api`, and how it is doing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta

from fastapi import FastAPI

from infra.filling import Disk
from infra.http import Cursors, Reached, WebApplication, operations
from infra.metrics import Requests, registry
from infra.stream import Hub
from services.dossiers.api import api as dossiers_api
from services.imports.api import api as imports_api
from services.installation import Installation
from services.neighbour import Neighbour
from services.portal import portal
from services.reporting.api import Live, Service
from services.reporting.api import api as reporting_api
from services.training import api as training_api
from services.verification import api as verification_api
from services.wording import refusal_words

IN_FLIGHT = timedelta(minutes=1)
"""Longer than a commit takes: what was recorded before that is in the ledger, or never will be."""


class Web:
    """The applications of one installation, and what tells them that its views have moved."""

    def __init__(self, ketnap: Installation, not_ready: Callable[[], list[str]] = list) -> None:
        self._ketnap = ketnap
        self.access = ketnap.access()
        watch = ketnap.view.watch()
        self.hub = Hub(watch.seen)
        self._live = Live(watch, self.hub)
        self._read_by = {state.reader: state.ledger for state in ketnap.states()}
        """The ledger of each reader."""
        self._stands = self._stand()
        self._waits: dict[str, Reached] = {}
        metrics = registry(ketnap.lags, ketnap.heads)
        metrics.register(Disk(ketnap.folder))
        requests = Requests(metrics)
        self._directory = Neighbour(ketnap)
        self._again = {name: each.try_again for name, each in ketnap.reactors.items()}
        self.services = {
            "dossiers": self._dossiers(requests),
            "training": self._training(requests),
            "verification": self._verification(requests),
            "reporting": self._reporting(requests),
            "imports": imports_api(ketnap, self.access, requests=requests),
        }
        self.app = operations(not_ready=not_ready, metrics=metrics)
        for name, app in self.services.items():
            self.app.mount(f"/api/{name}", app)
        self.app.mount("/api", WebApplication(refusal_words, openapi_url=None))
        self._portal = portal(self.access, self.app)
        self.app.mount("/", self._portal)
        self.app.lifespan_context = self._lifespan

    def moved(self) -> None:
        """Tell who waits and who watches; by the thread that keeps the views current."""
        self._stands = self._stand()
        self._live.tell(self.access.today())
        for waits in self._waits.values():
            waits.moved()

    def close(self) -> None:
        """Close the database of accounts."""
        self.access.close()

    @asynccontextmanager
    async def _lifespan(self, _: object) -> AsyncIterator[None]:
        self.hub.start()
        async with AsyncExitStack() as started:
            # An application that is mounted is not started by the one it is mounted on.
            for app in (*self.services.values(), self._portal):
                await started.enter_async_context(app.router.lifespan_context(app))
            yield
        self.hub.close()

    def _dossiers(self, requests: Requests) -> FastAPI:
        return dossiers_api(
            self._ketnap.dossiers,
            self._ketnap.candidacies,
            self.access,
            self._reached("dossiers"),
            again=self._again,
            requests=requests,
        )

    def _training(self, requests: Requests) -> FastAPI:
        room = training_api.Room(
            training=self._ketnap.training,
            view=self._ketnap.classes,
            directory=self._directory,
            access=self.access,
            reached=self._reached("training"),
            cursors=Cursors(self._ketnap.keys.cursor_secret),
        )
        return training_api.api(room, requests=requests)

    def _verification(self, requests: Requests) -> FastAPI:
        room = verification_api.Room(
            verification=self._ketnap.verification,
            view=self._ketnap.cases,
            directory=self._directory,
            access=self.access,
            reached=self._reached("verification"),
            cursors=Cursors(self._ketnap.keys.cursor_secret),
            again=self._again,
        )
        return verification_api.api(room, requests=requests)

    def _reporting(self, requests: Requests) -> FastAPI:
        service = Service(
            view=self._ketnap.view,
            access=self.access,
            reached=self._reached("reporting"),
            hub=self.hub,
            live=self._live,
            cursors=Cursors(self._ketnap.keys.cursor_secret),
            settled=self.settled,
        )
        return reporting_api(service, requests)

    def _reached(self, service: str) -> Reached:
        waits = Reached(lambda: self._stands.get(service, {}))
        self._waits[service] = waits
        return waits

    def _stand(self) -> Mapping[str, Mapping[str, int]]:
        """Return how far each service has read each ledger, by its slowest reader."""
        stands: dict[str, dict[str, int]] = {}
        for reader in self._ketnap.readers():
            stand = stands.setdefault(reader.name.partition(".")[0], {})
            ledger, position = self._read_by[reader.name], reader.position
            stand[ledger] = min(position, stand.get(ledger, position))
        return stands

    def settled(self, moment: datetime) -> bool:
        """Tell whether the views have everything that was recorded by a moment."""
        if datetime.now(UTC) - moment < IN_FLIGHT:
            return False
        stand = self._stands.get("reporting", {})
        return all(
            stand.get(name, 0) >= ledger.head().position
            for name, ledger in self._ketnap.ledgers.items()
        )
