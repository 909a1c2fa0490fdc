"""Changing through the API, continued: autoscalers, jobs, pods that no workload makes, and what shares traffic."""

from collections.abc import Callable, Coroutine
from typing import Any

from aiohttp import web

from sandbox.world.kubernetes import pod_states
from sandbox.world.kubernetes.patches import apply_patch
from sandbox.world.kubernetes.refusals import already_exists, invalid
from sandbox.world.kubernetes.requests import account_of, authorize, body_of, cluster_of, is_dry_run, object_of
from sandbox.world.kubernetes.resources import AUTOSCALERS, HTTP_ROUTES, INGRESSES, JOBS, PODS, Document, Resource

Handler = Callable[[web.Request], Coroutine[Any, Any, web.StreamResponse]]
_CANARY_WEIGHT = "nginx.ingress.kubernetes.io/canary-weight"
_MOST_WEIGHT = 1_000_000


def patcher(resource: Resource) -> Handler:
    require_valid = {AUTOSCALERS: _require_valid_bounds, INGRESSES: _require_weight, HTTP_ROUTES: _require_weights}

    async def patch(request: web.Request) -> web.Response:
        authorize(request, "patch", resource)
        wanted, store = await body_of(request), cluster_of(request).store
        stored = store.read(resource, request.match_info["namespace"], request.match_info["name"])
        proposed = apply_patch(request.content_type, stored, wanted)
        require_valid[resource](proposed)
        if is_dry_run(request):
            return web.json_response(store.preview(resource, proposed))
        saved = store.replace(resource, proposed)
        cluster_of(request).count_write("patch", resource, saved["metadata"]["name"], account_of(request).user)
        return web.json_response(saved)

    return patch


async def create_autoscaler(request: web.Request) -> web.Response:
    authorize(request, "create", AUTOSCALERS)
    proposed = await object_of(request)
    _require_valid_bounds(proposed)
    return _create(request, AUTOSCALERS, proposed)


async def create_job(request: web.Request) -> web.Response:
    authorize(request, "create", JOBS)
    return _create(request, JOBS, await object_of(request))


async def create_pod(request: web.Request) -> web.Response:
    """A pod of nobody's: it runs until it is deleted, or until a replica set whose selector fits takes it over."""
    authorize(request, "create", PODS)
    proposed, store = await object_of(request), cluster_of(request).store
    name, containers = proposed["metadata"]["name"], proposed["spec"].get("containers")
    if not containers:
        raise invalid(PODS, name, "spec.containers", "Required value")
    proposed["metadata"].setdefault("labels", {})
    proposed["spec"].setdefault("nodeName", "node-a")
    return _create(request, PODS, proposed, pod_states.starting(proposed, store.now()))


def _create(
    request: web.Request, resource: Resource, proposed: Document, status: Document | None = None
) -> web.Response:
    store, namespace = cluster_of(request).store, request.match_info["namespace"]
    proposed["metadata"]["namespace"] = namespace
    name = proposed["metadata"]["name"]
    if store.find(resource, namespace, name):
        raise already_exists(resource, name)
    proposed["status"] = status or {}
    if is_dry_run(request):
        return web.json_response(proposed, status=201)
    created = store.create(resource, proposed)
    cluster_of(request).count_write("create", resource, name, account_of(request).user)
    return web.json_response(created, status=201)


def _require_valid_bounds(autoscaler: Document) -> None:
    name, spec = autoscaler["metadata"]["name"], autoscaler["spec"]
    least, most = spec.get("minReplicas", 1), spec["maxReplicas"]
    if least < 1:
        raise invalid(AUTOSCALERS, name, "spec.minReplicas", f"Invalid value: {least}: must be greater than 0")
    if most < least:
        problem = f"Invalid value: {most}: must be greater than or equal to `minReplicas`"
        raise invalid(AUTOSCALERS, name, "spec.maxReplicas", problem)


def _require_weight(ingress: Document) -> None:
    """What the admission webhook of ingress-nginx refuses."""
    weight = ingress["metadata"].get("annotations", {}).get(_CANARY_WEIGHT, "0")
    if not weight.isdigit() or int(weight) > 100:
        problem = f"Invalid value: {weight}: must be a number from 0 to 100"
        raise invalid(INGRESSES, ingress["metadata"]["name"], f"metadata.annotations[{_CANARY_WEIGHT}]", problem)


def _require_weights(route: Document) -> None:
    for backend in (one for rule in route["spec"]["rules"] for one in rule["backendRefs"]):
        weight = backend.get("weight", 1)
        if not isinstance(weight, int) or not 0 <= weight <= _MOST_WEIGHT:
            problem = f"Invalid value: {weight}: must be from 0 to {_MOST_WEIGHT}"
            raise invalid(HTTP_ROUTES, route["metadata"]["name"], "spec.rules.backendRefs.weight", problem)
