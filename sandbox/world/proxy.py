"""A TCP proxy that puts a fault between a client and a server."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from enum import StrEnum

_CHUNK = 65536


class Mode(StrEnum):
    NORMAL = "normal"
    LATENCY = "latency"
    BLACKHOLE = "blackhole"
    """Takes connections and bytes, and lets nothing through."""
    RESET = "reset"
    """Resets every connection, those that are open included."""


class FaultProxy:
    """Listens on a free loopback port; the mode may change while connections are open."""

    def __init__(self, host: str, port: int) -> None:
        self.port = 0
        self.latency_seconds = 0.2
        self._target = (host, port)
        self._mode = Mode.NORMAL
        self._open: set[asyncio.StreamWriter] = set()

    @property
    def mode(self) -> Mode:
        return self._mode

    @mode.setter
    def mode(self, mode: Mode) -> None:
        self._mode = mode
        if mode is Mode.RESET:
            for writer in list(self._open):
                _reset(writer)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._mode is Mode.RESET:
            _reset(writer)
            return
        try:
            far_reader, far_writer = await asyncio.open_connection(*self._target)
        except OSError:
            _reset(writer)
            return
        self._open |= {writer, far_writer}
        with closing(writer), closing(far_writer):
            try:
                async with asyncio.TaskGroup() as directions:
                    directions.create_task(self._relay(reader, far_writer))
                    directions.create_task(self._relay(far_reader, writer))
            finally:
                self._open -= {writer, far_writer}

    async def _relay(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        """Moves bytes one way until either end is gone, then closes the other."""
        try:
            while chunk := await source.read(_CHUNK):
                if self._mode is Mode.BLACKHOLE:
                    continue
                if self._mode is Mode.LATENCY:
                    await asyncio.sleep(self.latency_seconds)
                sink.write(chunk)
                await sink.drain()
        except OSError:
            pass
        finally:
            sink.close()

    def close(self) -> None:
        for writer in list(self._open):
            writer.transport.abort()


def _reset(writer: asyncio.StreamWriter) -> None:
    """Ends a connection with RST instead of FIN."""
    connection = writer.get_extra_info("socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@asynccontextmanager
async def open_proxy(host: str, port: int) -> AsyncIterator[FaultProxy]:
    """A proxy in front of `host:port`, in the mode normal."""
    proxy = FaultProxy(host, port)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        proxy.close()
        server.close()
        await server.wait_closed()
