"""Changing through the API, continued: autoscalers, jobs, and what shares traffic by weight."""

from collections.abc import Callable, Coroutine
from typing import Any

from aiohttp import web

from sandbox.world.kubernetes.patches import apply_patch
from sandbox.world.kubernetes.refusals import already_exists, invalid
from sandbox.world.kubernetes.requests import account_of, authorize, body_of, cluster_of, is_dry_run, object_of
from sandbox.world.kubernetes.resources import AUTOSCALERS, HTTP_ROUTES, INGRESSES, JOBS, Document, Resource

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


def _create(request: web.Request, resource: Resource, proposed: Document) -> web.Response:
    store, namespace = cluster_of(request).store, request.match_info["namespace"]
    proposed["metadata"]["namespace"] = namespace
    name = proposed["metadata"]["name"]
    if store.find(resource, namespace, name):
        raise already_exists(resource, name)
    proposed["status"] = {}
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
