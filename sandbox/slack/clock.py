"""Time as the sandbox tells it: the wall clock plus an offset that only grows."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")
Listener = Callable[[float], None]


class Clock:
    """Real time plus an offset; advancing it wakes everybody who waits, so that nobody sleeps through a deadline."""

    def __init__(self) -> None:
        self._offset = 0.0
        self._listeners: list[Listener] = []
        self._waiting: set[asyncio.Future[None]] = set()

    @property
    def offset(self) -> float:
        return self._offset

    def now(self) -> float:
        """Seconds since the epoch."""
        return time.time() + self._offset

    def advance(self, seconds: float) -> None:
        """Move the clock forward, tell the listeners, wake the waiters."""
        if seconds < 0:
            raise ValueError("a clock only moves forward: advance by 0 seconds or more")
        self._offset += seconds
        for listener in tuple(self._listeners):
            listener(seconds)
        for waiter in tuple(self._waiting):
            _wake(waiter)

    def on_advance(self, listener: Listener) -> Callable[[], None]:
        """Call `listener(seconds)` at each advance; the answer is the way to stop it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def wait(self, seconds: float) -> None:
        """Sleep by this clock."""
        await self.wait_until(self.now() + seconds)

    async def wait_until(self, due: float) -> None:
        while (left := due - self.now()) > 0:
            await self._nap(left)

    async def wait_for(self, work: Awaitable[T], seconds: float) -> T:
        """The outcome of `work`, or TimeoutError (and the work cancelled) once `seconds` have passed by this clock."""
        task = asyncio.ensure_future(work)
        alarm = asyncio.ensure_future(self.wait(seconds))
        try:
            await asyncio.wait({task, alarm}, return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                raise TimeoutError(f"no outcome within {seconds:g} s")
            return task.result()
        finally:
            alarm.cancel()
            task.cancel()

    async def _nap(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[None] = loop.create_future()
        self._waiting.add(waiter)
        timer = loop.call_later(seconds, _wake, waiter)
        try:
            await waiter
        finally:
            timer.cancel()
            self._waiting.discard(waiter)


def _wake(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
