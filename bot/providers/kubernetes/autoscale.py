"""The bounds between which an autoscaler keeps a deployment: changed where there is one, else a new one made."""

from typing import Any, Final

from pydantic import Field

from bot.core.errors import TargetError
from bot.core.operation import Change, Progress
from bot.core.preview import Line, Preview
from bot.core.text import Text, say
from bot.providers.kubernetes.address import Address
from bot.providers.kubernetes.approved import as_approved
from bot.providers.kubernetes.autoscaler import OfDeployment
from bot.providers.kubernetes.autoscalers import Autoscaler, autoscaler_of
from bot.providers.kubernetes.cluster import Cluster, Document, opened
from bot.providers.kubernetes.once import once
from bot.providers.kubernetes.refusals import Changed
from bot.providers.kubernetes.resources import AUTOSCALERS, DEPLOYMENTS
from bot.providers.kubernetes.workloads import counts_of

_LIMIT: Final = 60.0


class Autoscale(OfDeployment):
    """How many pods at least and at most, and the share of the requested processor time to aim at (none: as it is).

    From the catalog: `ceiling`, which `max` may not pass.
    """

    min: int = Field(ge=1, le=1000)
    max: int = Field(ge=1, le=1000)
    cpu_percent: int | None = Field(None, ge=1, le=100)
    ceiling: int = Field(50, ge=1, le=1000)


async def _preview(address: Address, wanted: Autoscale) -> Preview:
    if wanted.min > wanted.max or wanted.max > wanted.ceiling:
        raise TargetError(
            "{least} to {most} pods is not possible: at least 1, at most {ceiling}, the lower bound first.",
            least=wanted.min,
            most=wanted.max,
            ceiling=wanted.ceiling,
        )
    async with opened(address) as cluster:
        deployment = await cluster.read(DEPLOYMENTS, wanted.deployment)
        found = await autoscaler_of(cluster, wanted.deployment)
        if found and _is_so(found, wanted):
            raise TargetError("The autoscaler of {deployment} is set so already.", deployment=wanted.deployment)
        if found is None and wanted.cpu_percent is None:
            raise TargetError("A new autoscaler needs `cpu_percent`, the share to aim at.")
        await _send(cluster, found, wanted, is_dry_run=True)
    return Preview(
        lines=tuple(_lines(found, wanted)),
        state=_state(deployment, found),
        arguments=_arguments(wanted.deployment, wanted.min, wanted.max, wanted.cpu_percent),
        warnings=tuple(_warnings(deployment, found, wanted)),
        undo=_arguments(wanted.deployment, found.least, found.most, found.cpu_target) if found else {},
    )


def _lines(found: Autoscaler | None, wanted: Autoscale) -> list[Line]:
    aim = wanted.cpu_percent or (found.cpu_target if found else None)
    return [
        Line(say("at least"), str(found.least) if found else "-", str(wanted.min)),
        Line(say("at most"), str(found.most) if found else "-", str(wanted.max)),
        Line(say("processor, aimed at"), _percent(found.cpu_target if found else None), _percent(aim)),
    ]


def _percent(value: int | None) -> str:
    return "-" if value is None else f"{value}%"


def _warnings(deployment: Document, found: Autoscaler | None, wanted: Autoscale) -> list[Text]:
    count, told = counts_of(deployment).desired, []
    if found is None:
        told.append(say("It makes a new autoscaler, which this bot cannot take away again."))
    if not wanted.min <= count <= wanted.max:
        told.append(say("{count} pods run now; the autoscaler will change that at once.", count=count))
    containers = deployment["spec"]["template"]["spec"]["containers"]
    if any(not ((one.get("resources") or {}).get("requests") or {}).get("cpu") for one in containers):
        told.append(say("A container asks for no processor time, so that the autoscaler has nothing to compare with."))
    return told


def _state(deployment: Document, found: Autoscaler | None) -> dict[str, str]:
    if found is None:
        return {"deployment": deployment["metadata"]["uid"], "autoscaler": "-"}
    bounds = f"{found.least}-{found.most} {_percent(found.cpu_target)}"
    return {"deployment": deployment["metadata"]["uid"], "autoscaler": found.document["metadata"]["uid"], "set": bounds}


