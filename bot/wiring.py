"""The only place where real things are built, opened and closed. Tests, the demo and production use the same."""

import asyncio
import os
import socket
import uuid
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import aiohttp
from docket import Docket
from redis.exceptions import RedisError
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette

from bot import jobs
from bot.catalog.load import load
from bot.catalog.system import Catalog
from bot.core.errors import ConfigError
from bot.flows import reactions
from bot.flows.findings import Findings
from bot.flows.ports import Clock, Ports
from bot.providers import preload
from bot.providers.reach import CatalogTargets
from bot.settings import Settings
from bot.slack.app import Identity, build_app, identify, register
from bot.slack.chat import PACE, Chat, Pacer, Retries
from bot.slack.desk import Desk
from bot.slack.people import SlackPeople
from bot.slack.teller import SlackTeller
from bot.store.connect import Client, connect
from bot.store.embedded import open_embedded
from bot.store.feed import RedisFeed
from bot.store.lease import RedisLeases
from bot.store.looks import RedisLooks
from bot.store.marks import RedisMarks
from bot.store.record import APPEND_LIMIT, RedisRecord
from bot.store.shelf import RedisShelf
from bot.web.application import application
from commands import COMMANDS

SLACK_LIMIT = 10  # seconds for calls nobody waits for
DRAIN = 10.0
CLOSE_LIMIT = 5.0
WAITING = 64  # threads; Python's own default on two cores is six
POOL = 200
FOLLOW_LIMIT = 10.0  # seconds; the feed blocks for one


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present moment in UTC."""
        return datetime.now(UTC)


@dataclass(frozen=True)
class Parts:
    """What a caller may replace: the clock, where `env:` references look, a catalog that is read already, whether
    posts keep to the pace that Slack demands, how many seconds a stop waits for what is running, and how many anybody
    waits for the record."""

    clock: Clock = field(default_factory=SystemClock)
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    catalog: Catalog | None = None
    paced: bool = True
    drain: float = jobs.DRAIN
    record_limit: float = APPEND_LIMIT


@dataclass(frozen=True)
class Bot:
    """The bot, opened."""

    settings: Settings
    ports: Ports
    app: AsyncApp
    desk: Desk
    identity: Identity
    docket: Docket
    feed: RedisFeed
    store: Client
    redis_url: str
    drain: float

    def web(self) -> Starlette:
        """The HTTP application."""
        if self.settings.slack_signing_secret is None:
            raise ConfigError("SLACK_SIGNING_SECRET: needed for HTTP mode")
        secret = self.settings.slack_signing_secret.get_secret_value()
        return application(self.app, secret, self.ports.clock, self.health)

    @asynccontextmanager
    async def socket(self) -> AsyncIterator[None]:
        """A Socket Mode connection, until the block ends."""
        if self.settings.slack_app_token is None:
            raise ConfigError("SLACK_APP_TOKEN: needed for Socket Mode")
        handler = AsyncSocketModeHandler(self.app, self.settings.slack_app_token.get_secret_value())
        await handler.connect_async()  # type: ignore[no-untyped-call]
        try:
            yield
        finally:
            # Closing waits for the other side and for the task that reads; a stop must not hang on either.
            closing = asyncio.create_task(handler.close_async())  # type: ignore[no-untyped-call]
            await asyncio.wait({closing}, timeout=CLOSE_LIMIT)
            closing.cancel()

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Background work, until the block ends."""
        async with jobs.working(self.docket, self.ports, self.feed, self.drain):
            yield

    async def sweep(self) -> None:
        """Look at every clock now, for example because time was moved."""
        await reactions.sweep(self.ports)

    async def health(self) -> dict[str, Any]:
        """Whether the record answers and a worker was seen."""
        try:
            await self.store.ping()
            workers = await self.docket.workers()
        except (RedisError, OSError, TimeoutError):
            return {"ok": False, "record": "does not answer"}
        seen = [(datetime.now(UTC) - worker.last_seen).total_seconds() for worker in workers]
        return {"ok": True, "record": "answers", "workers": len(workers), "last_seen": min(seen, default=None)}


