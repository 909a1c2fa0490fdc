"""The steps of making, naming and removing containers: each sent once, and looked up when its answer is lost."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Final

from bot.core.errors import TargetError
from bot.providers.docker.anatomy import Container, inspect
from bot.providers.docker.engine import Document, Engine, Missing
from bot.providers.docker.following import once

GRACE_S: Final = 10  # seconds that a container has to end by itself


async def make(engine: Engine, name: str, request: Document, networks: Mapping[str, Document]) -> Container:
    """Create a container and join its further networks; one that cannot be completed is removed again."""

    async def is_there() -> bool:
        return not await is_gone(engine, name)

    await once(lambda: engine.send("/containers/create", {"name": name}, request), is_there, "create")
    made = await inspect(engine, name)
    try:
        for network, endpoint in list(networks.items())[1:]:
            await engine.send(f"/networks/{network}/connect", body={"Container": made.id, "EndpointConfig": endpoint})
    except TargetError:
        await remove(engine, made.id)
        raise
    return made


async def start(engine: Engine, container: str) -> None:
    """Start it."""
    await once(
        lambda: engine.send(f"/containers/{container}/start"),
        _seen(engine, container, lambda now: now.is_running),
        "start",
    )


async def stop(engine: Engine, container: str, grace_s: int = GRACE_S) -> None:
    """Let it end by itself, or kill it after the grace."""
    await once(
        lambda: engine.send(f"/containers/{container}/stop", {"t": str(grace_s)}, limit=grace_s + 15.0),
        _seen(engine, container, lambda now: not now.state["Running"]),
        "stop",
    )


async def rename(engine: Engine, container: str, name: str) -> None:
    """Give it another name."""
    await once(
        lambda: engine.send(f"/containers/{container}/rename", {"name": name}),
        _seen(engine, container, lambda now: now.name == name),
        "rename",
    )


async def remove(engine: Engine, container: str) -> None:
    """Remove it, but none of its volumes."""
    await once(
        lambda: engine.delete(f"/containers/{container}", {"force": "true", "v": "false"}),
        partial(is_gone, engine, container),
        "remove",
    )


async def is_gone(engine: Engine, container: str) -> bool:
    """Whether there is no container of this name or id."""
    try:
        await inspect(engine, container)
    except Missing:
        return True
    return False


def _seen(engine: Engine, container: str, holds: Callable[[Container], bool]) -> Callable[[], Awaitable[bool]]:
    async def look() -> bool:
        return holds(await inspect(engine, container))

    return look
