"""Whether the nodes have room: for more pods of a deployment, or for a rollout of it, by what pods ask for."""

from dataclasses import dataclass
from typing import Final

from pydantic import Field

from bot.core.findings import Measurement, Reading
from bot.core.operation import Read
from bot.core.text import Text, say
from bot.providers.kubernetes.address import Address
from bot.providers.kubernetes.cluster import LIMIT, Document, opened
from bot.providers.kubernetes.nodes import Node, Size, nodes_with, pace_of, rolled, size_of
from bot.providers.kubernetes.quantities import MEBI
from bot.providers.kubernetes.resources import DEPLOYMENTS, NODES, PODS
from bot.providers.kubernetes.sizes import Given, Sizes, resized
from bot.providers.kubernetes.template_change import container_of
from bot.providers.kubernetes.workloads import selector_of

_SHOWN: Final = 20
_ALIVE: Final = "status.phase!=Succeeded,status.phase!=Failed"
_NOT_COUNTED: Final = (
    "not counted: affinity, topology spread, volumes, quotas, other resources, nodes that an autoscaler would add, "
    "and pods that wait for a node"
)


class Wanted(Sizes):
    """For how many pods in all; without `replicas` for a rollout, with the sizes that are given.

    None of them may be given empty: a guard that passes on what nobody sent would guard nothing.
    """

    replicas: int | None = Field(None, ge=0, le=1000)
    requests_cpu: Given = ""
    requests_memory: Given = ""
    limits_cpu: Given = ""
    limits_memory: Given = ""


@dataclass(frozen=True, slots=True)
class _Room:
    """How many pods are wanted that have no place yet, how many of those find one, and how many fit at once."""

    size: Size
    wanted: int
    placed: int
    fits: int
    nodes: int
    is_rollout: bool

    @property
    def missing(self) -> int:
        return self.wanted - self.placed


async def _read(address: Address, wanted: Wanted) -> Reading:
    async with opened(address) as cluster:
        deployment = await cluster.read(DEPLOYMENTS, wanted.name)
        found = await cluster.everywhere(NODES)
        pods = await cluster.everywhere(PODS, fieldSelector=_ALIVE)
        own = await cluster.all_of(PODS, labelSelector=selector_of(deployment))
    template = _template(deployment, wanted)
    nodes = nodes_with(found, pods, {one["metadata"]["uid"] for one in own}, template)
    room = _room(nodes, deployment, size_of(template["spec"]), wanted.replicas)
    waiting = sum("nodeName" not in pod["spec"] for pod in pods)
    return Reading(_summary(room), _measured(nodes, room, waiting), _evidence(nodes, room.size))


def _template(deployment: Document, wanted: Wanted) -> Document:
    """The pods' template with the container as it would be."""
    template = deployment["spec"]["template"]
    place, container = container_of(deployment, wanted.container)
    containers = list(template["spec"]["containers"])
    containers[place] = {**container, "resources": resized(container, wanted)}
    return {**template, "spec": {**template["spec"], "containers": containers}}


def _room(nodes: list[Node], deployment: Document, size: Size, replicas: int | None) -> _Room:
    fits, usable = sum(node.holds(size) for node in nodes), sum(not node.why for node in nodes)
    if replicas is None:
        pace = pace_of(deployment)
        return _Room(size, pace.desired, rolled(nodes, size, pace), fits, usable, is_rollout=True)
    more = max(0, replicas - sum(len(node.own) for node in nodes))
    return _Room(size, more, min(more, fits), fits, usable, is_rollout=False)


def _summary(room: _Room) -> Text:
    told = say("{fits} more pods of {size} fit on {nodes} nodes", fits=room.fits, size=str(room.size), nodes=room.nodes)
    if room.is_rollout and room.missing:
        return say(
            "{told}; a rollout stops after {placed} of {wanted}", told=told, placed=room.placed, wanted=room.wanted
        )
    if room.is_rollout:
        return say("{told}; a rollout of {wanted} finds room", told=told, wanted=room.wanted)
    if room.missing:
        return say(
            "{told}, and {wanted} are wanted: {missing} find no room",
            told=told,
            wanted=room.wanted,
            missing=room.missing,
        )
    return say("{told}, and {wanted} are wanted", told=told, wanted=room.wanted)


def _measured(nodes: list[Node], room: _Room, waiting: int) -> tuple[Measurement, ...]:
    usable = [node.free for node in nodes if not node.why]
    return (
        Measurement("fits", room.fits),
        Measurement("wanted", room.wanted),
        Measurement("missing", room.missing),
        Measurement("nodes", room.nodes),
        Measurement("left_out", len(nodes) - room.nodes),
        Measurement("free_cpu_m", sum(max(0, free.cpu) for free in usable), "m"),
        Measurement("free_memory_mb", round(sum(max(0, free.memory) for free in usable) / MEBI), "MiB"),
        Measurement("waiting", waiting),
    )


def _evidence(nodes: list[Node], size: Size) -> tuple[str, ...]:
    """The nodes with most room first; what is left out says why."""
    ordered = sorted(nodes, key=lambda node: -node.holds(size))
    return (*(f"{node}  room for {node.holds(size)}" for node in ordered[:_SHOWN]), _NOT_COUNTED)


ROOM = Read("kubernetes.room", Address, Wanted, LIMIT, _read)
