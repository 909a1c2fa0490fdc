"""What stands beside the application in its namespace: databases, an autoscaler, a secret, jobs by the clock."""

from datetime import timedelta

from sandbox.world.kubernetes import documents, pod_states
from sandbox.world.kubernetes.deployment_status import Counts, status_of
from sandbox.world.kubernetes.nodes import node_for
from sandbox.world.kubernetes.resources import (
    AUTOSCALERS,
    CRON_JOBS,
    DEPLOYMENTS,
    PODS,
    REPLICA_SETS,
    SECRETS,
    STATEFUL_SETS,
    Document,
    timestamp,
)
from sandbox.world.kubernetes.store import Store

FAKE_CRM_KEY = "crm-0000FAKE0000FAKE0000"  # invented, so that a test can look for it where it must not be
_AGE = timedelta(days=60)
_ROTATED = timedelta(days=12)


def seed_companions(store: Store, namespace: str) -> None:
    """To be called after the application is there."""
    created = {"namespace": namespace, "creationTimestamp": timestamp(store.now() - _AGE)}
    _seed_postgresql(store, created)
    _seed_redis(store, created)
    store.create(SECRETS, _secret(store, created))
    for name in ("backup-postgresql", "crm-resync"):
        store.create(CRON_JOBS, _cron_job(name, created))


def autoscaler(namespace: str, deployment: str, least: int, most: int) -> Document:
    """An autoscaler that aims at 70 % of the requested processor time."""
    aim = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}}}
    now = {
        "type": "Resource",
        "resource": {"name": "cpu", "current": {"averageUtilization": 48, "averageValue": "240m"}},
    }
    return {
        "apiVersion": AUTOSCALERS.api_version,
        "kind": AUTOSCALERS.kind,
        "metadata": {"name": deployment, "namespace": namespace},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": deployment},
            "minReplicas": least,
            "maxReplicas": most,
            "metrics": [aim],
        },
        "status": {"currentReplicas": least, "desiredReplicas": least, "currentMetrics": [now]},
    }


def _seed_postgresql(store: Store, created: Document) -> None:
    template = documents.pod_template("postgresql", "postgres:15.8", {"POSTGRES_DB": "agente"})
    stateful_set = store.create(
        STATEFUL_SETS,
        {
            "apiVersion": STATEFUL_SETS.api_version,
            "kind": STATEFUL_SETS.kind,
            "metadata": {**created, "name": "postgresql", "labels": {"app": "postgresql"}},
            "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "postgresql"}}, "template": template},
            "status": {"replicas": 1, "readyReplicas": 1},
        },
    )
    _run(store, documents.stateful_pod(stateful_set, 0), created)


def _seed_redis(store: Store, created: Document) -> None:
    template = documents.pod_template("redis", "redis:7.2.5", {})
    deployment = documents.deployment(created["namespace"], "redis", 1, template)
    deployment["metadata"] |= {**created, "annotations": {documents.REVISION: "1"}}
    deployment = store.create(DEPLOYMENTS, deployment)
    replica_set = documents.replica_set(deployment, 1)
    replica_set["metadata"] |= created
    replica_set["spec"]["replicas"] = 1
    replica_set = store.create(REPLICA_SETS, replica_set)
    _run(store, documents.pod(replica_set), created)
    counts = Counts(all=1, updated=1, ready=1)
    deployment["status"] = status_of(deployment, replica_set["metadata"]["name"], counts, store.now() - _AGE)
    store.replace(DEPLOYMENTS, deployment)


def _run(store: Store, pod: Document, created: Document) -> None:
    pod["metadata"] |= created
    pod["spec"]["nodeName"] = node_for(store, pod)
    pod["status"] = pod_states.running(pod, store.now() - _AGE)
    store.create(PODS, pod)


def _secret(store: Store, created: Document) -> Document:
    written = {"manager": "external-secrets", "operation": "Update", "apiVersion": "v1"}
    fields: Document = {"f:data": {".": {}, "f:api-key": {}, "f:endpoint": {}}, "f:type": {}}
    return {
        "apiVersion": "v1",
        "kind": SECRETS.kind,
        "metadata": {
            **created,
            "name": "crm-credentials",
            "managedFields": [{**written, "time": timestamp(store.now() - _ROTATED), "fieldsV1": fields}],
        },
        "type": "Opaque",
        "data": {"api-key": FAKE_CRM_KEY, "endpoint": "aHR0cHM6Ly9jcm0uZXhhbXBsZS5jb20="},
    }


def _cron_job(name: str, created: Document) -> Document:
    template = documents.pod_template(name, f"{name}:1.4.0", {})
    return {
        "apiVersion": CRON_JOBS.api_version,
        "kind": CRON_JOBS.kind,
        "metadata": {**created, "name": name},
        "spec": {"schedule": "0 3 * * *", "suspend": False, "jobTemplate": {"spec": {"template": template}}},
        "status": {},
    }
