"""Running a declared job now: the template of a CronJob, as `kubectl create job --from` does."""

import asyncio
from datetime import UTC, datetime
from typing import Any, Final

from pydantic import Field

from bot.core.errors import TargetError, TimedOut, Unreachable
from bot.core.operation import Change, Parameters, Progress
from bot.core.preview import Line, Preview
from bot.core.text import Text, say
from bot.providers.kubernetes.address import NAME, Address
from bot.providers.kubernetes.cluster import Cluster, Document, opened
from bot.providers.kubernetes.once import create_once
from bot.providers.kubernetes.pauses import growing
from bot.providers.kubernetes.refusals import Absent, Changed
from bot.providers.kubernetes.resources import CRON_JOBS, JOBS
from bot.providers.kubernetes.workloads import digest_of, image_words, images_of

_LIMIT: Final = 300.0
_FOLLOW_LIMIT: Final = 280.0
_NAME_LIMIT: Final = 63 - len("-plantao-20260101000000")


class RunJob(Parameters):
    """Which CronJob's template to run once; `allow_parallel` accepts that one of its jobs is running already."""

    job: str = Field(pattern=NAME)
    allow_parallel: bool = False


async def _preview(address: Address, wanted: RunJob) -> Preview:
    async with opened(address) as cluster:
        cron_job, running = await _look(cluster, wanted)
        await cluster.create(JOBS, _document(cron_job), is_dry_run=True)
    spec = cron_job["spec"]
    told = [say("{job} is suspended: somebody stopped it on purpose.", job=wanted.job)] if spec.get("suspend") else []
    return Preview(
        lines=(
            Line(say("image"), "", image_words(images_of(_template(cron_job)))),
            Line(say("jobs of it running"), str(len(running)), str(len(running) + 1)),
        ),
        state={"uid": cron_job["metadata"]["uid"], "template_hash": digest_of(_template(cron_job))},
        arguments={"job": wanted.job, "allow_parallel": str(wanted.allow_parallel).lower()},
        warnings=tuple(told),
    )


async def _look(cluster: Cluster, wanted: RunJob) -> tuple[Document, list[str]]:
    """The CronJob and the names of its jobs that run at this moment."""
    cron_job = await cluster.read(CRON_JOBS, wanted.job)
    uid = cron_job["metadata"]["uid"]
    running = [
        job["metadata"]["name"]
        for job in await cluster.all_of(JOBS)
        if any(owner["uid"] == uid for owner in job["metadata"].get("ownerReferences") or []) and not _verdict(job)
    ]
    if running and not wanted.allow_parallel:
        raise TargetError("{job} is running already: {names}.", job=wanted.job, names=", ".join(running))
    return cron_job, running


async def _execute(address: Address, wanted: RunJob, preview: Preview, progress: Progress) -> Text:
    async with opened(address) as cluster:
        cron_job, _ = await _look(cluster, wanted)
        known = {"uid": cron_job["metadata"]["uid"], "template_hash": digest_of(_template(cron_job))}
        if known != dict(preview.state):
            raise Changed("{name} no longer looks as it was shown; nothing was done.", name=wanted.job)
        name = await create_once(cluster, JOBS, _document(cron_job))
        await progress(say("{name} has started", name=name))
        await _until_over(cluster, name)
    return say("{name} is complete", name=name)


async def _until_over(cluster: Cluster, name: str) -> None:
    try:
        async with asyncio.timeout(_FOLLOW_LIMIT):
            for pause in growing():
                await asyncio.sleep(pause)
                try:
                    verdict = _verdict(await cluster.read(JOBS, name))
                except (Unreachable, TimedOut):
                    continue
                except Absent as error:
                    raise TargetError(
                        "{name} was started and is gone now; whether it was complete is not known.", name=name
                    ) from error
                if verdict == "Complete":
                    return
                if verdict:
                    raise TargetError("{name} has failed; look at the logs of its pods.", name=name)
    except TimeoutError as error:
        minutes = round(_FOLLOW_LIMIT / 60, 1)
        raise TimedOut("{name} was started and still runs after {minutes} min.", name=name, minutes=minutes) from error


def _verdict(job: Document) -> str:
    """`Complete` or `Failed`; empty while it runs."""
    conditions: list[dict[str, Any]] = (job.get("status") or {}).get("conditions") or []
    ends = [one["type"] for one in conditions if one["status"] == "True" and one["type"] in ("Complete", "Failed")]
    return ends[0] if ends else ""


def _template(cron_job: Document) -> Document:
    template: Document = cron_job["spec"]["jobTemplate"]["spec"]["template"]
    return template


def _document(cron_job: Document) -> Document:
    metadata, template = cron_job["metadata"], cron_job["spec"]["jobTemplate"]
    notes = (template.get("metadata") or {}).get("annotations") or {}
    owner = {"apiVersion": "batch/v1", "kind": "CronJob", "name": metadata["name"], "uid": metadata["uid"]}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": f"{metadata['name'][:_NAME_LIMIT]}-plantao-{datetime.now(UTC):%Y%m%d%H%M%S}",
            "labels": (template.get("metadata") or {}).get("labels") or {},
            "annotations": {**notes, "cronjob.kubernetes.io/instantiate": "manual"},
            "ownerReferences": [{**owner, "controller": True}],
        },
        "spec": template["spec"],
    }


RUN_JOB = Change("kubernetes.run_job", Address, RunJob, _LIMIT, _preview, _execute)
