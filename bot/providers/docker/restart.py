"""Restarting a container, starting a stopped one, stopping one: the container that was shown, by its id."""

from typing import Final

from pydantic import Field

from bot.core.errors import TargetError
from bot.core.operation import Change, Progress
from bot.core.preview import Line, Preview
from bot.core.text import Text, say
from bot.providers.docker.address import Address, Followed, Named
from bot.providers.docker.anatomy import Container, inspect
from bot.providers.docker.engine import Engine, opened
from bot.providers.docker.following import Patience, follow, once
from bot.providers.docker.steps import stop
from bot.providers.docker.words import identity, told, unchanged

_LIMIT: Final = 200.0
_FOLLOW_LIMIT: Final = 120.0


class Start(Named, Followed):
    """Which container."""


class Stop(Named):
    """Which container, and how many seconds it has to end by itself before it is killed."""

    grace_s: int = Field(10, ge=0, le=60)


class Restart(Start, Stop):
    """Which container, and how many seconds it has to end by itself before it is killed."""


async def _preview_restart(address: Address, wanted: Restart) -> Preview:
    async with opened(address) as engine:
        container = await inspect(engine, wanted.name)
    _require_status(container, {"running", "restarting", "exited"})
    return _preview(container, wanted, {"grace_s": str(wanted.grace_s)})


async def _execute_restart(address: Address, wanted: Restart, preview: Preview, progress: Progress) -> Text:
    async with opened(address) as engine:
        before = await as_shown(engine, wanted.name, preview)
        await once(
            lambda: engine.send(
                f"/containers/{before.id}/restart", {"t": str(wanted.grace_s)}, limit=wanted.grace_s + 15.0
            ),
            lambda: _has_new_start(engine, before),
            "restart",
        )
        await follow(engine, before.id, Patience(_FOLLOW_LIMIT, wanted.steady_s), progress)
    return say("{name} was restarted and is up", name=before.name)


async def _preview_start(address: Address, wanted: Start) -> Preview:
    async with opened(address) as engine:
        container = await inspect(engine, wanted.name)
    _require_status(container, {"exited", "created"})
    return _preview(container, wanted, {})


async def _execute_start(address: Address, wanted: Start, preview: Preview, progress: Progress) -> Text:
    async with opened(address) as engine:
        before = await as_shown(engine, wanted.name, preview)
        await once(
            lambda: engine.send(f"/containers/{before.id}/start"), lambda: _has_new_start(engine, before), "start"
        )
        await follow(engine, before.id, Patience(_FOLLOW_LIMIT, wanted.steady_s), progress)
    return say("{name} was started and is up", name=before.name)


async def _preview_stop(address: Address, wanted: Stop) -> Preview:
    async with opened(address) as engine:
        container = await inspect(engine, wanted.name)
    if not container.state["Running"]:
        raise TargetError("{name} does not run.", name=container.name)
    standing = container.standing
    return Preview(
        lines=(
            identity(container),
            Line(say("state"), standing["status"], "exited"),
        ),
        state=standing,
        arguments={"name": container.name, "grace_s": str(wanted.grace_s)},
        warnings=(say("It stays down until somebody starts it again; requests under way will break."),),
    )


async def _execute_stop(address: Address, wanted: Stop, preview: Preview, progress: Progress) -> Text:
    async with opened(address) as engine:
        before = await as_shown(engine, wanted.name, preview)
        await progress(say("stopping {name}", name=before.name))
        await stop(engine, before.id, wanted.grace_s)
        after = await inspect(engine, before.id)
    if after.state["Running"]:
        raise TargetError("{name} was stopped, and runs again: something else starts it.", name=before.name)
    return say("{name} is stopped, exit code {code}", name=before.name, code=int(after.state["ExitCode"]))


async def as_shown(engine: Engine, name: str, preview: Preview) -> Container:
    """The container, if it still looks as it was approved: the API itself cannot compare and set."""
    container = await inspect(engine, name)
    if any(preview.state.get(key) != value for key, value in container.standing.items()):
        raise TargetError("{name} no longer looks as it was shown; nothing was done.", name=name)
    return container


async def _has_new_start(engine: Engine, before: Container) -> bool:
    now = await inspect(engine, before.id)
    return bool(now.state["StartedAt"] != before.state["StartedAt"])


def _require_status(container: Container, allowed: set[str]) -> None:
    status = str(container.state["Status"])
    if status == "running" and status not in allowed:
        raise TargetError("{name} runs already.", name=container.name)
    if status not in allowed:
        raise TargetError(
            "{name} is {state}; that needs a person at the machine.", name=container.name, state=told(status)
        )


def _preview(container: Container, wanted: Start, others: dict[str, str]) -> Preview:
    standing = container.standing
    return Preview(
        lines=(
            identity(container),
            unchanged(say("image"), str(container.config.get("Image", ""))),
            Line(say("state"), standing["status"], "running"),
            unchanged(say("started"), str(container.state.get("StartedAt", ""))[:19] + "Z"),
        ),
        state=standing,
        arguments={"name": container.name, "steady_s": str(wanted.steady_s), **others},
        warnings=tuple(_cautions(container)),
    )


def _cautions(container: Container) -> list[Text]:
    found = []
    if not container.health:
        found.append(say("It has no health check; afterwards it can only be said that it runs."))
    if container.is_looping:
        found.append(say("It restarts again and again already; one more restart may change nothing. See its logs."))
    if container.is_running and container.health == "healthy":
        found.append(say("It is healthy now; requests under way will break."))
    return found


RESTART = Change("docker.restart", Address, Restart, _LIMIT, _preview_restart, _execute_restart)
START = Change("docker.start", Address, Start, _LIMIT, _preview_start, _execute_start)
STOP = Change("docker.stop", Address, Stop, _LIMIT, _preview_stop, _execute_stop)
