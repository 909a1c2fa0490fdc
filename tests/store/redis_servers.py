"""Real redis-servers on loopback, which a test may pause, kill and start again; and a wire that holds and loses."""

import asyncio
import signal
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TypeVar

from redis.asyncio import Redis
from redis.exceptions import RedisError

from bot.core.errors import NothingRecorded
from bot.store.connect import Client
from bot.store.embedded import find_binary
from tests.ports import free_port

T = TypeVar("T")
PATIENCE = 40.0
SLOTS = 16384


class Server:
    """A redis-server that keeps its port and its files from one start to the next."""

    def __init__(self, port: int, arguments: list[str]) -> None:
        self.port = port
        self._arguments = arguments
        self._started: Process | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    async def start(self) -> None:
        self._started = await asyncio.create_subprocess_exec(find_binary(), *self._arguments, stdout=DEVNULL)
        async with Redis(port=self.port) as client:
            await answered(client.ping)

    def pause(self) -> None:
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    async def kill(self) -> None:
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()

    @property
    def _process(self) -> Process:
        assert self._started is not None, "this server was never started"
        return self._started


@asynccontextmanager
async def running(folder: Path, *options: str) -> AsyncIterator[Server]:
    async with _started(_plain(folder, options)) as server:
        yield server


def _plain(folder: Path, options: tuple[str, ...]) -> Server:
    folder.mkdir(parents=True)
    port = free_port()
    fixed = [
        *("--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", ""),
        *("--appendonly", "yes", "--appendfsync", "always", "--repl-diskless-sync-delay", "0"),
    ]
    return Server(port, [*fixed, *options])


@asynccontextmanager
async def _started(server: Server) -> AsyncIterator[Server]:
    try:
        await server.start()
        yield server
    finally:
        await server.kill()


@asynccontextmanager
async def master_and_replica(folder: Path) -> AsyncIterator[tuple[Server, Server]]:
    """A master, and a replica that has everything the master has."""
    async with AsyncExitStack() as stack:
        master = await stack.enter_async_context(running(folder / "master"))
        follow = ("--replicaof", f"127.0.0.1 {master.port}")
        replica = await stack.enter_async_context(running(folder / "replica", *follow))
        async with Redis(port=master.port) as client:
            await until(partial(_is_in_step, client))
        yield master, replica


async def _is_in_step(master: Client) -> bool:
    """Whether the replica has something that was just said; before its first answer, offsets only look alike."""
    pipe = master.pipeline(transaction=False)
    pipe.publish("probe", "replicated, and leaves no key behind")
    pipe.execute_command("WAIT", 1, 500)
    _, replicas = await pipe.execute()
    return bool(replicas)


@asynccontextmanager
async def sentinels(folder: Path, master: Server) -> AsyncIterator[str]:
    """Three sentinels that know the master, its replica and each other; the URL of the service `mymaster`."""
    async with AsyncExitStack() as stack:
        places = [folder / f"sentinel{number}" for number in range(3)]
        watchers = [await stack.enter_async_context(_started(_sentinel(place, master))) for place in places]
        for watcher in watchers:
            async with Redis(port=watcher.port, decode_responses=True) as client:
                await until(partial(_knows_all, client))
        yield f"redis+sentinel://{','.join(f'127.0.0.1:{watcher.port}' for watcher in watchers)}/mymaster/0"


def _sentinel(folder: Path, master: Server) -> Server:
    folder.mkdir()
    port = free_port()
    conf = folder / "sentinel.conf"  # a sentinel rewrites its own
    conf.write_text(
        f"port {port}\nbind 127.0.0.1\ndir {folder}\n"
        f"sentinel monitor mymaster 127.0.0.1 {master.port} 2\n"
        "sentinel down-after-milliseconds mymaster 1000\nsentinel failover-timeout mymaster 5000\n"
    )
    return Server(port, [str(conf), "--sentinel"])


async def _knows_all(sentinel: Client) -> bool:
    state = await sentinel.execute_command("SENTINEL", "MASTER", "mymaster")
    return int(state["num-other-sentinels"]) == 2 and int(state["num-slaves"]) == 1


@asynccontextmanager
async def cluster(folder: Path) -> AsyncIterator[list[Server]]:
    """Three masters that share the slots; nothing is replicated."""
    async with AsyncExitStack() as stack:
        nodes: list[Server] = []
        clients: list[Client] = []
        for number in range(3):
            bus = free_port()
            options = ("--cluster-enabled", "yes", "--cluster-port", str(bus), "--cluster-node-timeout", "2000")
            nodes.append(await stack.enter_async_context(running(folder / f"node{number}", *options)))
            clients.append(await stack.enter_async_context(Redis(port=nodes[-1].port, decode_responses=True)))
            first, last = number * SLOTS // 3, (number + 1) * SLOTS // 3 - 1
            await clients[-1].execute_command("CLUSTER ADDSLOTSRANGE", first, last)
            await clients[0].execute_command("CLUSTER MEET", "127.0.0.1", nodes[-1].port, bus)
        for client in clients:
            await until(partial(_is_whole, client))
        yield nodes


async def _is_whole(node: Client) -> bool:
    info = await node.execute_command("CLUSTER INFO")
    return bool(info["cluster_state"] == "ok" and info["cluster_known_nodes"] == "3")


class Wire:
    """A TCP proxy in front of a Redis; requests with certain bytes in them are held, or lose their answer once."""

    def __init__(self, port: int) -> None:
        self.port = 0
        self.answers = 0
        self.kept_back = 0
        self._redis_port = port
        self._held: dict[bytes, asyncio.Event] = {}
        self._lost: dict[bytes, bool] = {}

    def hold(self, request: bytes) -> asyncio.Event:
        """Keep such requests back until the event is set; they then arrive, even if nobody waits any more."""
        self._held[request] = asyncio.Event()
        return self._held[request]

    def lose_answer(self, request: bytes, *, silently: bool = False) -> None:
        """Let the next such request arrive, and break the connection (or go on in silence) instead of answering."""
        self._lost[request] = silently

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Wire"]:
        listener = await asyncio.start_server(self._join, "127.0.0.1", 0)
        self.port = listener.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            listener.close()

    async def _join(self, caller: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        answer, redis = await asyncio.open_connection("127.0.0.1", self._redis_port)
        doom: list[bool] = []
        answers = asyncio.create_task(self._bring_back(answer, back, doom))
        with suppress(ConnectionError):
            while request := await caller.read(65536):
                for held in [self._held[held] for held in self._held if held in request]:
                    self.kept_back += 1
                    await held.wait()
                doom += [self._lost.pop(lost) for lost in list(self._lost) if lost in request]
                redis.write(request)
            redis.write_eof()
            await answers
        answers.cancel()
        redis.close()
        back.close()

    async def _bring_back(self, answer: asyncio.StreamReader, back: asyncio.StreamWriter, doom: list[bool]) -> None:
        while reply := await answer.read(65536):
            self.answers += 1
            if not doom:
                back.write(reply)
            elif not doom[0]:
                back.transport.abort()
                return


async def until(condition: Callable[[], Awaitable[bool]], within: float = PATIENCE) -> None:
    async with asyncio.timeout(within):
        while not await condition():  # noqa: ASYNC110 - servers change without telling us
            await asyncio.sleep(0.02)


async def answered(ask: Callable[[], Awaitable[T]], within: float = PATIENCE) -> T:
    """What a server says once it answers at all."""
    async with asyncio.timeout(within):
        while True:
            try:
                return await ask()
            except (RedisError, NothingRecorded):
                await asyncio.sleep(0.02)
