"""More memory, or less, for the tasks of a service: a new revision of its task definition."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Final

from pydantic import Field

from bot.core.errors import TargetError, TimedOut, Unreachable
from bot.core.operation import Change, Progress
from bot.core.preview import Line, Preview
from bot.core.text import Text, say
from bot.providers.aws.account import Account, Document, opened
from bot.providers.aws.again import look_again
from bot.providers.aws.ecs.following import FOLLOW_LIMIT, LIMIT, follow, update_once
from bot.providers.aws.ecs.services import Address, Named, Service, service_of
from bot.providers.aws.ecs.shown import cautions, require_as_shown, require_changeable, state_of
from bot.providers.aws.ecs.task_definitions import TaskDefinition, task_definition_of

_FARGATE: Final[Mapping[str, tuple[int, ...]]] = {
    "256": (512, 1024, 2048),
    "512": tuple(range(1024, 4096 + 1, 1024)),
    "1024": tuple(range(2048, 8192 + 1, 1024)),
    "2048": tuple(range(4096, 16384 + 1, 1024)),
    "4096": tuple(range(8192, 30720 + 1, 1024)),
    "8192": tuple(range(16384, 61440 + 1, 4096)),
    "16384": tuple(range(32768, 122880 + 1, 8192)),
}
"""MB that Fargate sells for each CPU size (Amazon ECS Developer Guide, "Task CPU and memory")."""


class Memory(Named):
    """How many MB a task may use; `max` is what the catalog allows."""

    mb: int = Field(ge=128, le=122_880)
    max: int = Field(ge=128, le=122_880)


async def _preview(address: Address, wanted: Memory) -> Preview:
    async with opened(address) as account:
        service = await service_of(account, address, wanted.service)
        require_changeable(service)
        present = await task_definition_of(account, service.task_definition)
        newest = await task_definition_of(account, present.family)
    now = _present_mb(present)
    _require_allowed(service, present, now, wanted)
    return Preview(
        lines=(
            Line(say("memory"), f"{now} MB", f"{wanted.mb} MB"),
            Line(say("task definition"), present.name, f"{newest.family}:{newest.revision + 1}"),
        ),
        state={**state_of(service), "newest": newest.name},
        arguments={"service": wanted.service, "mb": str(wanted.mb), "max": str(wanted.max)},
        warnings=(*cautions(service), *_newer(present, newest)),
        undo={"service": wanted.service, "mb": str(now), "max": str(max(wanted.max, now))},
    )


async def _execute(address: Address, wanted: Memory, preview: Preview, progress: Progress) -> Text:
    mb = int(preview.arguments["mb"])
    async with opened(address) as account:
        service = await service_of(account, address, wanted.service)
        present = await task_definition_of(account, service.task_definition)
        newest = await task_definition_of(account, present.family)
        require_as_shown(service, preview, newest=newest.name)
        target = await _register_once(account, present, newest, mb)
        deployment = await update_once(
            account, address, service, lambda seen: seen.task_definition == target, taskDefinition=target
        )
        after = await follow(account, address, (service.name, deployment, service.desired), FOLLOW_LIMIT, progress)
    return say(
        "the tasks of {service} may use {mb} MB now ({task_definition}), {count} run",
        service=after.name,
        mb=mb,
        task_definition=after.task_definition,
        count=after.running,
    )


def _present_mb(present: TaskDefinition) -> int:
    """The limit of the task, or where it has none that of its only container."""
    if present.document.get("memory"):
        return int(present.document["memory"])
    if len(present.containers) == 1 and present.containers[0].get("memory"):
        return int(present.containers[0]["memory"])
    raise TargetError("{name} has no memory limit of the whole task; change its containers by hand.", name=present.name)


def _require_allowed(service: Service, present: TaskDefinition, now: int, wanted: Memory) -> None:
    if wanted.mb > wanted.max:
        raise TargetError("{service} may get at most {max} MB.", service=service.name, max=wanted.max)
    if wanted.mb == now:
        raise TargetError("The tasks of {service} may use {mb} MB already.", service=service.name, mb=now)
    cpu = str(present.document.get("cpu", ""))
    sizes = _FARGATE.get(cpu) if "FARGATE" in (present.document.get("requiresCompatibilities") or []) else None
    if sizes is not None and wanted.mb not in sizes:
        raise TargetError(
            "Fargate has no {mb} MB for {cpu} CPU units. It has {sizes}.",
            mb=wanted.mb,
            cpu=cpu,
            sizes=", ".join(map(str, sizes)),
        )
    if len(present.containers) > 1 and sum(int(one.get("memory") or 0) for one in present.containers) > wanted.mb:
        raise TargetError(
            "The containers of {name} have limits of their own that add up to more than {mb} MB.",
            name=present.name,
            mb=wanted.mb,
        )


def _newer(present: TaskDefinition, newest: TaskDefinition) -> tuple[Text, ...]:
    if present.name == newest.name:
        return ()
    return (
        say(
            "{newest} is registered but not deployed; the change builds on {present}.",
            newest=newest.name,
            present=present.name,
        ),
    )


async def _register_once(account: Account, present: TaskDefinition, newest: TaskDefinition, mb: int) -> str:
    """The name of the new revision; when the answer is lost the newest one is read, never registered again."""
    taken = await account.members("ecs", "RegisterTaskDefinition")
    document = {
        name: value for name, value in _changed(present, mb).items() if name in taken and value not in ([], None)
    }
    try:
        answer = await account.ask("ecs", "register_task_definition", **document)
    except (Unreachable, TimedOut) as error:

        def is_ours(one: TaskDefinition) -> bool:
            return one.revision > newest.revision and _present_mb(one) == mb and one.images == present.images

        seen = await look_again(lambda: task_definition_of(account, present.family), is_ours)
        if seen is not None and is_ours(seen):
            return seen.name
        raise TargetError(
            "The connection broke while the new task definition of {family} was registered. The service is unchanged.",
            family=present.family,
        ) from error
    return f"{present.family}:{answer['taskDefinition']['revision']}"


def _changed(present: TaskDefinition, mb: int) -> Document:
    document = deepcopy(present.document)
    if document.get("memory"):
        document["memory"] = str(mb)
    only = document["containerDefinitions"][0] if len(present.containers) == 1 else {}
    if only.get("memory"):
        only["memory"] = mb
    if int(only.get("memoryReservation") or 0) > mb:
        only["memoryReservation"] = mb
    return document


MEMORY = Change("ecs.memory", Address, Memory, LIMIT, _preview, _execute)
