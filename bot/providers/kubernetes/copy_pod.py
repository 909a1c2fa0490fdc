"""One more pod of a deployment with one variable set otherwise, for a time: the pods that serve stay as they are."""

import asyncio
from typing import Final, NoReturn

from pydantic import Field

from bot.core.errors import TargetError, TimedOut, Unreachable
from bot.core.operation import Change, Progress
from bot.core.preview import Line, Preview
from bot.core.text import Text, plain, say
from bot.providers.kubernetes.address import Address
from bot.providers.kubernetes.approved import as_approved
from bot.providers.kubernetes.cluster import Cluster, Document, opened
from bot.providers.kubernetes.once import create_once, delete_once, find
from bot.providers.kubernetes.pauses import growing
from bot.providers.kubernetes.pod_copy import copy_of, name_of, require_ours, require_own_disk
from bot.providers.kubernetes.refusals import Changed, NoLog
from bot.providers.kubernetes.resources import PODS
from bot.providers.kubernetes.selection import main_container
from bot.providers.kubernetes.set_env import SetEnv, entry_of, require_allowed, shown_as
from bot.providers.kubernetes.siblings import is_ready, uid_of
from bot.providers.kubernetes.template_change import LIMIT, as_shown, container_of, rollable, state_of, warnings_of

_LOG_BYTES: Final = 512 * 1024
_HOPELESS: Final = frozenset({"CrashLoopBackOff", "ImagePullBackOff", "ErrImagePull", "CreateContainerConfigError"})


class CopyPod(SetEnv):
    """Which variable the copy gets, and its value; `remove` takes the copy away instead.

    From the catalog as well: after how many `seconds` Kubernetes itself ends the copy, and the words that its log has
    to show, `within` so many seconds, for the variable to have worked.
    """

    seconds: int = Field(ge=60, le=24 * 3600)
    says: str = Field("", max_length=100)
    within: int = Field(240, ge=1, le=240)


async def _preview(address: Address, wanted: CopyPod) -> Preview:
    require_allowed(wanted)
    async with opened(address) as cluster:
        pod = await find(cluster, PODS, name_of(wanted.name))
        if wanted.remove:
            return await _removal(cluster, wanted, pod)
        if pod is not None:
            raise TargetError("There is a copy already: {pod}.", pod=pod["metadata"]["name"])
        deployment = await rollable(cluster, wanted.name)
        require_own_disk(deployment)
        await cluster.create(PODS, copy_of(deployment, wanted, wanted.seconds), is_dry_run=True)
    entry = entry_of(container_of(deployment, wanted.container)[1], wanted)
    return Preview(
        lines=(
            Line(say("copy of a pod"), "-", name_of(wanted.name)),
            Line(plain(wanted.variable), shown_as(wanted, entry and entry[1]), shown_as(wanted, wanted.value)),
            Line(say("ends by itself after"), "", f"{wanted.seconds // 60} min"),
        ),
        state=_state(deployment),
        arguments=_arguments(wanted, remove=False),
        warnings=(say("It takes its part of the users' requests, as every pod does."), *warnings_of(deployment)),
        undo=_arguments(wanted, remove=True),
    )


async def _removal(cluster: Cluster, wanted: CopyPod, pod: Document | None) -> Preview:
    if pod is None:
        raise TargetError("There is no copy of {name} any more: nothing is left to take away.", name=wanted.name)
    require_ours(pod, wanted.name)
    await cluster.delete(PODS, pod, is_dry_run=True)
    return Preview(
        lines=(Line(say("copy of a pod"), pod["metadata"]["name"], "-"),),
        state={"uid": uid_of(pod)},
        arguments=_arguments(wanted, remove=True),
        undo=_arguments(wanted, remove=False),
    )


async def _execute(address: Address, wanted: CopyPod, preview: Preview, progress: Progress) -> Text:
    wanted = as_approved(wanted, preview)
    require_allowed(wanted)
    async with opened(address) as cluster:
        if wanted.remove:
            return await _removed(cluster, wanted, preview.state["uid"])
        deployment = await as_shown(cluster, wanted.name, preview)
        name = await create_once(cluster, PODS, copy_of(deployment, wanted, wanted.seconds))
        await progress(say("{name} was made", name=name))
        try:
            await _until_it_works(cluster, wanted)
        except TargetError as error:
            await _give_up(cluster, wanted, error)
    return say(
        "{name} runs with {variable}={value}", name=name, variable=wanted.variable, value=shown_as(wanted, wanted.value)
    )


