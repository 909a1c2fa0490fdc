"""Reading through the API: one object, a list, a watch."""

from collections.abc import Callable, Coroutine
from typing import Any

from aiohttp import web

from sandbox.world.kubernetes.requests import authorize, cluster_of, is_true, number_of
from sandbox.world.kubernetes.resources import SECRETS, Document, Resource
from sandbox.world.kubernetes.selection import select
from sandbox.world.kubernetes.watching import watch

Handler = Callable[[web.Request], Coroutine[Any, Any, web.StreamResponse]]


def reader(resource: Resource) -> Handler:
    async def read(request: web.Request) -> web.Response:
        authorize(request, "get", resource)
        namespace = request.match_info.get("namespace", "")
        document = cluster_of(request).store.read(resource, namespace, request.match_info["name"])
        if _wants_metadata(request):
            return web.json_response(_metadata_only(document))
        if resource is SECRETS:
            cluster_of(request).exposed.append(document["metadata"]["name"])
        return web.json_response(document)

    return read


def _wants_metadata(request: web.Request) -> bool:
    return "as=PartialObjectMetadata" in request.headers.get("Accept", "")


def _metadata_only(document: Document) -> Document:
    return {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": document["metadata"]}


def lister(resource: Resource) -> Handler:
    async def list_or_watch(request: web.Request) -> web.StreamResponse:
        if is_true(request, "watch"):
            authorize(request, "watch", resource)
            return await watch(request, resource)
        authorize(request, "list", resource)
        return web.json_response(_list(request, resource))

    return list_or_watch


def _list(request: web.Request, resource: Resource) -> Document:
    """A list, in pages when the request asks for a limit."""
    store = cluster_of(request).store
    found = select(store.listing(resource, request.match_info.get("namespace", "")), resource, request.query)
    first, limit = number_of(request, "continue") or 0, number_of(request, "limit") or len(found)
    page, left = found[first : first + limit], max(0, len(found) - first - limit)
    metadata: Document = {"resourceVersion": store.version}
    if left:
        metadata |= {"continue": str(first + limit), "remainingItemCount": left}
    return {
        "kind": f"{resource.kind}List",
        "apiVersion": resource.api_version,
        "metadata": metadata,
        "items": page,
    }