@asynccontextmanager
async def open_bot(settings: Settings, parts: Parts | None = None) -> AsyncIterator[Bot]:
    """Open everything in order, close it in reverse; raises ConfigError or EmbeddedRedisError before anything runs."""
    parts = parts or Parts()
    # What waits in threads is names and files that are looked up: those that hang must leave room for the others.
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(WAITING, thread_name_prefix="waiting"))
    async with AsyncExitStack() as stack:
        catalog = parts.catalog or load(settings.plantao_catalog)
        client = await stack.enter_async_context(_slack(settings))
        identity = await identify(client)
        url = await _redis_url(settings, stack)
        store = await _connected(stack, url)
        docket = await stack.enter_async_context(Docket(f"{settings.plantao_prefix}-jobs", _pooled(url)))
        people = SlackPeople(client, catalog)
        chat = Chat(client, Pacer(PACE if parts.paced else 0.0))
        record = RedisRecord(store, settings.prefix, parts.clock, parts.record_limit)
        leases, marks = RedisLeases(store, settings.prefix), RedisMarks(store, settings.prefix)
        targets = CatalogTargets(catalog, parts.environ)
        ports = Ports(
            record=record,
            leases=leases,
            marks=marks,
            people=people,
            targets=targets,
            findings=Findings(targets, RedisLooks(store, settings.prefix), parts.clock),
            shelf=RedisShelf(store, settings.prefix),
            timers=jobs.DocketTimers(docket),
            teller=SlackTeller(record, leases, marks, chat, catalog),
            clock=parts.clock,
            catalog=catalog,
            restricted={id: one.profile.restricted_in(parts.environ) for id, one in catalog.systems.items()},
        )
        jobs.register_jobs(docket, ports)
        desk = Desk(ports, chat, people, identity.team)
        app = build_app(client, identity, _secret(settings))
        register(app, desk, COMMANDS)
        await preload(sorted(operations_of(catalog)))
        feed = RedisFeed(await _connected(stack, url, FOLLOW_LIMIT), settings.prefix, _member())
        await people.learn_all()
        stack.push_async_callback(desk.errands.drain, DRAIN)
        yield Bot(settings, ports, app, desk, identity, docket, feed, store, url, parts.drain)


@asynccontextmanager
async def _slack(settings: Settings) -> AsyncIterator[AsyncWebClient]:
    token = settings.slack_bot_token.get_secret_value()
    # The client's own time limit is for sessions that it opens itself.
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(SLACK_LIMIT)) as session:
        yield AsyncWebClient(token, base_url=settings.slack_api_url, session=session, retry_handlers=[Retries()])


def operations_of(catalog: Catalog) -> set[str]:
    """Every operation that a catalog names; what people do by hand, and what is refused, has none."""
    systems = catalog.systems.values()
    checks = {check.operation for system in systems for check in system.checks.values()}
    changes = {action.carried_out_by for system in systems for action in system.actions.values()}
    return checks | (changes - {""})


async def _redis_url(settings: Settings, stack: AsyncExitStack) -> str:
    if settings.redis_url is not None:
        return settings.redis_url.get_secret_value()
    embedded = await stack.enter_async_context(open_embedded(settings.plantao_data))
    return embedded.url


async def _connected(stack: AsyncExitStack, url: str, timeout: float | None = None) -> Client:
    client = connect(url) if timeout is None else connect(url, timeout=timeout)
    stack.push_async_callback(client.aclose)
    return client


def _pooled(url: str) -> str:
    """redis-py's own limit of 100 connections tears the engine's loop down under load."""
    return f"{url}{'&' if '?' in url else '?'}max_connections={POOL}"


def _secret(settings: Settings) -> str | None:
    return settings.slack_signing_secret.get_secret_value() if settings.slack_signing_secret else None


def _member() -> str:
    return f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:6]}"
