"""How requests reach the application: its Ingress, and beside it that of a canary, which takes a share by weight."""

from datetime import timedelta

from sandbox.world.kubernetes.endpoints import serving
from sandbox.world.kubernetes.resources import INGRESSES, SERVICES, Document, timestamp
from sandbox.world.kubernetes.store import Store

NGINX = "nginx.ingress.kubernetes.io"
_AGE = timedelta(days=140)


def seed_entrance(store: Store, namespace: str, app: str, canary: str) -> None:
    """A service and an Ingress for each of them; the canary takes nothing yet."""
    created = timestamp(store.now() - _AGE)
    weight = {f"{NGINX}/canary": "true", f"{NGINX}/canary-weight": "0"}
    for name, annotations in ((app, {}), (canary, weight)):
        metadata = {"name": name, "namespace": namespace, "creationTimestamp": created}
        store.create(SERVICES, service(metadata, {"app": name}))
        store.create(INGRESSES, ingress({**metadata, "annotations": annotations}, f"{app}.example.com", name))


def service(metadata: Document, selector: dict[str, str]) -> Document:
    spec = {"type": "ClusterIP", "selector": selector, "ports": [{"port": 80, "targetPort": 8000}]}
    return {"apiVersion": "v1", "kind": SERVICES.kind, "metadata": metadata, "spec": spec}


def ingress(metadata: Document, host: str, backend: str) -> Document:
    """All paths of a host, sent to one service."""
    behind = {"service": {"name": backend, "port": {"number": 80}}}
    paths = [{"path": "/", "pathType": "Prefix", "backend": behind}]
    return {
        "apiVersion": INGRESSES.api_version,
        "kind": INGRESSES.kind,
        "metadata": metadata,
        "spec": {"ingressClassName": "nginx", "rules": [{"host": host, "http": {"paths": paths}}]},
        "status": {},
    }


def takers(store: Store, namespace: str, app: str, canary: str) -> list[Document]:
    """The pods that take requests, one after the other: among a hundred as many of the canary as its weight says."""
    stable, new = serving(store, namespace, app), serving(store, namespace, canary)
    weight = _weight(store.find(INGRESSES, namespace, canary))
    if not weight or not new:
        return stable
    takes = [(turn + 1) * weight // 100 > turn * weight // 100 for turn in range(100)]
    return [
        (new if is_new else stable)[turn % len(new if is_new else stable)]
        for turn, is_new in enumerate(takes)
        if is_new or stable
    ]


def _weight(found: Document | None) -> int:
    annotations: dict[str, str] = found["metadata"].get("annotations", {}) if found else {}
    return int(annotations.get(f"{NGINX}/canary-weight", "0")) if annotations.get(f"{NGINX}/canary") == "true" else 0
