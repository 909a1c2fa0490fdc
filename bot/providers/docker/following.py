"""Sending a change once, and following a container until it is up or cannot be."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic

from bot.core.errors import TargetError, TimedOut, Unreachable
from bot.core.operation import Progress
from bot.core.text import say
from bot.providers.docker import words
from bot.providers.docker.anatomy import Container, inspect
from bot.providers.docker.engine import Engine

_LOOKS, _PAUSE = 20, 0.25


async def once(step: Callable[[], Awaitable[object]], is_done: Callable[[], Awaitable[bool]], what: str) -> None:
    """Take a step; when its answer is lost, look whether it was taken instead of taking it again."""
    try:
        await step()
    except (Unreachable, TimedOut) as error:
        for _ in range(_LOOKS):
            with suppress(Unreachable, TimedOut):
                if await is_done():
                    return
            await asyncio.sleep(_PAUSE)
        raise Unreachable(
            "The connection to Docker broke at the step `{step}`, and it cannot be seen to have been taken. "
            "Look at `docker ps --all` before anybody tries again.",
            step=what,
        ) from error


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for a container, and how long one without a health check has to run; in seconds."""

    limit: float
    steady: float


async def follow(engine: Engine, name: str, patience: Patience, progress: Progress) -> Container:
    """The container once it is up: healthy where it has a health check, otherwise running steadily."""
    told, seen, began = "", None, {"": 0.0}
    try:
        async with asyncio.timeout(patience.limit):
            while True:
                if container := await _look(engine, name):
                    seen = container
                    _require_hope(container)
                    # By our own clock: the engine's has whole seconds only.
                    first_seen = began.setdefault(container.state["StartedAt"], monotonic())
                    if _is_up(container, monotonic() - first_seen >= patience.steady):
                        return container
                    standing = container.health or str(container.state["Status"])
                    if standing != told:
                        told = standing
                        await progress(say("{name} is {state}", name=container.name, state=words.told(standing)))
                await asyncio.sleep(_PAUSE)
    except TimeoutError as error:
        raise TimedOut(
            "{name} was started, but after {seconds} s it is not up: {state}.",
            name=seen.name if seen else name,
            seconds=f"{patience.limit:g}",
            state=words.told(told or "?"),
        ) from error


async def _look(engine: Engine, name: str) -> Container | None:
    """None while the engine does not answer: that says nothing about the container."""
    try:
        return await inspect(engine, name)
    except (Unreachable, TimedOut):
        return None


def _is_up(container: Container, is_steady: bool) -> bool:
    if not container.is_running:
        return False
    return container.health == "healthy" if container.health else is_steady


def _require_hope(container: Container) -> None:
    state = container.state
    if state["Status"] in {"exited", "dead"} and not container.is_looping:
        raise TargetError(
            "{name} was started and ended again at once, exit code {code}. Its logs say why.",
            name=container.name,
            code=int(state["ExitCode"]),
        )
    if container.health == "unhealthy":
        raise TargetError("{name} was started, but its health check fails.", name=container.name)
    if container.restarts > 0 and container.is_looping:
        raise TargetError("{name} was started, but ends again and again. Its logs say why.", name=container.name)
