"""Keeping what the pods know before a change removes them: logs, also from before a crash, and their documents."""

import asyncio
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from pydantic import Field

from bot.core.errors import TargetError
from bot.core.operation import Change, Progress
from bot.core.preview import Line, Preview
from bot.core.redaction import mask
from bot.core.text import Text, say
from bot.providers.kubernetes.address import NAME, Address
from bot.providers.kubernetes.approved import as_approved
from bot.providers.kubernetes.cluster import Cluster, Document, opened
from bot.providers.kubernetes.evidence_folder import EvidenceFolder, open_folder, require_usable
from bot.providers.kubernetes.logs import PODS_READ, Bounds, container_logs
from bot.providers.kubernetes.selection import Wanted, containers_of, pods_of

_LIMIT: Final = 120.0
_LINES: Final = 20_000
_BYTES: Final = 2 * 1024 * 1024
_SHOWN: Final = 10
# Environments hold secrets; the last applied configuration repeats them, the managed fields name them.
_DROPPED: Final = frozenset({"env", "envFrom", "managedFields", "kubectl.kubernetes.io/last-applied-configuration"})


class CaptureEvidence(Wanted):
    """Whose evidence, of how many minutes, and the folder for it where the bot runs; only the catalog names it.

    Of each container at most 20,000 lines and 2 MiB are kept.
    """

    minutes: int = Field(24 * 60, ge=1, le=7 * 24 * 60)
    folder: str = Field(max_length=300, pattern=r"^(/\w[\w.-]*)+/?$")


async def _preview(address: Address, wanted: CaptureEvidence) -> Preview:
    await asyncio.to_thread(require_usable, wanted.folder)
    async with opened(address) as cluster:
        found = await _pods(cluster, wanted)
    pods, is_cut = found[:PODS_READ], len(found) > PODS_READ
    names = [str(pod["metadata"]["name"]) for pod in pods]
    containers = sum(len(containers_of(pod)) for pod in pods)
    shown = ", ".join(names[:_SHOWN]) + (f" +{len(names) - _SHOWN}" if len(names) > _SHOWN else "")
    return Preview(
        lines=(
            Line(say("pods"), shown, shown),
            Line(say("logs to be kept"), "", str(containers)),
            Line(say("folder"), "", wanted.folder),
        ),
        # Which pods there are may change until it is done: that is why evidence is being kept.
        state={"folder": wanted.folder},
        arguments={"deployment": wanted.deployment, "selector": wanted.selector, "folder": wanted.folder}
        | {"minutes": str(wanted.minutes)},
        warnings=(say("Only {count} pods are kept; narrow the selector down.", count=PODS_READ),) if is_cut else (),
    )


async def _execute(address: Address, wanted: CaptureEvidence, preview: Preview, progress: Progress) -> Text:
    wanted = as_approved(wanted, preview)
    async with opened(address) as cluster:
        pods = (await _pods(cluster, wanted))[:PODS_READ]
        texts = dict(_documents(pods))
        texts |= await _logs(cluster, pods, wanted, "log", previous=False)
        await progress(say("{count} files read from {pods} pods", count=len(texts), pods=len(pods)))
        texts |= await _logs(cluster, pods, wanted, "previous.log", previous=True)
    folder, seal = await asyncio.to_thread(_keep, wanted.folder, _title(wanted), texts)
    return say(
        "{count} files of {pods} pods are kept in {folder}; SHA-256 of their list: {seal}",
        count=len(folder.sums),
        pods=len(pods),
        folder=str(folder.path),
        seal=seal,
    )


async def _pods(cluster: Cluster, wanted: CaptureEvidence) -> list[Document]:
    pods = await pods_of(cluster, wanted)
    if not pods:
        raise TargetError("There is no such pod.")
    # Names become file names here, and they came from outside.
    if not all(re.fullmatch(NAME, name) for pod in pods for name in (pod["metadata"]["name"], *containers_of(pod))):
        raise TargetError("What answers at the cluster's address is not Kubernetes.")
    return pods


def _title(wanted: CaptureEvidence) -> str:
    return re.sub(r"[^a-z0-9-]+", "-", (wanted.deployment or wanted.selector).lower())[:60].strip("-") or "pods"


async def _logs(
    cluster: Cluster, pods: list[Document], wanted: CaptureEvidence, suffix: str, *, previous: bool
) -> dict[str, str]:
    """The logs that exist, by file name, not masked yet."""
    logs = await container_logs(cluster, pods, Bounds("", previous, _LINES, wanted.minutes, _BYTES))
    texts = {f"{log.source.replace('/', '.')}.{suffix}": log.text for log in logs if not log.refusal}
    notes = [f"{log.source}: {log.refusal}" for log in logs if log.refusal]
    notes += [f"{log.source}: cut after {_BYTES} bytes" for log in logs if log.is_cut]
    return texts | ({f"no-{suffix}.txt": "\n".join(notes) + "\n"} if notes else {})


def _documents(pods: list[Document]) -> Iterator[tuple[str, str]]:
    for pod in pods:
        text = json.dumps(_without_secrets(pod), indent=1, ensure_ascii=False, sort_keys=True)
        yield f"{pod['metadata']['name']}.json", text


def _without_secrets(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_secrets(held) for key, held in value.items() if key not in _DROPPED}
    return [_without_secrets(one) for one in value] if isinstance(value, list) else value


def _keep(folder: str, title: str, texts: dict[str, str]) -> tuple[EvidenceFolder, str]:
    try:
        kept = open_folder(folder, title)
        for name, text in texts.items():
            kept.write(name, mask(text))
        return kept, kept.seal()
    except OSError as error:
        raise TargetError("The evidence could not be written: {reason}", reason=error.strerror or "?") from error


CAPTURE_EVIDENCE = Change("kubernetes.capture_evidence", Address, CaptureEvidence, _LIMIT, _preview, _execute)
