"""The smaller controllers: stateful sets keep their pods, replica sets adopt, autoscalers keep bounds, jobs end."""

from sandbox.world.kubernetes import documents, pod_states
from sandbox.world.kubernetes.images import Fate, Images
from sandbox.world.kubernetes.kubelet import Kubelet
from sandbox.world.kubernetes.resources import (
    AUTOSCALERS,
    CRON_JOBS,
    DEPLOYMENTS,
    JOBS,
    PODS,
    REPLICA_SETS,
    STATEFUL_SETS,
    Document,
    timestamp,
)
from sandbox.world.kubernetes.selection import labels_of, match_labels, matches
from sandbox.world.kubernetes.store import Store


class MoreControllers:
    """Runs beside the deployment controller, by its clock."""

    def __init__(self, store: Store, kubelet: Kubelet, images: Images) -> None:
        self._store = store
        self._kubelet = kubelet
        self._images = images

    def reconcile(self) -> bool:
        """Whether nothing is left to wait for."""
        is_settled = True
        for namespace in self._store.namespaces():
            for autoscaler in self._store.listing(AUTOSCALERS, namespace):
                self._keep_bounds(autoscaler)
            for stateful_set in self._store.listing(STATEFUL_SETS, namespace):
                is_settled = self._keep_pods(stateful_set) and is_settled
            for orphan in self._orphans(namespace):
                is_settled = self._keep_orphan(orphan) and is_settled
            is_settled = is_settled and all(map(_is_over, self._store.listing(JOBS, namespace)))
        return is_settled

    def step(self) -> None:
        """Each job starts in one step and ends in the next."""
        for namespace in self._store.namespaces():
            jobs = [job for job in self._store.listing(JOBS, namespace) if not _is_over(job)]
            for job in jobs:
                self._advance(job)
            for cron_job in self._store.listing(CRON_JOBS, namespace):
                cron_job["status"]["active"] = [
                    {"kind": "Job", "name": job["metadata"]["name"]}
                    for job in self._store.listing(JOBS, namespace)
                    if documents.is_owned_by(job, cron_job) and not _is_over(job)
                ]
                self._store.replace(CRON_JOBS, cron_job)

    def _keep_bounds(self, autoscaler: Document) -> None:
        metadata, spec = autoscaler["metadata"], autoscaler["spec"]
        deployment = self._store.find(DEPLOYMENTS, metadata["namespace"], spec["scaleTargetRef"]["name"])
        if deployment is None or not deployment["spec"]["replicas"]:
            return  # nought pods switch an autoscaler off
        wanted = min(max(deployment["spec"]["replicas"], spec.get("minReplicas", 1)), spec["maxReplicas"])
        deployment["spec"]["replicas"] = wanted
        self._store.replace(DEPLOYMENTS, deployment)
        current = deployment["status"].get("replicas", 0)
        autoscaler["status"] = autoscaler.get("status", {}) | {"currentReplicas": current, "desiredReplicas": wanted}
        self._store.replace(AUTOSCALERS, autoscaler)

    def _keep_pods(self, stateful_set: Document) -> bool:
        metadata, are_ready = stateful_set["metadata"], True
        for ordinal in range(stateful_set["spec"]["replicas"]):
            pod = self._store.find(PODS, metadata["namespace"], f"{metadata['name']}-{ordinal}")
            if pod is None:
                pod = self._kubelet.start(documents.stateful_pod(stateful_set, ordinal))
            are_ready = are_ready and pod_states.is_ready(pod)
        return are_ready

    def _orphans(self, namespace: str) -> list[Document]:
        return [pod for pod in self._store.listing(PODS, namespace) if not pod["metadata"].get("ownerReferences")]

    def _keep_orphan(self, pod: Document) -> bool:
        """A replica set takes a pod of nobody's for its own when its selector fits, the hash label and all."""
        for replica_set in self._store.listing(REPLICA_SETS, pod["metadata"]["namespace"]):
            if matches(labels_of(pod), match_labels(replica_set["spec"]["selector"])):
                pod["metadata"]["ownerReferences"] = [documents.owned_by(REPLICA_SETS, replica_set)]
                self._store.replace(PODS, pod)
                return False
        return pod_states.is_ready(pod)

    def _advance(self, job: Document) -> None:
        now, fate = timestamp(self._store.now()), self._images.fate(pod_states.image_of(job))
        if not job["status"]:
            job["status"] = {"active": 1, "startTime": now}
        elif fate is Fate.SLOW:
            return
        else:
            has_failed = fate is not Fate.HEALTHY
            kind, count = ("Failed", "failed") if has_failed else ("Complete", "succeeded")
            condition = {"type": kind, "status": "True", "lastTransitionTime": now}
            condition |= {"reason": "BackoffLimitExceeded", "message": "Job has reached the specified backoff limit"}
            job["status"] = {count: 1, "startTime": job["status"]["startTime"], "conditions": [condition]}
        self._store.replace(JOBS, job)


def _is_over(job: Document) -> bool:
    return bool(job["status"].get("conditions"))
