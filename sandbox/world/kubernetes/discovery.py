"""What a client may ask before it knows anything: version, groups, resources, its own rights."""

from aiohttp import web

from sandbox.world.kubernetes.access import Attempt
from sandbox.world.kubernetes.requests import account_of, cluster_of, object_of
from sandbox.world.kubernetes.resources import RESOURCES, Document, Resource

_VERSION = {"major": "1", "minor": "31", "gitVersion": "v1.31.4+sandbox", "platform": "linux/amd64"}


async def version(_request: web.Request) -> web.Response:
    return web.json_response(_VERSION)


async def health(_request: web.Request) -> web.Response:
    return web.Response(text="ok")


async def core_versions(_request: web.Request) -> web.Response:
    return web.json_response({"kind": "APIVersions", "versions": ["v1"]})


async def groups(request: web.Request) -> web.Response:
    present = {resource.group: resource.version for resource in RESOURCES if resource.group}
    if cluster_of(request).faults.has_metrics:
        present["metrics.k8s.io"] = "v1beta1"
    listed = [_group(name, group_version) for name, group_version in present.items()]
    return web.json_response({"kind": "APIGroupList", "apiVersion": "v1", "groups": listed})


def _group(name: str, group_version: str) -> Document:
    served = {"groupVersion": f"{name}/{group_version}", "version": group_version}
    return {"name": name, "versions": [served], "preferredVersion": served}


async def resources(request: web.Request) -> web.Response:
    served = [_resource(one) for one in RESOURCES if one.path == request.path.rstrip("/")]
    if not served:
        raise web.HTTPNotFound
    group_version = request.path.strip("/").partition("/")[2]
    listing = {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": served}
    return web.json_response(listing)


def _resource(resource: Resource) -> Document:
    verbs = ["get", "list", "watch"]
    return {"name": resource.plural, "kind": resource.kind, "namespaced": resource.is_namespaced, "verbs": verbs}


async def review_own_access(request: web.Request) -> web.Response:
    """Answers `kubectl auth can-i`; every authenticated account may ask about itself."""
    review = await object_of(request)
    asked = review.get("spec", {}).get("resourceAttributes", {})
    plural, group = asked.get("resource", ""), asked.get("group", "")
    resource = next((one for one in RESOURCES if (one.plural, one.group) == (plural, group)), None)
    allowed = False
    if resource is not None:
        attempt = Attempt(asked.get("verb", ""), resource, asked.get("namespace", ""), asked.get("name", ""))
        allowed = cluster_of(request).access.allows(account_of(request), attempt)
    return web.json_response(review | {"status": {"allowed": allowed}}, status=201)
