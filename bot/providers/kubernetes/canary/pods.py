"""A canary by pods: two deployments behind one Service, whose share is that of their pods."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from bot.core.errors import TargetError
from bot.core.operation import Progress
from bot.core.preview import Line
from bot.core.text import Text, say
from bot.providers.kubernetes.annotating import annotating
from bot.providers.kubernetes.autoscalers import Autoscaler, autoscaler_of
from bot.providers.kubernetes.canary.ladder import SINCE, Note, Standing, is_way_back, percent
from bot.providers.kubernetes.canary.pair import (
    Pair,
    name_of,
    pair_of,
    require_ready,
    require_selected,
    selects,
    service_of,
)
from bot.providers.kubernetes.canary.sizes import Sizes, require_size, sizes_now
from bot.providers.kubernetes.canary.wanted import Canary
from bot.providers.kubernetes.cautions import general_cautions
from bot.providers.kubernetes.cluster import Cluster, Document
from bot.providers.kubernetes.once import once
from bot.providers.kubernetes.refusals import Changed
from bot.providers.kubernetes.resources import DEPLOYMENTS, PODS
from bot.providers.kubernetes.rollout import follow
from bot.providers.kubernetes.siblings import is_leaving
from bot.providers.kubernetes.workloads import annotations_of, counts_of

_FOLLOW_LIMIT: Final = 280.0
_SURGE: Final = "plantao/canary-surge"
_OVER: Final = frozenset({"Succeeded", "Failed"})


@dataclass(frozen=True, slots=True)
class ByPods:
    """The two deployments behind one Service, and how many pods of each there are and would be."""

    wanted: Canary
    pair: Pair
    service: Document
    autoscalers: tuple[Autoscaler, ...]
    now: Sizes
    standing: Standing
    stranger: str

    def require_possible(self) -> None:
        """Raise TargetError where the share would not be what it says, or would not last."""
        if is_way_back(self.wanted, self.standing):
            return
        if self.stranger:
            raise TargetError(
                "{pod} is behind the Service {service} and of neither deployment, so that the share would not be true.",
                pod=self.stranger,
                service=self.wanted.service,
            )
        for one in self.autoscalers:
            name = one.document["spec"]["scaleTargetRef"]["name"]
            raise TargetError(
                "An autoscaler decides how many pods {name} has ({least} to {most}), so that a share by pods would not "
                "last: take the autoscaler away for the canary, or share by weight at an Ingress or an HTTPRoute.",
                name=name,
                least=one.least,
                most=one.most,
            )
        require_ready(self.pair)
        require_size(self.wanted, self.now)

    async def try_out(self, cluster: Cluster) -> None:
        for deployment, count, _ in self._changes():
            await _patch(cluster, deployment, count, {}, is_dry_run=True)

    def lines(self) -> Iterator[Line]:
        now, then = self.now, self.now.at(self.wanted.share)
        yield Line(say("share of the canary"), f"{percent(now.share)}%", f"{percent(then.share)}%")
        yield Line(say("pods of {name}", name=self.wanted.canary), str(now.canary), str(then.canary))
        yield Line(say("pods of {name}", name=self.wanted.stable), str(now.stable), str(then.stable))
        yield Line(say("pods at most meanwhile"), str(now.present), str(now.meanwhile(then)))

    def state(self) -> dict[str, str]:
        return {**self.pair.state(), "service": self.service["metadata"]["uid"]}

    def warnings(self) -> Iterator[Text]:
        for deployment in (self.pair.stable, self.pair.canary):
            yield from general_cautions(deployment)
        if self.autoscalers:
            yield say("An autoscaler may change the number of pods again at any time.")
        if self.service["spec"].get("sessionAffinity") == "ClientIP":
            yield say("The Service keeps each client at one pod: the share of requests may differ from that of pods.")
        if missed := [f"{step}%" for step in self.wanted.steps if step > self.wanted.share and not self._fits(step)]:
            yield say("With {total} pods {steps} cannot be had later.", total=self.now.total, steps=", ".join(missed))
        if not self.now.at(self.wanted.share).stable:
            yield say("{stable} keeps no pod; going back begins with new ones.", stable=self.wanted.stable)

    def _fits(self, share: int) -> bool:
        return self.now.misses(share) <= self.wanted.tolerance

    async def move(self, cluster: Cluster, progress: Progress) -> Text:
        """First the deployment that grows, until all its pods are ready, then the one that shrinks."""
        then, canary, grown = self.now.at(self.wanted.share), self.pair.canary, ""
        for deployment, count, notes in self._changes():
            accepted = await _resize(cluster, deployment, count, notes, grown)
            seen = await follow(cluster, accepted, _FOLLOW_LIMIT, progress)
            _require_count(seen, count)
            grown, canary = name_of(seen), seen if deployment is self.pair.canary else canary
        said = say(
            "{canary} takes {share}% of the traffic: {count} of {total} pods",
            canary=self.wanted.canary,
            share=percent(then.share),
            count=then.canary,
            total=then.present,
        )
        try:
            await _write_down(cluster, canary, Note.now(self.wanted.share, self.pair.digest))
        except TargetError as error:
            raise TargetError(
                "{said}. Since when could not be written down, so that no step up follows: go back to 0% and begin "
                "again.",
                said=said,
            ) from error
        return said

    def _changes(self) -> Iterator[tuple[Document, int, dict[str, str]]]:
        """Each deployment with its number of pods, the one that grows first; that one says how many there are to be."""
        then = self.now.at(self.wanted.share)
        surge = {_SURGE: self.now.surge_to(then)}
        pairs = [(self.pair.canary, self.now.canary, then.canary), (self.pair.stable, self.now.stable, then.stable)]
        changing = [(deployment, after, after > before) for deployment, before, after in pairs if after != before]
        for deployment, after, is_growing in sorted(changing, key=lambda one: not one[2]):
            yield deployment, after, surge if is_growing else {}


async def by_pods(cluster: Cluster, wanted: Canary) -> ByPods:
    """What is there; refused where not both deployments, or not only they, are behind the Service."""
    pair, service = await pair_of(cluster, wanted), await service_of(cluster, wanted.service)
    require_selected(service, pair.stable)
    require_selected(service, pair.canary)
    found = [await autoscaler_of(cluster, name) for name in (wanted.stable, wanted.canary)]
    surges = [annotations_of(one).get(_SURGE, "") for one in (pair.stable, pair.canary)]
    now = sizes_now(counts_of(pair.stable).desired, counts_of(pair.canary).desired, surges)
    standing = Standing(now.step_of(wanted), now.share, Note.on(pair.canary), pair.digest)
    stranger = await _stranger(cluster, service, pair)
    return ByPods(wanted, pair, service, tuple(one for one in found if one), now, standing, stranger)


async def _stranger(cluster: Cluster, service: Document, pair: Pair) -> str:
    """A pod behind the Service that neither deployment has made."""
    selector = ",".join(f"{key}={value}" for key, value in service["spec"]["selector"].items())
    for pod in await cluster.all_of(PODS, labelSelector=selector):
        labels = pod["metadata"].get("labels") or {}
        is_theirs = any(selects(one["spec"]["selector"], labels) for one in (pair.stable, pair.canary))
        if not is_theirs and not is_leaving(pod) and (pod.get("status") or {}).get("phase") not in _OVER:
            return str(pod["metadata"]["name"])
    return ""


async def _resize(cluster: Cluster, deployment: Document, count: int, notes: dict[str, str], grown: str) -> Document:
    """The deployment as it was accepted; `grown` is the one that has its pods already, if there is one."""
    name = name_of(deployment)
    try:
        return await once(
            name,
            lambda: _patch(cluster, deployment, count, notes, is_dry_run=False),
            lambda: cluster.read(DEPLOYMENTS, name),
            lambda seen: counts_of(seen).desired == count,
        )
    except Changed as error:
        if not grown:
            raise
        raise TargetError(
            "Somebody else changed {name} at the same moment, after {grown} had been given its pods: the step stands "
            "half way. Go back to 0% and begin again.",
            name=name,
            grown=grown,
        ) from error


async def _patch(
    cluster: Cluster, deployment: Document, count: int, notes: dict[str, str], *, is_dry_run: bool
) -> Document:
    steps = [
        *_unchanged(deployment),
        {"op": "add", "path": "/spec/replicas", "value": count},
        *annotating(deployment, notes),
    ]
    return await cluster.patch(DEPLOYMENTS, deployment["metadata"]["name"], steps, is_dry_run=is_dry_run)


def _unchanged(deployment: Document) -> list[Document]:
    """Not by resource version: the status changes that all the time."""
    return [
        {"op": "test", "path": "/metadata/uid", "value": deployment["metadata"]["uid"]},
        {"op": "test", "path": "/spec/replicas", "value": counts_of(deployment).desired},
        {"op": "test", "path": "/spec/template", "value": deployment["spec"]["template"]},
    ]


def _require_count(deployment: Document, count: int) -> None:
    if counts_of(deployment).desired != count:
        raise TargetError(
            "{name} was scaled to {count} pods, then somebody else made it {now}.",
            name=deployment["metadata"]["name"],
            count=count,
            now=counts_of(deployment).desired,
        )


async def _write_down(cluster: Cluster, canary: Document, note: Note) -> None:
    """The moment from which the time at this step counts: when it was done, not when it began."""
    name = canary["metadata"]["name"]
    steps = [*_unchanged(canary), *annotating(canary, {SINCE: str(note)})]
    await once(
        name,
        lambda: cluster.patch(DEPLOYMENTS, name, steps, is_dry_run=False),
        lambda: cluster.read(DEPLOYMENTS, name),
        lambda seen: annotations_of(seen).get(SINCE) == str(note),
    )
