"""Keeping what the pods know before a change removes them: logs, also from before a crash, and their documents."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from pydantic import Field

from bot.core.errors import Denied, TargetError
from bot.core.operation import Change, Progress
from bot.core.preview import Line, Preview
from bot.core.text import Text, say
from bot.providers.evidence.capture import LONGEST, Capture, no_time
from bot.providers.evidence.place import Place, opened_shelf
from bot.providers.kubernetes import address as cluster_address
from bot.providers.kubernetes.address import NAME
from bot.providers.kubernetes.approved import as_approved
from bot.providers.kubernetes.cluster import Cluster, Document, opened
from bot.providers.kubernetes.logs import Bounds, ContainerLog, container_logs
from bot.providers.kubernetes.selection import Wanted, containers_of, pods_of

_LIMIT: Final = 600.0
_BYTES: Final = 64 * 1024 * 1024
_PODS: Final = 200
_SHOWN: Final = 10
# Environments hold secrets; the last applied configuration repeats them, the managed fields name them.
_DROPPED: Final = frozenset({"env", "envFrom", "managedFields", "kubectl.kubernetes.io/last-applied-configuration"})


class Address(cluster_address.Address, Place):
    """The cluster, and the place for what is taken from it."""


class CaptureEvidence(Wanted):
    """Whose evidence, and of how many minutes: every log of them, at most 64 MiB of each container; what cannot be
    read within so many `seconds` in all is noted as missing."""

    minutes: int = Field(24 * 60, ge=1, le=7 * 24 * 60)
    seconds: float = Field(LONGEST, gt=0, le=LONGEST)


async def _preview(address: Address, wanted: CaptureEvidence) -> Preview:
    async with opened_shelf(address, _title(wanted)) as shelf:
        seen = await shelf.look()
    async with opened(address) as cluster:
        pods = await _pods(cluster, wanted)
    names = [str(pod["metadata"]["name"]) for pod in pods]
    containers = sum(len(containers_of(pod)) for pod in pods)
    shown = ", ".join(names[:_SHOWN]) + (f" +{len(names) - _SHOWN}" if len(names) > _SHOWN else "")
    return Preview(
        lines=(Line(say("pods"), shown, shown), Line(say("logs to be kept"), "", str(containers)), *seen.lines),
        # Which pods there are may change until it is done: that is why evidence is being kept.
        state={"place": address.folder or address.bucket},
        arguments={
            "deployment": wanted.deployment,
            "selector": wanted.selector,
            "minutes": str(wanted.minutes),
            "seconds": f"{wanted.seconds:g}",
        },
        warnings=seen.warnings,
    )


async def _execute(address: Address, wanted: CaptureEvidence, preview: Preview, progress: Progress) -> Text:
    wanted = as_approved(wanted, preview)
    async with opened(address) as cluster, opened_shelf(address, _title(wanted)) as shelf:
        capture, pods = Capture(shelf, wanted.seconds), await _pods(cluster, wanted)
        for place, pod in enumerate(pods, 1):
            if capture.is_over:
                capture.fail(pod["metadata"]["name"], no_time())
                continue
            # One pod after the other: the logs of a day do not fit into memory all at once.
            await _keep_logs(cluster, pod, wanted, capture)
            await capture.add(f"{pod['metadata']['name']}.json", _written(pod))
            await progress(say("{done} of {count} pods kept", done=place, count=len(pods)))
        return await capture.seal()


async def _pods(cluster: Cluster, wanted: CaptureEvidence) -> list[Document]:
    pods = await pods_of(cluster, wanted)
    if not pods:
        raise TargetError("There is no such pod.")
    if len(pods) > _PODS:
        raise TargetError("These are {count} pods; narrow the selector down.", count=len(pods))
    # Names become file names here, and they came from outside.
    if not all(re.fullmatch(NAME, name) for pod in pods for name in (pod["metadata"]["name"], *containers_of(pod))):
        raise TargetError("What answers at the cluster's address is not Kubernetes.")
    return pods


def _title(wanted: CaptureEvidence) -> str:
    return re.sub(r"[^a-z0-9-]+", "-", (wanted.deployment or wanted.selector).lower())[:60].strip("-") or "pods"


async def _keep_logs(cluster: Cluster, pod: Document, wanted: CaptureEvidence, capture: Capture) -> None:
    for suffix in ("log", "previous.log"):
        bounds = Bounds("", suffix != "log", None, wanted.minutes, _BYTES)
        for log in await _logs_of(cluster, pod, bounds, capture):
            name = f"{log.source.replace('/', '.')}.{suffix}"
            if log.refusal:
                capture.miss(f"{name}: {log.refusal}")
            else:
                await capture.add(name, log.data, is_cut=log.is_cut)


async def _logs_of(cluster: Cluster, pod: Document, bounds: Bounds, capture: Capture) -> list[ContainerLog]:
    """A pod that cannot be read must not keep the others from being kept; a right that is missing does."""
    try:
        return await capture.in_time(container_logs(cluster, [pod], bounds))
    except Denied:
        raise
    except TargetError as error:
        return [ContainerLog(pod["metadata"]["name"], refusal=error.text.msgid.format(**error.text.values))]


def _written(pod: Document) -> bytes:
    return json.dumps(_without_secrets(pod), indent=1, ensure_ascii=False, sort_keys=True).encode()


def _without_secrets(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_secrets(held) for key, held in value.items() if key not in _DROPPED}
    return [_without_secrets(one) for one in value] if isinstance(value, list) else value


CAPTURE_EVIDENCE = Change("kubernetes.capture_evidence", Address, CaptureEvidence, _LIMIT, _preview, _execute)
