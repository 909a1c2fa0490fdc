"""A change that is sent once: when its answer is lost, the object is looked at instead, never sent again."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from bot.core.errors import TargetError, TimedOut, Unreachable
from bot.providers.kubernetes.cluster import Document
from bot.providers.kubernetes.pauses import after_a_lost_answer
from bot.providers.kubernetes.template_change import unknown_outcome

Step = Callable[[], Awaitable[Document]]


async def once(name: str, send: Step, look: Step, is_made: Callable[[Document], bool]) -> Document:
    """The object with the change made; raises TargetError where it was not, or where nobody knows."""
    try:
        return await send()
    except (Unreachable, TimedOut) as error:
        seen = None
        for pause in after_a_lost_answer():
            await asyncio.sleep(pause)
            with suppress(Unreachable, TimedOut):
                seen = await look()
            if seen and is_made(seen):
                return seen
        if seen is None:
            raise unknown_outcome(name) from error
        raise TargetError(
            "The connection broke while the change of {name} was sent. Looked at again, it is as it was.", name=name
        ) from error