async def _removed(cluster: Cluster, wanted: CopyPod, uid: str) -> Text:
    pod = await find(cluster, PODS, name_of(wanted.name))
    if pod is None or uid_of(pod) != uid:
        raise Changed("{name} no longer looks as it was shown; nothing was done.", name=name_of(wanted.name))
    require_ours(pod, wanted.name)
    await delete_once(cluster, PODS, pod, lambda: cluster.delete(PODS, pod, is_dry_run=False))
    return say("{name} was taken away", name=name_of(wanted.name))


async def _until_it_works(cluster: Cluster, wanted: CopyPod) -> None:
    """Until it is ready and has said what it should."""
    log = b""
    try:
        async with asyncio.timeout(wanted.within):
            for pause in growing():
                await asyncio.sleep(pause)
                try:
                    pod = await cluster.read(PODS, name_of(wanted.name))
                    require_ours(pod, wanted.name)
                    _require_hope(pod)
                    if not is_ready(pod):
                        continue
                    if not wanted.says:
                        return
                    log = await _log(cluster, pod, wanted)
                    if wanted.says.encode() in log:
                        return
                except (TimedOut, Unreachable):
                    continue
    except TimeoutError as error:
        raise _too_late(wanted, is_cut=len(log) >= _LOG_BYTES) from error


def _too_late(wanted: CopyPod, *, is_cut: bool) -> TimedOut:
    if is_cut:
        return TimedOut(
            "{pod} was made, but within {seconds} s it did not write “{words}” into the first {size} KiB of its log; "
            "what came later was not read.",
            pod=name_of(wanted.name),
            seconds=wanted.within,
            words=wanted.says,
            size=_LOG_BYTES // 1024,
        )
    return TimedOut(
        "{pod} was made, but within {seconds} s it was not ready, or did not write “{words}”.",
        pod=name_of(wanted.name),
        seconds=wanted.within,
        words=wanted.says,
    )


def _require_hope(pod: Document) -> None:
    statuses = (pod.get("status") or {}).get("containerStatuses") or []
    reasons = {((one.get("state") or {}).get("waiting") or {}).get("reason", "") for one in statuses}
    if hopeless := sorted(reasons & _HOPELESS):
        raise TargetError("{pod} does not start: {reason}.", pod=pod["metadata"]["name"], reason=hopeless[0])


async def _log(cluster: Cluster, pod: Document, wanted: CopyPod) -> bytes:
    """The beginning of what it wrote so far."""
    query = {"container": wanted.container or main_container(pod), "limitBytes": str(_LOG_BYTES)}
    try:
        return await cluster.log(pod["metadata"]["name"], query, _LOG_BYTES)
    except NoLog:
        return b""


async def _give_up(cluster: Cluster, wanted: CopyPod, error: TargetError) -> NoReturn:
    """Take away what did not work; what cannot be taken away ends by itself."""
    try:
        pod = await find(cluster, PODS, name_of(wanted.name))
        if pod is not None:
            require_ours(pod, wanted.name)
            await delete_once(cluster, PODS, pod, lambda: cluster.delete(PODS, pod, is_dry_run=False))
    except TargetError as left:
        raise TargetError(
            "{reason} {pod} was not seen to go: {why} Kubernetes ends it {minutes} min after its start.",
            reason=error.text,
            pod=name_of(wanted.name),
            why=left.text,
            minutes=wanted.seconds // 60,
        ) from error
    raise TargetError("{reason} It was taken away again.", reason=error.text) from error


def _state(deployment: Document) -> dict[str, str]:
    """How many pods there are does not matter to a copy."""
    return {key: value for key, value in state_of(deployment).items() if key != "replicas"}


def _arguments(wanted: CopyPod, *, remove: bool) -> dict[str, str]:
    return {
        "name": wanted.name,
        "container": wanted.container,
        "variable": wanted.variable,
        "value": wanted.value,
        "seconds": str(wanted.seconds),
        "remove": str(remove).lower(),
    }


COPY_POD = Change("kubernetes.copy_pod", Address, CopyPod, LIMIT, _preview, _execute)
