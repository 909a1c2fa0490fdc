"""The state of the world in one JSON object, for the sandbox's page and for tests."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from sandbox.world.docker.container import Container
from sandbox.world.kubernetes.cluster import Cluster
from sandbox.world.kubernetes.documents import change_cause_of, is_owned_by, revision_of
from sandbox.world.kubernetes.pod_states import image_of, is_ready, restarts_of, waiting_reason
from sandbox.world.kubernetes.resources import DEPLOYMENTS, PODS, REPLICA_SETS, Document
from sandbox.world.neighbours import Neighbours
from sandbox.world.patient import Patient
from sandbox.world.seed import NAMESPACE
from sandbox.world.service import Service

State = dict[str, Any]


def observe(cluster: Cluster, patient: Patient, service: Service, neighbours: Neighbours) -> State:
    return {
        "namespace": NAMESPACE,
        "deployments": {
            deployment["metadata"]["name"]: _deployment(cluster, deployment)
            for deployment in cluster.store.listing(DEPLOYMENTS, NAMESPACE)
        },
        "pods": [_pod(pod) for pod in cluster.store.listing(PODS, NAMESPACE)],
        "writes": [write.describe() for write in cluster.writes],
        "redis": {"state": patient.state.value},
        "service": {
            "latency_ms": round(service.conditions.latency_seconds * 1000),
            "status": service.conditions.status,
            "version": service.conditions.version,
            "hangs": not service.conditions.answering.is_set(),
            "down": sorted(service.conditions.down),
        },
        "kubernetes": {
            "latency_ms": round(cluster.faults.latency_seconds * 1000),
            "down": cluster.faults.is_down,
            "forbid": sorted(cluster.access.withdrawn),
            "lose_answer": cluster.faults.lose_answers,
            "metrics": cluster.faults.has_metrics,
        },
        "containers": {
            one.name: _container(one, engine.now) for engine in neighbours.docker.values() for one in engine.present()
        },
        "mails": [asdict(mail) for mail in neighbours.mailbox.mails],
        "ill": dict(neighbours.ill),
    }


def _container(one: Container, now: datetime) -> State:
    return {"state": one.status, "health": one.health(now), "image": one.config["Image"], "started": str(one.started)}


def _deployment(cluster: Cluster, deployment: Document) -> State:
    owned = [one for one in cluster.store.listing(REPLICA_SETS, NAMESPACE) if is_owned_by(one, deployment)]
    return {
        "image": image_of(deployment),
        "revision": revision_of(deployment),
        "change_cause": change_cause_of(deployment),
        "generation": deployment["metadata"]["generation"],
        "replicas": deployment["spec"]["replicas"],
        "updated": deployment["status"].get("updatedReplicas", 0),
        "ready": deployment["status"].get("readyReplicas", 0),
        "rolled_out": _is_rolled_out(deployment),
        "patches": cluster.patches()[deployment["metadata"]["name"]],
        "revisions": [_revision(one) for one in sorted(owned, key=revision_of)],
    }


def _is_rolled_out(deployment: Document) -> bool:
    status, wanted = deployment["status"], deployment["spec"]["replicas"]
    pods = (status.get("replicas", 0), status.get("updatedReplicas", 0), status.get("readyReplicas", 0))
    return bool(status["observedGeneration"] == deployment["metadata"]["generation"] and set(pods) == {wanted})


def _revision(replica_set: Document) -> State:
    return {
        "revision": revision_of(replica_set),
        "image": image_of(replica_set),
        "change_cause": change_cause_of(replica_set),
        "created": replica_set["metadata"]["creationTimestamp"],
        "replicas": replica_set["spec"]["replicas"],
    }


def _pod(pod: Document) -> State:
    return {
        "name": pod["metadata"]["name"],
        "image": image_of(pod),
        "ready": is_ready(pod),
        "restarts": restarts_of(pod),
        "reason": waiting_reason(pod),
    }
