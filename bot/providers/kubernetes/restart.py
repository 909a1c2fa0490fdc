"""Replacing the pods of a deployment one after another, as `kubectl rollout restart` does."""

from datetime import UTC, datetime
from typing import Final

from bot.core.errors import TargetError
from bot.core.operation import Change, Progress
from bot.core.preview import Line, Preview
from bot.core.text import Text, say
from bot.providers.kubernetes.address import Address
from bot.providers.kubernetes.approved import as_approved
from bot.providers.kubernetes.cluster import Document, opened
from bot.providers.kubernetes.deployment import Named
from bot.providers.kubernetes.template_change import LIMIT, as_shown, roll, rollable, state_of, try_out, warnings_of
from bot.providers.kubernetes.workloads import counts_of, image_words, images_of

_RESTARTED: Final = "kubectl.kubernetes.io/restartedAt"


class Restart(Named):
    """Which deployment; `allow_single` accepts that a lone pod is interrupted."""

    allow_single: bool = False


async def _preview(address: Address, wanted: Restart) -> Preview:
    async with opened(address) as cluster:
        deployment = await rollable(cluster, wanted.name)
        _require_company(deployment, wanted)
        await try_out(cluster, deployment, _edits(deployment))
    template, count = deployment["spec"]["template"], counts_of(deployment).desired
    return Preview(
        lines=(
            Line(say("pods"), str(count), str(count)),
            Line(say("image"), image_words(images_of(template)), image_words(images_of(template))),
        ),
        state=state_of(deployment),
        arguments={"name": wanted.name, "allow_single": str(wanted.allow_single).lower()},
        warnings=tuple(warnings_of(deployment)),
    )


async def _execute(address: Address, wanted: Restart, preview: Preview, progress: Progress) -> Text:
    wanted = as_approved(wanted, preview)
    async with opened(address) as cluster:
        deployment = await as_shown(cluster, wanted.name, preview)
        _require_company(deployment, wanted)
        after = counts_of(await roll(cluster, deployment, _edits(deployment), "restart", progress))
    return say(
        "{name} was restarted, {ready} of {desired} pods ready",
        name=wanted.name,
        ready=after.ready,
        desired=after.desired,
    )


def _require_company(deployment: Document, wanted: Restart) -> None:
    count = counts_of(deployment).desired
    if not count:
        raise TargetError("{name} is scaled to zero: there is nothing to restart.", name=wanted.name)
    is_at_once = (deployment["spec"].get("strategy") or {}).get("type") == "Recreate"
    if (count > 1 and not is_at_once) or wanted.allow_single:
        return
    raise TargetError(
        "A restart would interrupt {name}: its {count} pods would stop at the same time.", name=wanted.name, count=count
    )


def _edits(deployment: Document) -> list[Document]:
    metadata = deployment["spec"]["template"].get("metadata") or {}
    room = [] if metadata.get("annotations") else [{"op": "add", "path": _ANNOTATIONS, "value": {}}]
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return [*room, {"op": "add", "path": f"{_ANNOTATIONS}/{_RESTARTED.replace('/', '~1')}", "value": now}]


_ANNOTATIONS: Final = "/spec/template/metadata/annotations"
RESTART = Change("kubernetes.restart", Address, Restart, LIMIT, _preview, _execute)
