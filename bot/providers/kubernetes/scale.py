"""How many pods a deployment wants, within the bounds that the catalog sets."""

from typing import Final

from pydantic import Field

from bot.core.errors import TargetError
from bot.core.operation import Change, Progress
from bot.core.preview import Line, Preview
from bot.core.text import Text, say
from bot.providers.kubernetes.address import Address
from bot.providers.kubernetes.approved import as_approved
from bot.providers.kubernetes.autoscalers import Autoscaler, autoscaler_of
from bot.providers.kubernetes.cautions import general_cautions
from bot.providers.kubernetes.cluster import Cluster, Document, opened
from bot.providers.kubernetes.deployment import Named
from bot.providers.kubernetes.once import once
from bot.providers.kubernetes.refusals import Changed
from bot.providers.kubernetes.resources import DEPLOYMENTS
from bot.providers.kubernetes.rollout import follow
from bot.providers.kubernetes.workloads import counts_of

_LIMIT: Final = 300.0
_FOLLOW_LIMIT: Final = 280.0


class Scale(Named):
    """How many pods; from the catalog: the bounds `min` and `max`, and whether an autoscaler may be overruled."""

    replicas: int = Field(ge=0, le=1000)
    min: int = Field(0, ge=0)
    max: int = Field(10, ge=0, le=1000)
    allow_autoscaled: bool = False


async def _preview(address: Address, wanted: Scale) -> Preview:
    if not wanted.min <= wanted.replicas <= wanted.max:
        raise TargetError(
            "{name} may have {least} to {most} pods, not {count}.",
            name=wanted.name,
            least=wanted.min,
            most=wanted.max,
            count=wanted.replicas,
        )
    async with opened(address) as cluster:
        deployment = await cluster.read(DEPLOYMENTS, wanted.name)
        owner = await autoscaler_of(cluster, wanted.name)
        before = counts_of(deployment).desired
        if before == wanted.replicas:
            raise TargetError("{name} wants {count} pods already.", name=wanted.name, count=before)
        if owner and not wanted.allow_autoscaled:
            raise TargetError(
                "An autoscaler decides how many pods {name} has ({least} to {most}); change its bounds instead.",
                name=wanted.name,
                least=owner.least,
                most=owner.most,
            )
        await _patch(cluster, deployment, wanted.replicas, is_dry_run=True)
    undo = {"name": wanted.name, "replicas": str(before)} if wanted.min <= before <= wanted.max else {}
    return Preview(
        lines=(Line(say("pods"), str(before), str(wanted.replicas)),),
        state={
            "uid": deployment["metadata"]["uid"],
            "replicas": str(before),
            "autoscaler": f"{owner.least}-{owner.most}" if owner else "-",
        },
        arguments={"name": wanted.name, "replicas": str(wanted.replicas)},
        warnings=tuple(_warnings(deployment, owner, wanted, undo)),
        undo=undo,
    )


def _warnings(deployment: Document, owner: Autoscaler | None, wanted: Scale, undo: dict[str, str]) -> list[Text]:
    told = list(general_cautions(deployment))
    if owner and wanted.replicas:
        told.append(say("The autoscaler may change the number again at any time."))
    if not wanted.replicas:
        told.append(say("With no pod at all the service is down."))
    if not undo:
        told.append(say("The present number is outside of the allowed bounds: this action cannot bring it back."))
    return told


async def _execute(address: Address, wanted: Scale, preview: Preview, progress: Progress) -> Text:
    wanted = as_approved(wanted, preview)
    async with opened(address) as cluster:
        deployment = await cluster.read(DEPLOYMENTS, wanted.name)
        is_as_shown = (
            deployment["metadata"]["uid"] == preview.state["uid"]
            and str(counts_of(deployment).desired) == preview.state["replicas"]
        )
        if not is_as_shown:
            raise Changed("{name} no longer looks as it was shown; nothing was done.", name=wanted.name)
        accepted = await _scale_once(cluster, deployment, wanted.replicas)
        after = counts_of(await follow(cluster, accepted, _FOLLOW_LIMIT, progress))
    if after.desired != wanted.replicas:
        raise TargetError(
            "{name} was scaled to {count} pods, then somebody else made it {now}.",
            name=wanted.name,
            count=wanted.replicas,
            now=after.desired,
        )
    return say("{name} has {count} pods, {ready} ready", name=wanted.name, count=after.desired, ready=after.ready)


async def _patch(cluster: Cluster, deployment: Document, replicas: int, *, is_dry_run: bool) -> Document:
    metadata, before = deployment["metadata"], counts_of(deployment).desired
    guard = {"op": "test", "path": "/spec/replicas", "value": before}
    if not before:
        # The API leaves a nought out of the document, so that nothing is there to be tested.
        guard = {"op": "test", "path": "/metadata/resourceVersion", "value": metadata["resourceVersion"]}
    steps = [
        {"op": "test", "path": "/metadata/uid", "value": metadata["uid"]},
        guard,
        {"op": "add", "path": "/spec/replicas", "value": replicas},
    ]
    return await cluster.patch(DEPLOYMENTS, metadata["name"], steps, is_dry_run=is_dry_run, subresource="scale")


async def _scale_once(cluster: Cluster, deployment: Document, replicas: int) -> Document:
    """The deployment as it was accepted."""
    name = deployment["metadata"]["name"]
    await once(
        name,
        lambda: _patch(cluster, deployment, replicas, is_dry_run=False),
        lambda: cluster.read(DEPLOYMENTS, name),
        lambda seen: counts_of(seen).desired == replicas,
    )
    return {**deployment, "spec": {**deployment["spec"], "replicas": replicas}}


SCALE = Change("kubernetes.scale", Address, Scale, _LIMIT, _preview, _execute)
