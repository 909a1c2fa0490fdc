"""Who is behind a service: the pods that its selector finds, as endpoint slices tell it."""

from aiohttp import web

from sandbox.world.kubernetes.pod_states import is_ready
from sandbox.world.kubernetes.requests import authorize, cluster_of
from sandbox.world.kubernetes.resources import PODS, SERVICES, Document, Resource
from sandbox.world.kubernetes.selection import labels_of, match_labels, matches, select
from sandbox.world.kubernetes.store import Store

ENDPOINT_SLICES = Resource("endpointslices", "EndpointSlice", group="discovery.k8s.io")


def pods_behind(store: Store, service: Document) -> list[Document]:
    """The pods of a service, ready or not; one without a selector has none."""
    selector, namespace = service["spec"].get("selector"), service["metadata"]["namespace"]
    if not selector:
        return []
    tests = match_labels({"matchLabels": selector})
    return [pod for pod in store.listing(PODS, namespace) if matches(labels_of(pod), tests)]


def serving(store: Store, namespace: str, name: str) -> list[Document]:
    """The ready pods behind the service of this name, in the order of their names."""
    service = store.find(SERVICES, namespace, name)
    return [pod for pod in pods_behind(store, service) if is_ready(pod)] if service else []


async def list_endpoint_slices(request: web.Request) -> web.Response:
    """One slice for each service, made from its selector and the readiness of its pods at this moment."""
    authorize(request, "list", ENDPOINT_SLICES)
    store = cluster_of(request).store
    services = store.listing(SERVICES, request.match_info["namespace"])
    slices = select([_slice(store, service) for service in services], ENDPOINT_SLICES, request.query)
    kind = {"kind": "EndpointSliceList", "apiVersion": ENDPOINT_SLICES.api_version}
    return web.json_response({**kind, "metadata": {"resourceVersion": store.version}, "items": slices})


def _slice(store: Store, service: Document) -> Document:
    metadata = service["metadata"]
    return {
        "metadata": {
            "name": f"{metadata['name']}-slice",
            "namespace": metadata["namespace"],
            "labels": {"kubernetes.io/service-name": metadata["name"]},
        },
        "addressType": "IPv4",
        "endpoints": [
            {"conditions": {"ready": is_ready(pod)}, "targetRef": {"kind": "Pod", "name": pod["metadata"]["name"]}}
            for pod in pods_behind(store, service)
        ],
    }
