"""Giving the pods of a deployment more or less processor time and memory."""

from collections.abc import Iterator
from typing import Self

from pydantic import model_validator

from bot.core.errors import TargetError
from bot.core.operation import Change, Progress
from bot.core.preview import Line, Preview
from bot.core.text import Text, plain, say
from bot.providers.kubernetes.address import Address
from bot.providers.kubernetes.approved import as_approved
from bot.providers.kubernetes.cluster import Document, opened
from bot.providers.kubernetes.quantities import amount
from bot.providers.kubernetes.sizes import FIELDS, NONE, Sizes, resized
from bot.providers.kubernetes.template_change import (
    LIMIT,
    as_shown,
    container_of,
    roll,
    rollable,
    state_of,
    try_out,
    warnings_of,
)
from bot.providers.kubernetes.workloads import counts_of


class PatchResources(Sizes):
    """What a container asks for and may use; from the catalog: `max_cpu` and `max_memory`, which no figure may pass."""

    max_cpu: str = "16"
    max_memory: str = "64Gi"

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if not any(getattr(self, field) for field in FIELDS):
            raise ValueError(f"give at least one of {', '.join(FIELDS)}")
        if amount(self.max_cpu) is None or amount(self.max_memory) is None:
            raise ValueError("max_cpu and max_memory are amounts such as 4 and 8Gi")
        return self


async def _preview(address: Address, wanted: PatchResources) -> Preview:
    _require_bounds(wanted)
    async with opened(address) as cluster:
        deployment = await rollable(cluster, wanted.name)
        place, container = container_of(deployment, wanted.container)
        before, after = container.get("resources") or {}, resized(container, wanted)
        if before == after:
            raise TargetError("{name} has these resources already.", name=wanted.name)
        _require_sense(after)
        await try_out(cluster, deployment, _edits(place, after))
    changed = [field for field in FIELDS if getattr(wanted, field)]
    named = {"name": wanted.name, "container": wanted.container}
    return Preview(
        lines=tuple(_lines(before, after, changed)),
        state=state_of(deployment),
        arguments=named | {field: getattr(wanted, field) for field in changed},
        warnings=(*warnings_of(deployment), *_cautions(after)),
        undo=named | {field: _held(before, field) or NONE for field in changed},
    )


def _lines(before: Document, after: Document, changed: list[str]) -> Iterator[Line]:
    for field in changed:
        yield Line(plain(field.replace("_", " ")), _held(before, field) or "-", _held(after, field) or "-")


def _cautions(after: Document) -> Iterator[Text]:
    yield say("Pods that find no room on the nodes stay Pending.")
    if not (after.get("limits") or {}).get("memory"):
        yield say("Without a memory limit one pod can take a node with it.")


def _require_bounds(wanted: PatchResources) -> None:
    for field in FIELDS:
        asked = amount(getattr(wanted, field))
        bound = wanted.max_cpu if field.endswith("cpu") else wanted.max_memory
        if asked is not None and asked > (amount(bound) or 0):
            raise TargetError(
                "{field} of {value} is more than the catalog allows: {bound}.",
                field=field.replace("_", " "),
                value=getattr(wanted, field),
                bound=bound,
            )


def _require_sense(after: Document) -> None:
    for kind in ("cpu", "memory"):
        asked, most = _held(after, f"requests_{kind}"), _held(after, f"limits_{kind}")
        if asked and most and (amount(asked) or 0) > (amount(most) or 0):
            raise TargetError(
                "The pods would ask for more {kind} than they may use: {asked} of {most}.",
                kind=kind,
                asked=asked,
                most=most,
            )


async def _execute(address: Address, wanted: PatchResources, preview: Preview, progress: Progress) -> Text:
    wanted = as_approved(wanted, preview)
    async with opened(address) as cluster:
        deployment = await as_shown(cluster, wanted.name, preview)
        place, container = container_of(deployment, wanted.container)
        edits = _edits(place, resized(container, wanted))
        after = counts_of(await roll(cluster, deployment, edits, "resources", progress))
    return say(
        "{name} has its new resources, {ready} of {desired} pods ready",
        name=wanted.name,
        ready=after.ready,
        desired=after.desired,
    )


def _held(resources: Document, field: str) -> str:
    part, kind = field.split("_")
    return str((resources.get(part) or {}).get(kind, ""))


def _edits(place: int, resources: Document) -> list[Document]:
    return [{"op": "add", "path": f"/spec/template/spec/containers/{place}/resources", "value": resources}]


PATCH_RESOURCES = Change("kubernetes.patch_resources", Address, PatchResources, LIMIT, _preview, _execute)
