"""The deployment controller: makes ReplicaSets and pods follow what a Deployment asks for."""

import asyncio
from dataclasses import dataclass
from itertools import chain

from sandbox.world.kubernetes import documents, pod_states
from sandbox.world.kubernetes.deployment_status import Counts, is_complete, status_of
from sandbox.world.kubernetes.kubelet import Kubelet
from sandbox.world.kubernetes.more_controllers import MoreControllers
from sandbox.world.kubernetes.occurrences import Occurrences
from sandbox.world.kubernetes.resources import DEPLOYMENTS, PODS, REPLICA_SETS, Document
from sandbox.world.kubernetes.store import Store


@dataclass
class Family:
    """A Deployment's ReplicaSets, that of its present template apart from the others, and the pods of each."""

    current: Document
    older: list[Document]
    pods: dict[str, list[Document]]

    def all_pods(self) -> list[Document]:
        return list(chain.from_iterable(self.pods.values()))

    def pods_of(self, replica_set: Document) -> list[Document]:
        return self.pods[replica_set["metadata"]["name"]]

    def ready_of(self, replica_set: Document) -> int:
        return sum(map(pod_states.is_ready, self.pods_of(replica_set)))

    def ready(self) -> int:
        return sum(map(pod_states.is_ready, self.all_pods()))


class DeploymentController:
    """Surges by one pod and never takes a ready one away too early, whatever the strategy says."""

    def __init__(self, store: Store, kubelet: Kubelet, others: MoreControllers, pace: float) -> None:
        self._store = store
        self._kubelet = kubelet
        self._others = others
        self._events = Occurrences(store, "deployment-controller")
        self._pace = pace
        self._is_settled = False

    async def run(self) -> None:
        """Reacts to each change at once, and lets the pods live on by one step every `pace` seconds."""
        loop = asyncio.get_running_loop()
        next_step = loop.time() + self._pace
        while True:
            try:
                async with asyncio.timeout_at(next_step):
                    await self._store.changed.wait()
            except TimeoutError:
                next_step = loop.time() + self._pace
                if self._is_settled:
                    continue
                self._kubelet.step()
                self._others.step()
            self._store.changed.clear()
            self.reconcile()

    def reconcile(self) -> None:
        self._is_settled = self._others.reconcile()
        for namespace in self._store.namespaces():
            for deployment in self._store.listing(DEPLOYMENTS, namespace):
                self._reconcile(deployment)

    def _reconcile(self, deployment: Document) -> None:
        current = self._current_replica_set(deployment)
        family = self._family(deployment, current)
        before = self._store.version
        self._scale(deployment, family)
        if self._store.version != before:
            family = self._family(deployment, current)
        self._report(deployment, family)
        if not is_complete(deployment) or family.ready() != len(family.all_pods()):
            self._is_settled = False

    def _current_replica_set(self, deployment: Document) -> Document:
        """The ReplicaSet of the present template; an old one is taken again, under a new revision number."""
        siblings = self._replica_sets(deployment)
        newest = max((documents.revision_of(sibling) for sibling in siblings), default=0)
        digest = documents.template_hash(deployment["spec"]["template"])
        name = f"{deployment['metadata']['name']}-{digest}"
        held = next((sibling for sibling in siblings if sibling["metadata"]["name"] == name), None)
        if held is None:
            return self._store.create(REPLICA_SETS, documents.replica_set(deployment, newest + 1))
        annotations = held["metadata"]["annotations"] | documents.inherited_annotations(deployment)
        if (revision := documents.revision_of(held)) < newest:
            past = annotations.get(documents.REVISION_HISTORY)
            annotations[documents.REVISION_HISTORY] = f"{past},{revision}" if past else str(revision)
            annotations[documents.REVISION] = str(newest + 1)
        held["metadata"]["annotations"] = annotations
        return self._store.replace(REPLICA_SETS, held)

    def _replica_sets(self, deployment: Document) -> list[Document]:
        listed = self._store.listing(REPLICA_SETS, deployment["metadata"]["namespace"])
        return [replica_set for replica_set in listed if documents.is_owned_by(replica_set, deployment)]

    def _family(self, deployment: Document, current: Document) -> Family:
        siblings = self._replica_sets(deployment)
        pods = self._store.listing(PODS, deployment["metadata"]["namespace"])
        return Family(
            current=next(one for one in siblings if one["metadata"]["uid"] == current["metadata"]["uid"]),
            older=[one for one in siblings if one["metadata"]["uid"] != current["metadata"]["uid"]],
            pods={
                one["metadata"]["name"]: [pod for pod in pods if documents.is_owned_by(pod, one)] for one in siblings
            },
        )

    def _scale(self, deployment: Document, family: Family) -> None:
        desired = deployment["spec"]["replicas"]
        older = self._older_sizes(family, desired)
        for replica_set, size in zip(family.older, older, strict=True):
            self._resize(deployment, family, replica_set, size)
        room = desired + 1 - sum(older) if any(older) else desired
        present = family.current["spec"]["replicas"]
        self._resize(deployment, family, family.current, min(desired, max(present, room)))

    @staticmethod
    def _older_sizes(family: Family, desired: int) -> list[int]:
        """Shrinks the older sets as far as `desired` pods stay ready, those that are not ready first."""
        sizes = [replica_set["spec"]["replicas"] for replica_set in family.older]
        present = family.current["spec"]["replicas"]
        unready_new = present - family.ready_of(family.current)
        removable = max(0, sum(sizes) + present - desired - unready_new)
        for index, replica_set in enumerate(family.older):
            leaving = min(removable, max(0, sizes[index] - family.ready_of(replica_set)))
            sizes[index] -= leaving
            removable -= leaving
        surplus = max(0, family.ready() - desired)
        for index, size in enumerate(sizes):
            leaving = min(size, surplus)
            sizes[index] -= leaving
            surplus -= leaving
        return sizes

    def _resize(self, deployment: Document, family: Family, replica_set: Document, size: int) -> None:
        pods = family.pods_of(replica_set)
        for _ in range(size - len(pods)):
            self._kubelet.start(documents.pod(replica_set))
        for pod in sorted(pods, key=pod_states.is_ready, reverse=True)[size:]:
            self._store.delete(PODS, pod["metadata"]["namespace"], pod["metadata"]["name"])
        before = replica_set["spec"]["replicas"]
        if size == before:
            return
        replica_set["spec"]["replicas"] = size
        self._store.replace(REPLICA_SETS, replica_set)
        name, direction = replica_set["metadata"]["name"], "up" if size > before else "down"
        message = f"Scaled {direction} replica set {name} from {before} to {size}"
        self._events.normal(deployment, "ScalingReplicaSet", message)

    def _report(self, deployment: Document, family: Family) -> None:
        for replica_set in (family.current, *family.older):
            self._report_replica_set(replica_set, family)
        counts = Counts(all=len(family.all_pods()), updated=len(family.pods_of(family.current)), ready=family.ready())
        name, revision = family.current["metadata"]["name"], documents.revision_of(family.current)
        deployment["metadata"].setdefault("annotations", {})[documents.REVISION] = str(revision)
        deployment["status"] = status_of(deployment, name, counts, self._store.now())
        self._store.replace(DEPLOYMENTS, deployment)

    def _report_replica_set(self, replica_set: Document, family: Family) -> None:
        ready = family.ready_of(replica_set)
        status = {
            "replicas": len(family.pods_of(replica_set)),
            "observedGeneration": replica_set["metadata"]["generation"],
        }
        replica_set["status"] = status | ({"readyReplicas": ready, "availableReplicas": ready} if ready else {})
        self._store.replace(REPLICA_SETS, replica_set)
