"""How the world is found: the system "Agente de IA" in production, in good health."""

from datetime import timedelta

from sandbox.world.entrance import seed_entrance
from sandbox.world.kubernetes import documents, pod_states
from sandbox.world.kubernetes.companions import seed_companions
from sandbox.world.kubernetes.deployment_status import Counts, status_of
from sandbox.world.kubernetes.documents import CHANGE_CAUSE, REVISION
from sandbox.world.kubernetes.nodes import node_for, seed_nodes
from sandbox.world.kubernetes.resources import (
    BUDGETS,
    DEPLOYMENTS,
    NAMESPACES,
    PODS,
    REPLICA_SETS,
    Document,
    Resource,
    timestamp,
)
from sandbox.world.kubernetes.store import Store

NAMESPACE = "production"
API = "agente-api"
WORKER = "agente-worker"
CANARY = f"{API}-canary"

_ENVIRONMENT = {"ENVIRONMENT": "production", "DB_POOL_SIZE": "20", "CACHE_TTL": "1800"}
_API_HISTORY = (
    (f"{API}:2.3.0", "release 2.3.0 by ana.souza (pipeline 1791)", timedelta(days=23)),
    (f"{API}:2.3.1", "hotfix 2.3.1 by bruno.lima (pipeline 1815)", timedelta(days=9)),
    (f"{API}:2.4.0", "release 2.4.0 by ana.souza (pipeline 1843)", timedelta(hours=26)),
)
_WORKER_HISTORY = ((f"{WORKER}:2.4.0", "release 2.4.0 by ana.souza (pipeline 1844)", timedelta(hours=26)),)
_CANARY_HISTORY = ((f"{API}:2.5.0", "release 2.5.0 by ana.souza (pipeline 1850)", timedelta(minutes=40)),)
_LIFETIME = timedelta(days=140)


def seed(store: Store) -> None:
    for namespace in ("default", "kube-system", NAMESPACE):
        created = timestamp(store.now() - _LIFETIME)
        metadata = {"name": namespace, "creationTimestamp": created}
        document = {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata, "status": {"phase": "Active"}}
        store.create(NAMESPACES, document)
    seed_nodes(store)
    seed_workload(store, API, 3, _API_HISTORY)
    seed_workload(store, WORKER, 1, _WORKER_HISTORY)
    seed_workload(store, CANARY, 1, _CANARY_HISTORY)
    seed_entrance(store, NAMESPACE, API, CANARY)
    store.create(BUDGETS, _budget(API, 2))
    seed_companions(store, NAMESPACE)


def seed_workload(store: Store, name: str, replicas: int, history: tuple[tuple[str, str, timedelta], ...]) -> None:
    """A Deployment with the ReplicaSets of its past releases and the pods of the newest."""
    template = documents.pod_template(name, history[0][0], _ENVIRONMENT)
    deployment = _create(store, DEPLOYMENTS, documents.deployment(NAMESPACE, name, replicas, template), _LIFETIME)
    for revision, (image, cause, age) in enumerate(history, start=1):
        deployment["spec"]["template"] = documents.pod_template(name, image, _ENVIRONMENT)
        deployment["metadata"]["annotations"] = {CHANGE_CAUSE: cause, REVISION: str(revision)}
        newest = _create(store, REPLICA_SETS, documents.replica_set(deployment, revision), age)
        deployment = store.replace(DEPLOYMENTS, deployment)
    newest["spec"]["replicas"] = replicas
    newest = store.replace(REPLICA_SETS, newest)
    for _ in range(replicas):
        pod = documents.pod(newest)
        pod["spec"]["nodeName"] = node_for(store, pod)
        pod["status"] = pod_states.running(pod, store.now() - age)
        _create(store, PODS, pod, age)
    counts = Counts(all=replicas, updated=replicas, ready=replicas)
    deployment["status"] = status_of(deployment, newest["metadata"]["name"], counts, store.now() - age)
    store.replace(DEPLOYMENTS, deployment)


def _create(store: Store, resource: Resource, document: Document, age: timedelta) -> Document:
    document["metadata"]["creationTimestamp"] = timestamp(store.now() - age)
    return store.create(resource, document)


def _budget(app: str, needed: int) -> Document:
    return {
        "apiVersion": BUDGETS.api_version,
        "kind": BUDGETS.kind,
        "metadata": {"name": app, "namespace": NAMESPACE},
        "spec": {"minAvailable": needed, "selector": {"matchLabels": {"app": app}}},
    }
