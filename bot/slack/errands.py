"""Work that goes on after an acknowledgement, known by name, so that a stop can wait for it."""

import asyncio
from collections.abc import Coroutine

import structlog

log = structlog.get_logger()


class Errands:
    """Background tasks of this process; nothing that must survive a crash belongs here."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[None]] = set()

    def start(self, errand: Coroutine[None, None, None]) -> None:
        """Run something in the background."""
        task = asyncio.create_task(errand)
        self._running.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("errand.failed", exc_info=error)

    async def drain(self, limit: float) -> None:
        """Wait up to `limit` seconds for what is running, then cancel the rest."""
        if not self._running:
            return
        _, late = await asyncio.wait(self._running, timeout=limit)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
