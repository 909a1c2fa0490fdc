"""A service as ECS describes it, with its deployments and events."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from pydantic import Field

from bot.core.errors import TargetError
from bot.core.operation import Parameters
from bot.core.redaction import mask
from bot.providers.aws.account import Account, Document
from bot.providers.aws.account import Address as _Account
from bot.providers.aws.refusals import NoSuch

NAME: Final = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,254}$"
_REASON_LIMIT: Final = 200


class Address(_Account):
    """One ECS cluster of an account."""

    cluster: str = Field(pattern=NAME)


class Named(Parameters):
    """Which service."""

    service: str = Field(pattern=NAME)


@dataclass(frozen=True, slots=True)
class Deployment:
    """One rollout of a service; `PRIMARY` is the newest, the others drain."""

    id: str
    status: str
    task_definition: str
    desired: int
    running: int
    pending: int
    failed: int
    state: str
    reason: str


@dataclass(frozen=True, slots=True)
class Event:
    """What ECS says happened to a service, masked."""

    at: datetime
    message: str


@dataclass(frozen=True, slots=True)
class Service:
    """A service now; `deployments` and `events` newest first, task definitions as `family:revision`."""

    name: str
    arn: str
    desired: int
    running: int
    pending: int
    task_definition: str
    controller: str
    strategy: str
    deployments: tuple[Deployment, ...]
    events: tuple[Event, ...]

    @property
    def primary(self) -> Deployment | None:
        return next((one for one in self.deployments if one.status == "PRIMARY"), None)

    @property
    def is_steady(self) -> bool:
        """One deployment, complete, with exactly the tasks that are wanted."""
        primary = self.primary
        return (
            len(self.deployments) == 1
            and primary is not None
            and primary.state in {"COMPLETED", ""}
            and self.running == self.desired
            and not self.pending
        )

    @property
    def is_rolling(self) -> bool:
        return any(one.state == "IN_PROGRESS" for one in self.deployments)


async def service_of(account: Account, address: Address, name: str) -> Service:
    """The service of this name; raises TargetError when the cluster or the service is not there."""
    try:
        answer = await account.ask("ecs", "describe_services", cluster=address.cluster, services=[name])
    except NoSuch as error:
        raise TargetError(
            "There is no ECS cluster {cluster} in {region}.", cluster=address.cluster, region=address.region
        ) from error
    found = next((one for one in answer.get("services", []) if one.get("status") != "INACTIVE"), None)
    if found is None:
        raise TargetError(
            "There is no service {service} in the cluster {cluster}.", service=name, cluster=address.cluster
        )
    return service_from(found)


def require_rolling_update(service: Service) -> None:
    """Refuse what somebody else deploys: CodeDeploy or an own controller would undo or ignore our change."""
    if service.controller != "ECS":
        raise TargetError(
            "{service} is deployed by {controller}, not by ECS itself. Change it there.",
            service=service.name,
            controller=service.controller,
        )


def short(arn: str) -> str:
    """The last part of an ARN: `family:revision`, or the id of a task."""
    return arn.rsplit("/", 1)[-1]


def service_from(told: Document) -> Service:
    """The service out of what AWS answers about it."""
    return Service(
        name=str(told["serviceName"]),
        arn=str(told.get("serviceArn", "")),
        desired=int(told.get("desiredCount", 0)),
        running=int(told.get("runningCount", 0)),
        pending=int(told.get("pendingCount", 0)),
        task_definition=short(str(told.get("taskDefinition", ""))),
        controller=str((told.get("deploymentController") or {}).get("type", "ECS")),
        strategy=str(told.get("schedulingStrategy", "REPLICA")),
        deployments=tuple(_deployment(one) for one in told.get("deployments") or []),
        events=tuple(_event(one) for one in told.get("events") or []),
    )


def _deployment(told: Document) -> Deployment:
    return Deployment(
        id=str(told.get("id", "")),
        status=str(told.get("status", "")),
        task_definition=short(str(told.get("taskDefinition", ""))),
        desired=int(told.get("desiredCount", 0)),
        running=int(told.get("runningCount", 0)),
        pending=int(told.get("pendingCount", 0)),
        failed=int(told.get("failedTasks", 0)),
        state=str(told.get("rolloutState", "")),
        reason=mask(str(told.get("rolloutStateReason", "")))[:_REASON_LIMIT],
    )


def _event(told: Document) -> Event:
    at: Any = told.get("createdAt")
    moment = at.astimezone(UTC) if isinstance(at, datetime) else datetime.fromtimestamp(0, UTC)
    return Event(moment, mask(str(told.get("message", "")))[:_REASON_LIMIT])
