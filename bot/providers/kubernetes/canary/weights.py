"""A canary by weight: an Ingress of nginx or a route of the Gateway API sends it its share, whatever its pods."""

from collections.abc import Iterator
from dataclasses import dataclass

from bot.core.errors import TargetError
from bot.core.operation import Progress
from bot.core.preview import Line
from bot.core.text import Text, say
from bot.providers.kubernetes.annotating import annotating
from bot.providers.kubernetes.canary.http_route import route_split
from bot.providers.kubernetes.canary.ingress import ingress_split
from bot.providers.kubernetes.canary.ladder import SINCE, Note, Standing, is_way_back, percent
from bot.providers.kubernetes.canary.pair import Pair, pair_of, require_ready
from bot.providers.kubernetes.canary.splits import Split
from bot.providers.kubernetes.canary.wanted import Canary
from bot.providers.kubernetes.cautions import general_cautions
from bot.providers.kubernetes.cluster import Cluster, Document
from bot.providers.kubernetes.once import once
from bot.providers.kubernetes.workloads import annotations_of


@dataclass(frozen=True, slots=True)
class ByWeight:
    """The two deployments, each behind a Service of its own, and what holds the weight."""

    wanted: Canary
    pair: Pair
    split: Split
    standing: Standing

    def require_possible(self) -> None:
        """Raise TargetError where those who would take more traffic are not ready to."""
        stable, canary = self.pair.counts
        if is_way_back(self.wanted, self.standing):
            if not stable.available:
                raise TargetError(
                    "{stable} has no pod that is ready, so that going back would lose the traffic: give it pods first.",
                    stable=self.wanted.stable,
                )
            return
        require_ready(self.pair)
        if not canary.available:
            raise TargetError(
                "{canary} has no pod that is ready, so that its share would be lost: give it pods first.",
                canary=self.wanted.canary,
            )

    async def try_out(self, cluster: Cluster) -> None:
        await self._patch(cluster, Note.now(self.wanted.share, self.pair.digest), is_dry_run=True)

    def lines(self) -> Iterator[Line]:
        stable, canary = self.pair.counts
        yield Line(say("share of the canary"), f"{percent(self.split.share)}%", f"{self.wanted.share}%")
        for name, counts in ((self.wanted.canary, canary), (self.wanted.stable, stable)):
            yield Line(say("pods of {name}", name=name), str(counts.desired), str(counts.desired))

    def state(self) -> dict[str, str]:
        held = self.split.document["metadata"]["uid"]
        return {**self.pair.state(), "holder": held, "share": percent(self.split.share)}

    def warnings(self) -> Iterator[Text]:
        for deployment in (self.pair.stable, self.pair.canary):
            yield from general_cautions(deployment)
        yield from self.split.cautions
        stable, canary = self.pair.counts
        together = stable.available + canary.available
        if not is_way_back(self.wanted, self.standing) and 100 * canary.available < self.wanted.share * together:
            yield say(
                "{canary} has {ready} of {together} pods and would take {share}% of the traffic.",
                canary=self.wanted.canary,
                ready=canary.available,
                together=together,
                share=self.wanted.share,
            )

    async def move(self, cluster: Cluster, progress: Progress) -> Text:
        canary = self.pair.counts[1]
        await progress(
            say(
                "{canary}: {ready} of {desired} pods ready, its share becomes {share}%",
                canary=self.wanted.canary,
                ready=canary.available,
                desired=canary.desired,
                share=self.wanted.share,
            )
        )
        note, name = Note.now(self.wanted.share, self.pair.digest), self.split.document["metadata"]["name"]
        await once(
            name,
            lambda: self._patch(cluster, note, is_dry_run=False),
            lambda: cluster.read(self.split.resource, name),
            lambda seen: annotations_of(seen).get(SINCE) == str(note),
        )
        return say(
            "{canary} takes {share}% of the traffic, by weight at {name}",
            canary=self.wanted.canary,
            share=self.wanted.share,
            name=name,
        )

    async def _patch(self, cluster: Cluster, note: Note, *, is_dry_run: bool) -> Document:
        """The weight and the note in one step; refused when anything at the object has changed since it was read."""
        document = self.split.document
        metadata = document["metadata"]
        steps = [
            {"op": "test", "path": "/metadata/uid", "value": metadata["uid"]},
            {"op": "test", "path": "/metadata/resourceVersion", "value": metadata["resourceVersion"]},
            *self.split.edits(self.wanted.share),
            *annotating(document, {SINCE: str(note)}),
        ]
        return await cluster.patch(self.split.resource, metadata["name"], steps, is_dry_run=is_dry_run)


async def by_weight(cluster: Cluster, wanted: Canary) -> ByWeight:
    """What is there; refused where the weight would not decide between these two deployments and nothing else."""
    pair = await pair_of(cluster, wanted)
    if wanted.ingress:
        split = await ingress_split(cluster, wanted.ingress, pair)
    else:
        split = await route_split(cluster, wanted.http_route, pair)
    share = split.share
    step = next((one for one in (0, *wanted.steps) if one == share), None)
    return ByWeight(wanted, pair, split, Standing(step, share, Note.on(split.document), pair.digest))
