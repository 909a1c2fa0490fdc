"""Changing through the API, continued: autoscalers and jobs."""

from aiohttp import web

from sandbox.world.kubernetes.patches import apply_patch
from sandbox.world.kubernetes.refusals import already_exists, invalid
from sandbox.world.kubernetes.requests import account_of, authorize, body_of, cluster_of, is_dry_run, object_of
from sandbox.world.kubernetes.resources import AUTOSCALERS, JOBS, Document, Resource


async def patch_autoscaler(request: web.Request) -> web.Response:
    authorize(request, "patch", AUTOSCALERS)
    patch, store = await body_of(request), cluster_of(request).store
    stored = store.read(AUTOSCALERS, request.match_info["namespace"], request.match_info["name"])
    proposed = apply_patch(request.content_type, stored, patch)
    _require_valid_bounds(proposed)
    if is_dry_run(request):
        return web.json_response(store.preview(AUTOSCALERS, proposed))
    saved = store.replace(AUTOSCALERS, proposed)
    cluster_of(request).count_write("patch", AUTOSCALERS, saved["metadata"]["name"], account_of(request).user)
    return web.json_response(saved)


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
