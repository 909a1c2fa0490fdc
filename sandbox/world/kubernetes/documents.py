"""Builds the objects of a workload: the Deployment, its ReplicaSets, their pods."""

import hashlib
import json
import secrets
from copy import deepcopy
from typing import Any

from sandbox.world.kubernetes.resources import DEPLOYMENTS, REPLICA_SETS, STATEFUL_SETS, Document, Resource

REVISION = "deployment.kubernetes.io/revision"
REVISION_HISTORY = "deployment.kubernetes.io/revision-history"
CHANGE_CAUSE = "kubernetes.io/change-cause"
HASH_LABEL = "pod-template-hash"

_NAME_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
_NOT_COPIED_TO_REPLICA_SET = {REVISION, REVISION_HISTORY, "kubectl.kubernetes.io/last-applied-configuration"}


def deployment(namespace: str, name: str, replicas: int, template: Document) -> Document:
    return {
        "apiVersion": DEPLOYMENTS.api_version,
        "kind": DEPLOYMENTS.kind,
        "metadata": {"name": name, "namespace": namespace, "labels": {"app": name}, "annotations": {}},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": template,
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
            "revisionHistoryLimit": 10,
            "progressDeadlineSeconds": 30,
        },
        "status": {},
    }


def pod_template(app: str, image: str, environment: dict[str, str]) -> Document:
    container: dict[str, Any] = {
        "name": app,
        "image": image,
        "env": [{"name": name, "value": value} for name, value in environment.items()],
        "ports": [{"containerPort": 8000, "protocol": "TCP"}],
        "readinessProbe": {"httpGet": {"path": "/health", "port": 8000}, "periodSeconds": 5},
        "resources": {"requests": {"cpu": "500m", "memory": "1Gi"}, "limits": {"cpu": "1", "memory": "2Gi"}},
    }
    return {"metadata": {"labels": {"app": app}}, "spec": {"containers": [container], "restartPolicy": "Always"}}


def template_hash(template: Document) -> str:
    """The same for equal templates only, whatever hash label they carry."""
    digest = hashlib.sha256(json.dumps(bare_template(template), sort_keys=True).encode()).digest()
    return "".join(_NAME_ALPHABET[byte % len(_NAME_ALPHABET)] for byte in digest[:10])


def bare_template(template: Document) -> Document:
    """A template without its hash label, which a rollback copies along and the API server's hash ignores."""
    bare = deepcopy(template)
    (bare.get("metadata", {}).get("labels") or {}).pop(HASH_LABEL, None)
    return bare


def replica_set(owner: Document, revision: int) -> Document:
    """The empty ReplicaSet of a Deployment's present template."""
    template = bare_template(owner["spec"]["template"])
    digest = template_hash(template)
    labels = template["metadata"]["labels"] | {HASH_LABEL: digest}
    template["metadata"]["labels"] = labels
    return {
        "apiVersion": REPLICA_SETS.api_version,
        "kind": REPLICA_SETS.kind,
        "metadata": {
            "name": f"{owner['metadata']['name']}-{digest}",
            "namespace": owner["metadata"]["namespace"],
            "labels": dict(labels),
            "annotations": inherited_annotations(owner) | {REVISION: str(revision)},
            "ownerReferences": [owned_by(DEPLOYMENTS, owner)],
        },
        "spec": {
            "replicas": 0,
            "selector": {"matchLabels": owner["spec"]["selector"]["matchLabels"] | {HASH_LABEL: digest}},
            "template": template,
        },
        "status": {"replicas": 0},
    }


def inherited_annotations(owner: Document) -> Document:
    """What a ReplicaSet takes over from its Deployment, among it the change-cause, however stale that is."""
    annotations = owner["metadata"].get("annotations") or {}
    return {key: value for key, value in annotations.items() if key not in _NOT_COPIED_TO_REPLICA_SET}


def pod(owner: Document) -> Document:
    template = deepcopy(owner["spec"]["template"])
    name = owner["metadata"]["name"]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": template["metadata"]
        | {
            "name": f"{name}-{''.join(secrets.choice(_NAME_ALPHABET) for _ in range(5))}",
            "generateName": f"{name}-",
            "namespace": owner["metadata"]["namespace"],
            "ownerReferences": [owned_by(REPLICA_SETS, owner)],
        },
        "spec": template["spec"],
        "status": {},
    }


def stateful_pod(owner: Document, ordinal: int) -> Document:
    """A pod of a stateful set, which keeps its name when it comes back."""
    made = pod(owner)
    made["metadata"] |= {
        "name": f"{owner['metadata']['name']}-{ordinal}",
        "ownerReferences": [owned_by(STATEFUL_SETS, owner)],
    }
    return made


def is_owned_by(document: Document, owner: Document) -> bool:
    references = document["metadata"].get("ownerReferences", [])
    return any(reference["uid"] == owner["metadata"]["uid"] for reference in references)


def revision_of(document: Document) -> int:
    return int((document["metadata"].get("annotations") or {}).get(REVISION, 0))


def change_cause_of(document: Document) -> str:
    cause: str = (document["metadata"].get("annotations") or {}).get(CHANGE_CAUSE, "")
    return cause


def owned_by(resource: Resource, owner: Document) -> Document:
    return {
        "apiVersion": resource.api_version,
        "kind": resource.kind,
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }
