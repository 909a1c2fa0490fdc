"""Messages that wait for their time, by the sandbox's clock."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from .clock import Clock
from .conversations import Channel
from .draft import Draft


@dataclass(frozen=True)
class Scheduled:
    """One message with the moment it goes out."""

    id: str
    channel: Channel
    post_at: int
    draft: Draft
    created: int


class Schedule:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waiting: dict[str, tuple[Scheduled, asyncio.Task[None]]] = {}

    def add(self, scheduled: Scheduled, post: Callable[[Scheduled], None]) -> None:
        """Post it when its time has come."""
        task = asyncio.get_running_loop().create_task(self._later(scheduled, post))
        self._waiting[scheduled.id] = (scheduled, task)

    def drop(self, scheduled_id: str) -> Scheduled | None:
        """Take one back; None when it went out, or never was."""
        scheduled, task = self._waiting.pop(scheduled_id, (None, None))
        if task is not None:
            task.cancel()
        return scheduled

    def find(self, scheduled_id: str) -> Scheduled | None:
        scheduled, _ = self._waiting.get(scheduled_id, (None, None))
        return scheduled

    def waiting(self) -> list[Scheduled]:
        return sorted((one for one, _ in self._waiting.values()), key=lambda one: one.post_at)

    async def close(self) -> None:
        tasks = [task for _, task in self._waiting.values()]
        self._waiting.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _later(self, scheduled: Scheduled, post: Callable[[Scheduled], None]) -> None:
        await self._clock.wait_until(scheduled.post_at)
        del self._waiting[scheduled.id]
        post(scheduled)
