"""Deleting one bad pod, which comes back new; asked for as an eviction, so that disruption budgets are honoured."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, Self

from pydantic import Field, model_validator

from bot.core.errors import TargetError, TimedOut, Unreachable
from bot.core.operation import Change, Parameters, Progress
from bot.core.preview import Line, Preview
from bot.core.text import Text, say
from bot.providers.kubernetes.address import NAME, Address
from bot.providers.kubernetes.approved import as_approved
from bot.providers.kubernetes.cluster import Cluster, Document, opened
from bot.providers.kubernetes.once import delete_once
from bot.providers.kubernetes.pauses import growing
from bot.providers.kubernetes.refusals import Changed
from bot.providers.kubernetes.resources import PODS
from bot.providers.kubernetes.siblings import (
    Siblings,
    Workload,
    controller_of,
    is_ready,
    restarts_of,
    uid_of,
    workload_of,
)

_LIMIT: Final = 200.0
_FOLLOW_LIMIT: Final = 180.0


class DeletePod(Parameters):
    """Which pod: one by name, or the worst of a deployment (not ready, or most restarts); both check that it belongs.

    `allow_single` accepts that a pod has no companion that does its work meanwhile.
    """

    pod: str = Field("", pattern=f"{NAME}|^$")
    deployment: str = Field("", pattern=f"{NAME}|^$")
    allow_single: bool = False

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if not self.pod and not self.deployment:
            raise ValueError("give pod, deployment or both")
        return self


async def _preview(address: Address, wanted: DeletePod) -> Preview:
    async with opened(address) as cluster:
        workload = await workload_of(cluster, wanted.deployment, wanted.pod)
        siblings = await workload.pods(cluster)
        pod = _chosen(siblings, wanted)
        others = siblings.others(pod)
        _require_others(pod, others, wanted)
        await cluster.evict(pod, is_dry_run=True)
    name, state = pod["metadata"]["name"], "ready" if is_ready(pod) else "not ready"
    told = [] if others.pods else [say("It is the only one: its work stops until it is back.")]
    return Preview(
        lines=(
            Line(say("pod"), f"{name}: {state}, {restarts_of(pod)} restarts", "-"),
            Line(say("other pods ready"), f"{others.ready}/{len(others.pods)}", f"{others.ready}/{len(others.pods)}"),
        ),
        state={"pod": name, "uid": uid_of(pod)},
        arguments={"pod": name, "deployment": wanted.deployment, "allow_single": str(wanted.allow_single).lower()},
        warnings=tuple(told),
    )


def _chosen(siblings: Siblings, wanted: DeletePod) -> Document:
    pod = siblings.named(wanted.pod) if wanted.pod else siblings.worst()
    if pod is not None:
        if controller_of(pod) is None:
            raise TargetError("Nothing would bring {pod} back: no workload owns it.", pod=pod["metadata"]["name"])
        return pod
    if not wanted.pod:
        raise TargetError(
            "No pod of {deployment} stands out: all are ready and none has restarted.", deployment=wanted.deployment
        )
    if wanted.deployment:
        raise TargetError("{deployment} has no pod {pod}.", deployment=wanted.deployment, pod=wanted.pod)
    raise TargetError("{pod} is on its way out already.", pod=wanted.pod)


def _require_others(pod: Document, others: Siblings, wanted: DeletePod) -> None:
    name = pod["metadata"]["name"]
    if not others.pods and not wanted.allow_single:
        raise TargetError("{pod} is the only one that does its work.", pod=name)
    if others.ready < len(others.pods):
        raise TargetError(
            "Only {ready} of the {count} other pods are ready; deleting {pod} would not help.",
            ready=others.ready,
            count=len(others.pods),
            pod=name,
        )


async def _execute(address: Address, wanted: DeletePod, preview: Preview, progress: Progress) -> Text:
    wanted = as_approved(wanted, preview)
    async with opened(address) as cluster:
        workload = await workload_of(cluster, wanted.deployment, wanted.pod)
        siblings = await workload.pods(cluster)
        pod = siblings.named(wanted.pod)
        if pod is None or uid_of(pod) != preview.state["uid"]:
            raise Changed("{name} no longer looks as it was shown; nothing was done.", name=wanted.pod)
        _require_others(pod, siblings.others(pod), wanted)
        await delete_once(cluster, PODS, pod, lambda: cluster.evict(pod, is_dry_run=False))
        count = len(siblings.pods)
        ready = await _until_replaced(pod, count, lambda: _ready_now(cluster, workload, pod), progress)
    return say("{pod} was deleted, {ready} of {count} pods ready", pod=wanted.pod, ready=ready, count=count)


async def _until_replaced(
    gone: Document, count: int, look: Callable[[], Awaitable[int | None]], progress: Progress
) -> int:
    """The number of ready pods once there are as many as before, without the old one."""
    told = 0
    try:
        async with asyncio.timeout(_FOLLOW_LIMIT):
            for pause in growing():
                await asyncio.sleep(pause)
                ready = await look()
                if ready is not None and ready != told:
                    told = ready
                    await progress(say("{ready} of {count} pods ready", ready=told, count=count))
                if told >= count:
                    break
    except TimeoutError as error:
        raise TimedOut(
            "{pod} was deleted, but after {minutes} min only {ready} of {count} pods are ready.",
            pod=gone["metadata"]["name"],
            minutes=round(_FOLLOW_LIMIT / 60, 1),
            ready=told,
            count=count,
        ) from error
    return told


async def _ready_now(cluster: Cluster, workload: Workload, gone: Document) -> int | None:
    """None while the cluster does not answer."""
    try:
        return (await workload.pods(cluster)).others(gone).ready
    except (Unreachable, TimedOut):
        return None


DELETE_POD = Change("kubernetes.delete_pod", Address, DeletePod, _LIMIT, _preview, _execute)
