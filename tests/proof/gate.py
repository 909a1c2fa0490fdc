"""Kills a process at a chosen step of its work: what it says to its servers passes a gate that listens for a word.

A trap is a list of moments on the wire. At the last one the process behind the gate that heard it is killed, either
before the server hears of it, or after the server has done it and before the process knows.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field

CHUNK = 65536
Dial = Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]


@dataclass(frozen=True)
class Moment:
    """A request that is recognised by its bytes; `answered` waits until the server's answer is there."""

    request: bytes
    answered: bool = False


@dataclass
class Trap:
    """The moments still to come; `sprung` once the last one was reached."""

    moments: list[Moment] = field(default_factory=list)
    sprung: asyncio.Event = field(default_factory=asyncio.Event)

    def set(self, *moments: Moment) -> None:
        self.moments = list(moments)
        self.sprung.clear()

    def heard(self, said: bytes) -> Moment | None:
        """The last moment, if these bytes are it; an earlier one is only ticked off."""
        if not self.moments or not re.search(self.moments[0].request, said, re.DOTALL):
            return None
        moment = self.moments.pop(0)
        return None if self.moments else moment


class Gate:
    """Stands before one server of one process."""

    def __init__(self, trap: Trap, dial: Dial, kill: Callable[[], None]) -> None:
        self.port = 0
        self._trap = trap
        self._dial = dial
        self._kill = kill
        self._open: dict[asyncio.StreamWriter, asyncio.Task[None] | None] = {}
        self._far: set[asyncio.StreamWriter] = set()

    async def serve(self, near_reader: asyncio.StreamReader, near: asyncio.StreamWriter) -> None:
        self._open[near] = asyncio.current_task()
        try:
            with closing(near):
                far_reader, far = await self._dial()
                self._far.add(far)
                awaited = asyncio.Event()
                with closing(far):
                    async with asyncio.TaskGroup() as directions:
                        directions.create_task(self._forth(near_reader, far, awaited))
                        directions.create_task(self._back(far_reader, near, awaited))
                self._far.discard(far)
        except OSError:
            near.transport.abort()
        finally:
            del self._open[near]

    def cut(self) -> None:
        """Tell the server at once that the process is gone: it must not hand it any more work."""
        for far in self._far:
            far.transport.abort()

    async def close(self) -> None:
        self.cut()
        for near in self._open:
            near.transport.abort()
        await asyncio.gather(*(task for task in self._open.values() if task))

    async def _forth(self, near: asyncio.StreamReader, far: asyncio.StreamWriter, awaited: asyncio.Event) -> None:
        said = b""
        while chunk := await _read(near):
            said = (said + chunk)[-CHUNK:]
            if moment := self._trap.heard(said):
                if not moment.answered:
                    self._spring()
                    break
                awaited.set()
            far.write(chunk)
        far.close()

    async def _back(self, far: asyncio.StreamReader, near: asyncio.StreamWriter, awaited: asyncio.Event) -> None:
        while chunk := await _read(far):
            if awaited.is_set():
                self._spring()
                break
            near.write(chunk)
        near.close()

    def _spring(self) -> None:
        self._kill()
        self._trap.sprung.set()


async def _read(source: asyncio.StreamReader) -> bytes:
    try:
        return await source.read(CHUNK)
    except OSError:
        return b""


@asynccontextmanager
async def gated(trap: Trap, dial: Dial, kill: Callable[[], None]) -> AsyncIterator[Gate]:
    """A gate on a free loopback port."""
    gate = Gate(trap, dial, kill)
    server = await asyncio.start_server(gate.serve, "127.0.0.1", 0)
    try:
        gate.port = server.sockets[0].getsockname()[1]
        yield gate
    finally:
        server.close()
        await gate.close()
