"""How late this process itself is: a target that could not be heard in time is not a target that did not answer."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

BEAT: Final = 0.05  # seconds


class Pulse:
    """Beats while somebody listens, and adds up how late the beats come: the loop was busy with other things."""

    def __init__(self) -> None:
        self._listening = 0
        self._late = 0.0
        self._due = 0.0
        self._next: asyncio.TimerHandle | None = None

    @contextmanager
    def felt(self) -> Iterator[Callable[[], float]]:
        """Listen during the block; gives a function that tells how many seconds were lost since it began."""
        if not self._listening:
            self._expect()
        self._listening += 1
        before = self._lost()
        try:
            yield lambda: self._lost() - before
        finally:
            self._listening -= 1
            if not self._listening and self._next is not None:
                self._next.cancel()

    def _expect(self) -> None:
        loop = asyncio.get_running_loop()
        self._due = loop.time() + BEAT
        self._next = loop.call_at(self._due, self._beat)

    def _beat(self) -> None:
        self._late = self._lost()
        self._expect()

    def _lost(self) -> float:
        """With the beat that is overdue."""
        return self._late + max(0.0, asyncio.get_running_loop().time() - self._due)
