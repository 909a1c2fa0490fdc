"""Why tasks stopped: ECS keeps that for about an hour."""

from collections import Counter
from typing import Final

from bot.core.findings import Measurement, Reading
from bot.core.operation import Read
from bot.core.redaction import mask
from bot.core.text import Text, say
from bot.providers.aws.account import LIMIT, Account, Document, opened
from bot.providers.aws.ecs.services import Address, Named, service_of

# What ECS lists or describes in one answer, and how many answers are read.
_PAGE: Final = 100
_PAGES: Final = 10
_SHOWN: Final = 10
_REASON_LIMIT: Final = 200
_KILLED: Final = 137


async def _read(address: Address, wanted: Named) -> Reading:
    async with opened(address) as account:
        await service_of(account, address, wanted.service)
        running = await _tasks(account, address, wanted.service, "RUNNING")
        stopped = await _tasks(account, address, wanted.service, "STOPPED")
    out_of_memory = sum(map(_is_out_of_memory, stopped))
    failed = sum(map(_has_failed, stopped))
    reasons = Counter(_reason(task) for task in stopped).most_common(_SHOWN)
    unhealthy = sum(task.get("healthStatus") == "UNHEALTHY" for task in running)
    return Reading(
        _summary(len(running), len(stopped), reasons),
        (
            Measurement("running", len(running)),
            Measurement("unhealthy", unhealthy),
            Measurement("stopped", len(stopped)),
            Measurement("failed", failed),
            Measurement("oom_killed", out_of_memory),
        ),
        tuple(f"×{times} {reason}" for reason, times in reasons),
    )


async def _tasks(account: Account, address: Address, service: str, status: str) -> list[Document]:
    """At most a thousand of them, a page at a time."""
    wanted = {"cluster": address.cluster, "serviceName": service, "desiredStatus": status, "maxResults": _PAGE}
    found: list[Document] = []
    more: dict[str, str] = {}
    for _ in range(_PAGES):
        listed = await account.ask("ecs", "list_tasks", **wanted, **more)
        if arns := listed.get("taskArns"):
            answer = await account.ask("ecs", "describe_tasks", cluster=address.cluster, tasks=arns)
            found += answer.get("tasks", [])
        if not (token := listed.get("nextToken")):
            break
        more = {"nextToken": token}
    return found


def _is_out_of_memory(task: Document) -> bool:
    return any("OutOfMemory" in str(container.get("reason", "")) for container in task.get("containers", []))


def _has_failed(task: Document) -> bool:
    """Not stopped by a deployment or a smaller count: a container ended with an error, or never started."""
    codes = [container.get("exitCode") for container in task.get("containers", [])]
    return task.get("stopCode") in {"TaskFailedToStart", "EssentialContainerExited"} or any(
        code not in {None, 0, _KILLED, 143} for code in codes
    )


def _reason(task: Document) -> str:
    containers = [
        f"{container.get('name')}: exit {container['exitCode']} {container.get('reason', '')}".strip()
        for container in task.get("containers", [])
        if container.get("exitCode")
    ]
    told = "; ".join([str(task.get("stoppedReason") or "no reason told"), *containers])
    return mask(told)[:_REASON_LIMIT]


def _summary(running: int, stopped: int, reasons: list[tuple[str, int]]) -> Text:
    if not stopped:
        return say("{running} tasks run, none stopped lately", running=running)
    return say(
        "{running} tasks run, {stopped} stopped lately, most often (×{times}): {reason}",
        running=running,
        stopped=stopped,
        times=reasons[0][1],
        reason=reasons[0][0],
    )


TASKS = Read("ecs.tasks", Address, Named, LIMIT, _read)
