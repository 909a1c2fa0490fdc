"""Whether a service runs as many tasks as it should, and how its last deployment went."""

from typing import Final

from bot.core.findings import Link, Measurement, Reading
from bot.core.operation import Read
from bot.core.text import Text, say
from bot.providers.aws.account import LIMIT, opened
from bot.providers.aws.ecs.services import Address, Deployment, Named, Service, service_of

_EVENTS: Final = 10


async def _read(address: Address, wanted: Named) -> Reading:
    async with opened(address) as account:
        service = await service_of(account, address, wanted.service)
    primary = service.primary
    no_deployment = None if primary else say("ECS tells no deployment of it")
    return Reading(
        _summary(service, primary),
        (
            Measurement("desired", service.desired),
            Measurement("running", service.running),
            Measurement("pending", service.pending),
            _running_percent(service),
            Measurement("steady", service.is_steady),
            Measurement("deployments", len(service.deployments)),
            Measurement("failed_tasks", primary.failed if primary else None, missing=no_deployment),
            Measurement("rollout_state", (primary.state or "COMPLETED") if primary else None, missing=no_deployment),
        ),
        (
            *map(_shown, service.deployments),
            *(f"{one.at:%m-%d %H:%M}Z  {one.message}" for one in service.events[:_EVENTS]),
        ),
        links=_links(address, service),
    )


def _running_percent(service: Service) -> Measurement:
    if not service.desired:
        return Measurement("running_percent", None, "%", say("no task is wanted"))
    return Measurement("running_percent", round(100 * service.running / service.desired, 1), "%")


def _summary(service: Service, primary: Deployment | None) -> Text:
    if service.is_steady:
        return say(
            "{running} of {desired} tasks run {task_definition}, steady",
            running=service.running,
            desired=service.desired,
            task_definition=service.task_definition,
        )
    return say(
        "{running} of {desired} tasks run, {pending} starting; the deployment of {task_definition} is {state}, "
        "{failed} tasks failed in it",
        running=service.running,
        desired=service.desired,
        pending=service.pending,
        task_definition=primary.task_definition if primary else service.task_definition,
        state=(primary.state if primary else "") or "COMPLETED",
        failed=primary.failed if primary else 0,
    )


def _shown(one: Deployment) -> str:
    reason = f"  {one.reason}" if one.reason else ""
    return f"{one.status}  {one.task_definition}  {one.running}/{one.desired}  {one.state}{reason}"


def _links(address: Address, service: Service) -> tuple[Link, ...]:
    if address.endpoint:
        return ()
    url = f"https://{address.region}.console.aws.amazon.com/ecs/v2/clusters/{address.cluster}/services/{service.name}"
    return (Link(say("Service in the AWS console"), url),)


SERVICE = Read("ecs.service", Address, Named, LIMIT, _read)
