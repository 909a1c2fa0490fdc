"""The metrics API of the emulated cluster, which can be switched off."""

from aiohttp import web

from sandbox.world.kubernetes.cluster import Cluster
from sandbox.world.kubernetes.images import Fate
from sandbox.world.kubernetes.pod_states import waiting_reason
from sandbox.world.kubernetes.requests import authorize, cluster_of
from sandbox.world.kubernetes.resources import PODS, Document, Resource, timestamp
from sandbox.world.kubernetes.selection import select

PODS_METRICS = Resource("pods", "PodMetrics", group="metrics.k8s.io", version="v1beta1")


_SIDECAR = {"cpu": "5m", "memory": "24Mi"}


def _usage(pod: Document, used: tuple[str, str]) -> Document:
    main, *others = (container["name"] for container in pod["spec"]["containers"])
    usage = {"cpu": used[0], "memory": used[1]}
    return {
        "metadata": {key: pod["metadata"][key] for key in ("name", "namespace", "labels")},
        "containers": [{"name": main, "usage": usage}, *({"name": one, "usage": _SIDECAR} for one in others)],
    }


def _used(cluster: Cluster, pod: Document) -> tuple[str, str]:
    usual = ("930m", "1870Mi") if cluster.fate_of(pod) is Fate.SLOW else ("240m", "812Mi")
    return cluster.usage.get(pod["metadata"]["name"], usual)


async def list_pod_metrics(request: web.Request) -> web.Response:
    """The metrics API, which many clusters do not have: a plain 404 while it is switched off."""
    if not cluster_of(request).faults.has_metrics:
        raise web.HTTPNotFound
    authorize(request, "list", PODS_METRICS)
    cluster = cluster_of(request)
    pods = select(cluster.store.listing(PODS, request.match_info["namespace"]), PODS, request.query)
    now = timestamp(cluster.store.now())
    usages = [
        {**_usage(pod, _used(cluster, pod)), "timestamp": now, "window": "15s"}
        for pod in pods
        if not waiting_reason(pod)
    ]
    return web.json_response(
        {"kind": "PodMetricsList", "apiVersion": PODS_METRICS.api_version, "metadata": {}, "items": usages}
    )
