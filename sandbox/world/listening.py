"""Serves an aiohttp application on the loopback interface."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

_PATIENCE_AT_CLOSE = 0.2


@asynccontextmanager
async def listen(app: web.Application, port: int = 0) -> AsyncIterator[str]:
    """The address of the running server; port 0 takes a free one."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=_PATIENCE_AT_CLOSE, handler_cancellation=True)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        host, bound_port = runner.addresses[0][:2]
        yield f"http://{host}:{bound_port}"
    finally:
        await runner.cleanup()
