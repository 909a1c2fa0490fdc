"""What stands around the cluster, all EMULATED: applications, platforms, vendors and watchers of all systems."""

import tempfile
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

from sandbox.world import docker
from sandbox.world.coolify import Coolify, open_coolify
from sandbox.world.docker import Docker
from sandbox.world.docker.container import Container
from sandbox.world.listening import listen
from sandbox.world.mail import Mailbox, open_mailbox
from sandbox.world.mongodb import Atlas, Mongo, open_atlas, open_mongodb
from sandbox.world.neighbours.memory import Memory
from sandbox.world.neighbours.site import Site
from sandbox.world.neighbours.systems import ENGINES, ETP_PASSWORD, PAGES, PROJECTS, SITES, WATCHED, settle
from sandbox.world.observability import (
    Alertmanager,
    Elasticsearch,
    Grafana,
    PagerDuty,
    Prometheus,
    Tempo,
    open_alertmanager,
    open_elasticsearch,
    open_grafana,
    open_pagerduty,
    open_prometheus,
    open_tempo,
)
from sandbox.world.postgres import Postgres, open_postgres
from sandbox.world.railway import Railway, open_railway
from sandbox.world.vendors import StatusPages, Vendors, open_vendors
from sandbox.world.vendors.trouble import Vendor

__all__ = ["Neighbours", "open_neighbours"]


@dataclass
class Neighbours:
    """The emulators, each with its address and its state; `prometheus`, `railway` and `docker` are by system,
    `pages` by vendor, `sites` by the name of the application."""

    vendors: Vendors
    coolify: Coolify
    mongo: Mongo
    atlas: Atlas
    alertmanager: Alertmanager
    grafana: Grafana
    tempo: Tempo
    pagerduty: PagerDuty
    log_store: Elasticsearch
    postgres: Postgres
    mailbox: Mailbox
    log: Path
    prometheus: dict[str, Prometheus] = field(default_factory=dict)
    railway: dict[str, Railway] = field(default_factory=dict)
    docker: dict[str, Docker] = field(default_factory=dict)
    pages: dict[str, StatusPages] = field(default_factory=dict)
    sites: dict[str, Site] = field(default_factory=dict)
    ill: dict[str, str] = field(default_factory=dict)

    def remember(self) -> None:
        """What is now is what `restore` comes back to."""
        self._memory = Memory(self._things())
        self._written = self.log.read_text(encoding="utf-8")

    def note(self, who: str, ill: str) -> None:
        """Keep in mind who is ill, for whoever looks at the world."""
        self.ill.pop(who, None)
        if ill != "well":
            self.ill[who] = ill

    def container(self, name: str) -> Container | None:
        """A container by its name, on whichever machine."""
        found = (engine.find(name) for engine in self.docker.values())
        return next((one for one in found if one), None)

    def heal(self, *parts: object) -> None:
        """These parts as they were found."""
        self._memory.restore(parts)

    def restore(self) -> None:
        """Everything as it was found; addresses and tokens stay."""
        self._memory.restore()
        self.ill.clear()
        self.mongo.recover()
        self.postgres.reset()
        self.mailbox.recover()
        for watcher in self._watchers():
            watcher.front.answering.set()
        self.log.write_text(self._written, encoding="utf-8")

    def _watchers(self) -> Iterable[Alertmanager | Elasticsearch | Grafana | Tempo | PagerDuty | Prometheus]:
        watchers = (self.alertmanager, self.grafana, self.tempo, self.pagerduty, self.log_store)
        return (*watchers, *self.prometheus.values())

    def _things(self) -> Iterable[object]:
        for vendor in (*vars(self.vendors).values(), *self.pages.values(), *self.sites.values()):
            yield from (vendor, vendor.trouble)
        for watcher in self._watchers():
            yield from (watcher, watcher.front)
        for railway in self.railway.values():
            yield from (railway.platform, railway.faults)
        yield from self.docker.values()
        yield from (self.coolify, self.coolify.faults, self.atlas)
        yield from (self.mongo.store, self.mongo.load, self.mongo.access)


@asynccontextmanager
async def open_neighbours(pace: float) -> AsyncIterator[Neighbours]:
    """All of them on loopback and in good health; `pace` is the seconds that a step of a deployment takes."""
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="neighbours-"))
        found = Neighbours(
            vendors=await stack.enter_async_context(open_vendors()),
            coolify=await stack.enter_async_context(open_coolify(pace)),
            mongo=await stack.enter_async_context(open_mongodb()),
            atlas=await stack.enter_async_context(open_atlas(pace)),
            alertmanager=await stack.enter_async_context(open_alertmanager()),
            grafana=await stack.enter_async_context(open_grafana()),
            tempo=await stack.enter_async_context(open_tempo()),
            pagerduty=await stack.enter_async_context(open_pagerduty()),
            log_store=await stack.enter_async_context(open_elasticsearch()),
            postgres=await stack.enter_async_context(open_postgres(ETP_PASSWORD)),
            mailbox=await stack.enter_async_context(open_mailbox()),
            log=Path(folder) / "app.log",
        )
        for system in WATCHED:
            found.prometheus[system] = await stack.enter_async_context(open_prometheus())
        for system in PROJECTS:
            found.railway[system] = await stack.enter_async_context(open_railway(pace))
        for system, engine in ENGINES.items():
            served = docker.serve(engine(pace), Path(folder) / f"{system}.sock")
            found.docker[system] = await stack.enter_async_context(served)
        found.pages = {name: StatusPages() for name in PAGES}
        found.sites = {name: Site(answers) for name, answers in SITES.items()}
        await stack.enter_async_context(_one_door(found))
        settle(found)
        found.remember()
        yield found


@asynccontextmanager
async def _one_door(found: Neighbours) -> AsyncIterator[None]:
    """Serves sites and status pages on one port, each under a path of its own."""
    root = web.Application()
    mounted: dict[str, Vendor] = {f"/sites/{name}": site for name, site in found.sites.items()}
    mounted |= {f"/pages/{name}": page for name, page in found.pages.items()}
    for path, vendor in mounted.items():
        root.add_subapp(path, vendor.application())
    async with listen(root) as url:
        for path, vendor in mounted.items():
            vendor.url = url + path
        yield
