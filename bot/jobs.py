"""The background engine, wired: jobs that react to the record, and timers. The traps of docket are answered here."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from random import SystemRandom
from typing import Any

import structlog
from docket import Docket, Worker
from docket.dependencies import AdmissionBlocked, CurrentExecution, Dependency, Retry, current_docket, current_execution
from docket.execution import Execution
from redis.exceptions import RedisError

from bot.core.errors import ChatError, NothingRecorded
from bot.flows import reactions
from bot.flows.ports import Entry, Feed, Ports

log = structlog.get_logger()
CROWD = SystemRandom()

SLOTS = 30
REDELIVERED_AFTER = timedelta(seconds=10)  # a job that blocks the loop longer than this is started twice
STARTS_ALLOWED = 3
FAILURES_ALLOWED = 8
ASIDE_FOR = timedelta(days=7)
SWEEP_EVERY = 30.0
ADD_LIMIT = 3.0
RECONNECT = 1.0
CANCEL_AGAIN = 0.5  # seconds
SPREAD = 15  # times what Slack asked for: of a thousand that wait for one channel, all would come back at once
DRAIN = 30.0  # seconds for what is running; a platform kills soon after


class DocketTimers:
    """The Timers port on docket."""

    def __init__(self, docket: Docket) -> None:
        self._docket = docket

    async def ensure(self, key: str, when: datetime, job: str, *args: str) -> None:
        """Let a job run at a moment, unless its key is already set."""
        async with asyncio.timeout(ADD_LIMIT):
            await self._docket.add(job, when=when, key=key)(*args)

    async def soon(self, key: str, job: str, *args: str) -> None:
        """Let a job run now, unless its key is already waiting or running."""
        async with asyncio.timeout(ADD_LIMIT):
            await self._docket.add(job, key=key)(*args)

    async def cancel(self, key: str) -> None:
        """Forget a job that has not started."""
        async with asyncio.timeout(ADD_LIMIT):
            await self._docket.cancel(key)


class CrashGuard(Dependency["CrashGuard"]):
    """Sets a job aside that keeps killing its worker; the engine itself would start it again for ever."""

    async def __aenter__(self) -> "CrashGuard":
        execution = current_execution.get()
        if execution.redelivered and await _starts(execution) > STARTS_ALLOWED:
            await set_aside(current_docket.get(), execution, "its worker died each time")
            raise AdmissionBlocked(execution, reason="set aside", reschedule=False)
        return self

    async def __aexit__(self, *_: object) -> None:
        return


async def _starts(execution: Execution) -> int:
    docket = current_docket.get()
    key = docket.key(f"restarts:{execution.key}")
    client: Any
    async with docket.redis() as client:
        count = int(await client.incr(key))
        await client.expire(key, int(ASIDE_FOR.total_seconds()))
    return count + 1


async def set_aside(docket: Docket, execution: Execution, reason: str) -> None:
    """Remember a job that will not be tried again; `doctor` and `/health` show it for a week."""
    log.error("job.set_aside", key=execution.key, reason=reason)
    key = docket.key("aside")
    async with docket.redis() as redis:
        await redis.hset(key, execution.key, reason)
        await redis.expire(key, int(ASIDE_FOR.total_seconds()))


def register_jobs(docket: Docket, ports: Ports) -> None:
    """Make every job of the table known under its name."""
    for name, work in reactions.JOBS.items():
        docket.register(_job(name, work, ports), names=[name])


def _job(name: str, work: reactions.Job, ports: Ports) -> Callable[..., Awaitable[None]]:
    async def job(
        stream: str,
        version: str,
        retry: Retry = Retry.forever(),  # noqa: B008 - docket reads its dependencies from the defaults
        execution: Execution = CurrentExecution(),  # noqa: B008
    ) -> None:
        try:
            await work(ports, stream, int(version))
        except ChatError as error:
            if error.retry_after is None:
                await set_aside(current_docket.get(), execution, f"Slack refused: {error.code}")
                return
            log.warning("job.waits_for_slack", job=name, stream=stream, code=error.code, after=error.retry_after)
            retry.after(timedelta(seconds=error.retry_after * (1 + CROWD.uniform(0, min(retry.attempt, SPREAD)))))
        except (NothingRecorded, RedisError) as error:
            log.warning("job.waits_for_record", job=name, stream=stream, error=type(error).__name__)
            retry.after(timedelta(seconds=RECONNECT))
        except Exception as error:
            log.exception("job.failed", job=name, stream=stream, attempt=retry.attempt)
            if retry.attempt >= FAILURES_ALLOWED:
                await set_aside(
                    current_docket.get(), execution, f"failed {retry.attempt} times: {type(error).__name__}"
                )
                return
            retry.after(timedelta(seconds=2**retry.attempt))

    return job


async def park(*args: str, retry: Retry = Retry.forever(), **kwargs: str) -> None:  # noqa: B008
    """A job this version does not know, as in a rolling deploy: left for a worker that does."""
    retry.after(timedelta(seconds=5))


@asynccontextmanager
async def working(docket: Docket, ports: Ports, feed: Feed, drain: float = DRAIN) -> AsyncIterator[None]:
    """Carry out jobs, follow the feed and sweep, until the block ends; then finish what is running, in `drain` seconds.

    What is cancelled then is found by the next worker, which goes by the record.
    """
    worker = Worker(
        docket,
        concurrency=SLOTS,
        redelivery_timeout=REDELIVERED_AFTER,
        minimum_check_interval=timedelta(milliseconds=100),
        reconnection_delay=timedelta(seconds=RECONNECT),
        fallback_task=park,
        dependencies=[CrashGuard()],
    )
    async with worker:
        jobs = asyncio.create_task(worker.run_forever(), name="jobs")
        await asyncio.sleep(0)  # the engine would forget a stop that was asked for before it began
        loops = [
            asyncio.create_task(_forever(lambda: _follow(feed, ports)), name="feed"),
            asyncio.create_task(_forever(lambda: _sweep(ports)), name="sweep"),
        ]
        for loop in (jobs, *loops):
            loop.add_done_callback(_ended)
        try:
            yield
        finally:
            await end(loops)
            # Leaving the worker asks it to finish what is running. A cancel would do so too, but it may miss the first.
            asyncio.get_running_loop().call_later(drain, jobs.cancel)


async def end(loops: Collection[asyncio.Task[None]]) -> None:
    """Cancel loops until all are over.

    Asking once is not enough: a wait inside a vendor's client can swallow the cancel that arrives together with what
    it waited for, and the loop goes on.
    """
    pending = set(loops)
    while pending:
        for loop in pending:
            loop.cancel()
        _, pending = await asyncio.wait(pending, timeout=CANCEL_AGAIN)


def _ended(loop: asyncio.Task[None]) -> None:
    if not loop.cancelled() and (error := loop.exception()) is not None:
        log.critical("loop.died", loop=loop.get_name(), exc_info=error)


async def _forever(work: Callable[[], Awaitable[None]]) -> None:
    """Keep a loop alive through outages of Redis."""
    while True:
        try:
            await work()
        except (RedisError, NothingRecorded, TimeoutError, OSError) as error:
            log.warning("loop.waits_for_redis", error=type(error).__name__)
            await asyncio.sleep(RECONNECT)


async def _follow(feed: Feed, ports: Ports) -> None:
    await feed.prepare()
    async for entries in feed.entries():
        for entry in entries:
            await _react(feed, entry, ports)


async def _react(feed: Feed, entry: Entry, ports: Ports) -> None:
    if entry.kind not in reactions.REACTIONS:
        # Written by a newer version in a rolling deploy: one of its workers takes the entry over.
        log.warning("feed.unknown_kind", kind=entry.kind, stream=entry.stream)
        return
    await reactions.start(ports, entry.kind, entry.stream, entry.version)
    await feed.confirm(entry)


async def _sweep(ports: Ports) -> None:
    while True:
        await reactions.sweep(ports)
        await asyncio.sleep(SWEEP_EVERY)