def _arguments(deployment: str, least: int, most: int, cpu: int | None) -> dict[str, str]:
    named = {"deployment": deployment, "min": str(least), "max": str(most)}
    return named if cpu is None else named | {"cpu_percent": str(cpu)}


async def _execute(address: Address, wanted: Autoscale, preview: Preview, progress: Progress) -> Text:
    wanted = as_approved(wanted, preview)
    async with opened(address) as cluster:
        deployment = await cluster.read(DEPLOYMENTS, wanted.deployment)
        found = await autoscaler_of(cluster, wanted.deployment)
        if _state(deployment, found) != dict(preview.state):
            raise Changed("{name} no longer looks as it was shown; nothing was done.", name=wanted.deployment)
        await progress(say("Setting the bounds of the autoscaler"))
        await _send_once(cluster, found, wanted)
    return say(
        "the autoscaler keeps {deployment} between {least} and {most} pods",
        deployment=wanted.deployment,
        least=wanted.min,
        most=wanted.max,
    )


async def _send_once(cluster: Cluster, before: Autoscaler | None, wanted: Autoscale) -> None:
    """Sent once; when the answer is lost, the autoscaler is looked at instead."""

    async def send() -> Autoscaler | None:
        await _send(cluster, before, wanted, is_dry_run=False)
        return None

    await once(
        wanted.deployment,
        send,
        lambda: autoscaler_of(cluster, wanted.deployment),
        lambda seen: seen is not None and _is_so(seen, wanted),
        TargetError(
            "The connection broke while the autoscaler of {deployment} was set. Looked at again, it is unchanged.",
            deployment=wanted.deployment,
        ),
    )


def _is_so(found: Autoscaler, wanted: Autoscale) -> bool:
    aim = wanted.cpu_percent if wanted.cpu_percent is not None else found.cpu_target
    return (found.least, found.most, found.cpu_target) == (wanted.min, wanted.max, aim)


async def _send(cluster: Cluster, found: Autoscaler | None, wanted: Autoscale, *, is_dry_run: bool) -> None:
    if found:
        await cluster.patch(AUTOSCALERS, found.name, _steps(found, wanted), is_dry_run=is_dry_run)
    else:
        await cluster.create(AUTOSCALERS, _document(wanted), is_dry_run=is_dry_run)


def _steps(found: Autoscaler, wanted: Autoscale) -> list[Document]:
    spec = found.document["spec"]
    steps: list[Document] = [
        {"op": "test", "path": "/metadata/uid", "value": found.document["metadata"]["uid"]},
        {"op": "test", "path": "/spec", "value": spec},
        {"op": "add", "path": "/spec/minReplicas", "value": wanted.min},
        {"op": "add", "path": "/spec/maxReplicas", "value": wanted.max},
    ]
    if wanted.cpu_percent is None:
        return steps
    if found.cpu_place is not None:
        aim = _metric(wanted.cpu_percent)
        return [*steps, {"op": "replace", "path": f"/spec/metrics/{found.cpu_place}", "value": aim}]
    room = [] if spec.get("metrics") else [{"op": "add", "path": "/spec/metrics", "value": []}]
    return [*steps, *room, {"op": "add", "path": "/spec/metrics/-", "value": _metric(wanted.cpu_percent)}]


def _metric(percent: int) -> dict[str, Any]:
    target = {"type": "Utilization", "averageUtilization": percent}
    return {"type": "Resource", "resource": {"name": "cpu", "target": target}}


def _document(wanted: Autoscale) -> Document:
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": wanted.deployment},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": wanted.deployment},
            "minReplicas": wanted.min,
            "maxReplicas": wanted.max,
            "metrics": [_metric(wanted.cpu_percent or 70)],
        },
    }


AUTOSCALE = Change("kubernetes.autoscale", Address, Autoscale, _LIMIT, _preview, _execute)
