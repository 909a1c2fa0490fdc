"""How many tasks a service should run."""

from typing import Self

from pydantic import Field, model_validator

from bot.core.errors import TargetError
from bot.core.operation import Change, Progress
from bot.core.preview import Line, Preview
from bot.core.text import Text, say
from bot.providers.aws.account import Account, opened
from bot.providers.aws.ecs.following import FOLLOW_LIMIT, LIMIT, follow, update_once
from bot.providers.aws.ecs.services import Address, Named, Service, service_of
from bot.providers.aws.ecs.shown import require_as_shown, require_changeable, state_of


class Count(Named):
    """How many; `min` and `max` are what the catalog allows."""

    count: int = Field(ge=0, le=1000)
    min: int = Field(1, ge=0)
    max: int = Field(ge=1, le=1000)

    @model_validator(mode="after")
    def _is_a_range(self) -> Self:
        if self.min > self.max:
            raise ValueError("min must not be above max")
        return self


async def _preview(address: Address, wanted: Count) -> Preview:
    async with opened(address) as account:
        service = await service_of(account, address, wanted.service)
        _require_allowed(service, wanted)
        await _require_not_scaled(account, address, service)
    present = service.desired
    return Preview(
        lines=(Line(say("tasks"), str(present), str(wanted.count)),),
        state={**state_of(service), "desired": str(present)},
        arguments=_arguments(wanted),
        warnings=_warnings(service, wanted),
        # The range is widened: what is there now must be reachable again.
        undo={
            **_arguments(wanted),
            "count": str(present),
            "min": str(min(wanted.min, present)),
            "max": str(max(wanted.max, present)),
        },
    )


async def _execute(address: Address, wanted: Count, preview: Preview, progress: Progress) -> Text:
    async with opened(address) as account:
        service = await service_of(account, address, wanted.service)
        require_as_shown(service, preview, desired=str(service.desired))
        count = int(preview.arguments["count"])
        deployment = await update_once(
            account, address, service, lambda seen: seen.desired == count, desiredCount=count
        )
        after = await follow(account, address, (service.name, deployment, count), FOLLOW_LIMIT, progress)
    return say("{service} runs {count} tasks", service=after.name, count=after.running)


def _arguments(wanted: Count) -> dict[str, str]:
    return {
        "service": wanted.service,
        "count": str(wanted.count),
        "min": str(wanted.min),
        "max": str(wanted.max),
    }


def _require_allowed(service: Service, wanted: Count) -> None:
    require_changeable(service)
    if service.strategy == "DAEMON":
        raise TargetError("{service} runs one task on every machine; it has no count to set.", service=service.name)
    if not wanted.min <= wanted.count <= wanted.max:
        raise TargetError(
            "{service} may run {min} to {max} tasks, not {count}.",
            service=service.name,
            min=wanted.min,
            max=wanted.max,
            count=wanted.count,
        )
    if service.desired == wanted.count:
        raise TargetError("{service} is set to {count} tasks already.", service=service.name, count=wanted.count)


async def _require_not_scaled(account: Account, address: Address, service: Service) -> None:
    """An autoscaler would set the count back within minutes."""
    answer = await account.ask(
        "application-autoscaling",
        "describe_scalable_targets",
        ServiceNamespace="ecs",
        ResourceIds=[f"service/{address.cluster}/{service.name}"],
        ScalableDimension="ecs:service:DesiredCount",
    )
    for target in answer.get("ScalableTargets", []):
        raise TargetError(
            "An autoscaler owns the count of {service} ({min} to {max} tasks) and would set it back. Change its "
            "limits.",
            service=service.name,
            min=int(target.get("MinCapacity", 0)),
            max=int(target.get("MaxCapacity", 0)),
        )


def _warnings(service: Service, wanted: Count) -> tuple[Text, ...]:
    if wanted.count < service.desired:
        stopped = service.desired - wanted.count
        return (say("{stopped} running tasks are stopped; what they are doing has to end in time.", stopped=stopped),)
    if service.is_rolling:
        return (say("A deployment of {service} is still running.", service=service.name),)
    return ()


DESIRED_COUNT = Change("ecs.desired_count", Address, Count, LIMIT, _preview, _execute)
