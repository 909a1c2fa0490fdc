"""Replacing a container by a new one of its name; the old one returns when the new one fails."""

from collections.abc import Iterable
from typing import Final, NoReturn

from bot.core.errors import TargetError
from bot.core.operation import Progress
from bot.core.redaction import mask
from bot.core.text import Text, say
from bot.providers.docker.anatomy import Container, inspect
from bot.providers.docker.blueprint import anonymous_volumes, has_fixed_address, networks_of, require_own
from bot.providers.docker.engine import Document, Engine
from bot.providers.docker.following import Patience, follow
from bot.providers.docker.steps import is_gone, make, remove, rename, start, stop

LIMIT: Final = 240.0
_FOLLOW_LIMIT: Final = 120.0
_NEW, _OLD = "-plantao-new", "-plantao-old"
_SHOWN: Final = 5


async def require_replaceable(engine: Engine, container: Container) -> None:
    """Raise TargetError where a new container could not take the place of this one, and give it back."""
    require_own(container)
    if container.state["Status"] not in {"running", "restarting", "exited"}:
        raise TargetError("{name} is not running; start it or look at it first.", name=container.name)
    for left in (f"{container.name}{_OLD}", f"{container.name}{_NEW}"):
        if not await is_gone(engine, left):
            raise TargetError("An earlier attempt left the container {name}; a person has to look at it.", name=left)
    if has_fixed_address(container):
        raise TargetError(
            "{name} has a fixed address in its network; Compose has to make it again.", name=container.name
        )


async def replace_with(engine: Engine, old: Container, request: Document, steady: float, progress: Progress) -> None:
    """Make the new one, let it take the place, and follow it until it is up."""
    made = await make(engine, f"{old.name}{_NEW}", request, networks_of(old))
    try:
        await _swap(engine, old, made)
        await follow(engine, made.id, Patience(_FOLLOW_LIMIT, steady), progress)
    except TargetError as error:
        await _give_back(engine, old, made, error)
    try:
        await remove(engine, old.id)
    except TargetError as error:
        raise TargetError(
            "{name} was made again and is up, but the old container could not be removed: {reason} It lies there as "
            "{left}.",
            name=old.name,
            reason=error.text,
            left=f"{old.name}{_OLD}",
        ) from error


async def cautions(engine: Engine, container: Container) -> list[Text]:
    """What replacing it costs."""
    written = [str(item["Path"]) for item in await engine.get(f"/containers/{container.id}/changes") or []]
    found = [
        say("It is down for the time that it takes to stop and to start.")
        if container.is_running
        else say("It does not run now; the new one is started.")
    ]
    if lost := _lost(container, written):
        found.append(
            say(
                "What was written inside it, outside of volumes, is lost: {paths} ({count} in all).",
                paths=", ".join(mask(path) for path in lost[:_SHOWN]),
                count=len(lost),
            )
        )
    if places := [place for _, place in anonymous_volumes(container)]:
        found.append(say("The nameless volumes at {places} are kept and mounted again.", places=", ".join(places)))
    return found


def _lost(container: Container, written: Iterable[str]) -> list[str]:
    mounts = {str(mount["Destination"]) for mount in container.document.get("Mounts") or ()}
    return sorted(
        path for path in written if not any(path == place or place.startswith(f"{path}/") for place in mounts)
    )


async def _swap(engine: Engine, old: Container, made: Container) -> None:
    """Stop the old one before the new one starts: they may share ports and files."""
    await stop(engine, old.id)
    await rename(engine, old.id, f"{old.name}{_OLD}")
    await rename(engine, made.id, old.name)
    await start(engine, made.id)


async def _give_back(engine: Engine, old: Container, made: Container, error: TargetError) -> NoReturn:
    try:
        await _swap_back(engine, old, made)
    except TargetError as worse:
        raise TargetError(
            "{reason} The old container could not be put back: {why} Look for {name} and {left} in `docker ps --all`.",
            reason=error.text,
            why=worse.text,
            name=old.name,
            left=f"{old.name}{_OLD}",
        ) from error
    back = (
        say("The old container runs again, unchanged.")
        if old.is_running
        else say("The old container is back as it was.")
    )
    try:
        await remove(engine, made.id)
    except TargetError as left:
        raise TargetError(
            "{reason} {back} The new one could not be removed: {why} It lies there as {left}.",
            reason=error.text,
            back=back,
            why=left.text,
            left=f"{old.name}{_NEW}",
        ) from error
    raise TargetError("{reason} {back}", reason=error.text, back=back) from error


async def _swap_back(engine: Engine, old: Container, made: Container) -> None:
    """What serves comes first: the new one only makes room."""
    await stop(engine, made.id)
    for container, name in ((made, f"{old.name}{_NEW}"), (old, old.name)):
        if (await inspect(engine, container.id)).name != name:
            await rename(engine, container.id, name)
    if old.state["Running"]:  # one that waits for its next restart is called running too
        await start(engine, old.id)
