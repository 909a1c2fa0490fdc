"""Sending one change to a service and following it until ECS says that it is done, or cannot be."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Final

from bot.core.errors import TargetError, TimedOut, Unreachable
from bot.core.operation import Progress
from bot.core.text import say
from bot.providers.aws.account import Account
from bot.providers.aws.again import look_again
from bot.providers.aws.ecs.services import Address, Deployment, Service, service_from, service_of

LIMIT: Final = 900.0
FOLLOW_LIMIT: Final = 870.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0


async def update_once(
    account: Account, address: Address, before: Service, is_done: Callable[[Service], bool], **changes: object
) -> str:
    """Send one UpdateService; the id of the deployment that now leads.

    When the answer is lost the service is read, never sent to again; `is_done` knows our change when it sees it.
    """
    try:
        answer = await account.ask("ecs", "update_service", cluster=address.cluster, service=before.name, **changes)
        after = service_from(answer["service"])
    except (Unreachable, TimedOut) as error:
        after = await _seen(account, address, before, is_done, error)
    if after.primary is None:
        raise TargetError("{service} was changed, but ECS tells no deployment of it.", service=before.name)
    return after.primary.id


async def follow(
    account: Account, address: Address, wanted: tuple[str, str, int], limit: float, progress: Progress
) -> Service:
    """The service once it is steady; `wanted` is its name, the deployment to follow and how many tasks there must be.

    ECS calls a deployment complete when its tasks are healthy and the old ones are gone, which can take minutes.
    """
    name, deployment, count = wanted
    told: tuple[int, int, int] | None = None
    ours: Deployment | None = None
    try:
        async with asyncio.timeout(limit):
            for pause in _pauses():
                await asyncio.sleep(pause)
                service = await _look(account, address, name)
                if service is None:
                    continue
                ours = _require_hope(service, deployment, count)
                if (ours.running, ours.pending, ours.failed) != told:
                    told = (ours.running, ours.pending, ours.failed)
                    await progress(
                        say(
                            "{running} of {desired} tasks of {service} run {task_definition}, {pending} starting, "
                            "{failed} failed",
                            running=ours.running,
                            desired=count,
                            service=name,
                            task_definition=ours.task_definition,
                            pending=ours.pending,
                            failed=ours.failed,
                        )
                    )
                if service.is_steady and service.desired == count:
                    return service
    except TimeoutError as error:
        raise _late(name, ours, count, limit) from error
    raise AssertionError("the pauses never end")


def _pauses() -> Iterator[float]:
    pause = _FIRST_PAUSE
    while True:
        yield pause
        pause = min(1.5 * pause, _LONGEST_PAUSE)


async def _look(account: Account, address: Address, name: str) -> Service | None:
    try:
        return await service_of(account, address, name)
    except (TimedOut, Unreachable):
        return None


def _require_hope(service: Service, deployment: str, count: int) -> Deployment:
    ours = next((one for one in service.deployments if one.id == deployment), None)
    if ours is not None and ours.state == "FAILED":
        raise TargetError(
            "The change of {service} was accepted, but its new tasks do not start: {failed} failed, and ECS gave up. "
            "It runs {present} now. {reason}",
            service=service.name,
            failed=ours.failed,
            present=service.primary.task_definition if service.primary else service.task_definition,
            reason=ours.reason or (service.events[0].message if service.events else ""),
        )
    if ours is None or ours.status != "PRIMARY" or service.desired != count:
        raise TargetError(
            "The change of {service} was accepted, then something else changed it again: it runs {present}, "
            "{desired} tasks wanted.",
            service=service.name,
            present=service.primary.task_definition if service.primary else service.task_definition,
            desired=service.desired,
        )
    return ours


def _late(name: str, ours: Deployment | None, count: int, limit: float) -> TimedOut:
    return TimedOut(
        "The change of {service} was accepted, but after {minutes} min it is not complete: {running} of {desired} "
        "tasks run, {failed} failed. Look at the events of the service.",
        service=name,
        minutes=round(limit / 60, 1),
        running=ours.running if ours else 0,
        desired=count,
        failed=ours.failed if ours else 0,
    )


async def _seen(
    account: Account, address: Address, before: Service, is_done: Callable[[Service], bool], error: TargetError
) -> Service:
    seen = await look_again(lambda: service_of(account, address, before.name), is_done)
    if seen is None:
        raise Unreachable(
            "The connection broke while the change of {service} was sent; whether it was made is not known. "
            "Look at the service before anybody tries again.",
            service=before.name,
        ) from error
    if not is_done(seen):
        raise TargetError(
            "The connection broke while the change of {service} was sent. Looked at again, it is unchanged: {present}, "
            "{desired} tasks.",
            service=before.name,
            present=seen.task_definition,
            desired=seen.desired,
        ) from error
    return seen
