"""Looking again after the answer to a change was lost; nothing is sent again."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final, TypeVar

from bot.core.errors import TimedOut, Unreachable

T = TypeVar("T")
_PAUSES: Final = (0.1, 0.2, 0.4, 0.8, 1.6)


async def look_again(look: Callable[[], Awaitable[T]], is_made: Callable[[T], bool]) -> T | None:
    """What is there once the change can be seen, or what was there last; None when nobody can tell.

    A change may arrive after its connection broke, so that the first look proves nothing.
    """
    seen: T | None = None
    for pause in _PAUSES:
        await asyncio.sleep(pause)
        with suppress(Unreachable, TimedOut):
            seen = await look()
            if is_made(seen):
                break
    return seen
