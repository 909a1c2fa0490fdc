"""Changing through the API: patch and replace Deployments and their scale, delete and evict pods."""

from aiohttp import web

from sandbox.world.kubernetes.patches import apply_patch
from sandbox.world.kubernetes.pod_states import is_ready
from sandbox.world.kubernetes.refusals import bad_request, budget_violated, conflict
from sandbox.world.kubernetes.requests import account_of, authorize, body_of, cluster_of, is_dry_run, object_of
from sandbox.world.kubernetes.resources import BUDGETS, DEPLOYMENTS, PODS, Document
from sandbox.world.kubernetes.selection import labels_of, match_labels, matches
from sandbox.world.kubernetes.validation import require_valid_deployment


async def patch_deployment(request: web.Request) -> web.Response:
    authorize(request, "patch", DEPLOYMENTS)
    patch = await body_of(request)
    stored = _stored_deployment(request)
    return web.json_response(_save(request, "patch", apply_patch(request.content_type, stored, patch)))


async def replace_deployment(request: web.Request) -> web.Response:
    authorize(request, "update", DEPLOYMENTS)
    return web.json_response(_save(request, "update", await object_of(request)))


async def read_scale(request: web.Request) -> web.Response:
    authorize(request, "get", DEPLOYMENTS, "scale")
    return web.json_response(_scale_of(_stored_deployment(request)))


async def patch_scale(request: web.Request) -> web.Response:
    authorize(request, "patch", DEPLOYMENTS, "scale")
    patch = await body_of(request)
    scale = apply_patch(request.content_type, _scale_of(_stored_deployment(request)), patch)
    return web.json_response(_save_scale(request, "patch", scale))


async def replace_scale(request: web.Request) -> web.Response:
    authorize(request, "update", DEPLOYMENTS, "scale")
    return web.json_response(_save_scale(request, "update", await object_of(request)))


async def delete_pod(request: web.Request) -> web.Response:
    authorize(request, "delete", PODS)
    _require_same_pod(request, await object_of(request))
    return web.json_response(_remove_pod(request, "delete"))


async def evict_pod(request: web.Request) -> web.Response:
    """Deletes a pod unless that would leave fewer ready pods than its disruption budget asks for."""
    authorize(request, "create", PODS, "eviction")
    eviction = await object_of(request)
    store, namespace = cluster_of(request).store, request.match_info["namespace"]
    evicted = _require_same_pod(request, eviction.get("deleteOptions", {}))
    for budget in store.listing(BUDGETS, namespace):
        tests = match_labels(budget["spec"]["selector"])
        if not matches(labels_of(evicted), tests):
            continue
        healthy = sum(is_ready(pod) for pod in store.listing(PODS, namespace) if matches(labels_of(pod), tests))
        if is_ready(evicted) and healthy <= budget["spec"]["minAvailable"]:
            name, needed = budget["metadata"]["name"], budget["spec"]["minAvailable"]
            raise budget_violated(evicted["metadata"]["name"], name, needed, healthy)
    _remove_pod(request, "evict")
    success = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}
    return web.json_response(success, status=201)


def _stored_deployment(request: web.Request) -> Document:
    return cluster_of(request).store.read(DEPLOYMENTS, request.match_info["namespace"], request.match_info["name"])


def _save(request: web.Request, verb: str, proposed: Document) -> Document:
    """Stores a Deployment but for its status, which only the controller writes."""
    cluster, stored = cluster_of(request), _stored_deployment(request)
    _require_same_name(proposed, stored)
    proposed = proposed | {"status": stored["status"]}
    require_valid_deployment(proposed, stored)
    if is_dry_run(request):
        return cluster.store.preview(DEPLOYMENTS, proposed)
    saved = cluster.store.replace(DEPLOYMENTS, proposed)
    cluster.count_write(verb, DEPLOYMENTS, saved["metadata"]["name"], account_of(request).user)
    return saved


def _require_same_name(proposed: Document, stored: Document) -> None:
    held = stored["metadata"]
    for key in ("name", "namespace"):
        given = proposed.get("metadata", {}).get(key)
        if given != held[key]:
            raise bad_request(f"the {key} of the object ({given}) does not match the {key} on the URL ({held[key]})")
    uid = proposed["metadata"].get("uid", held["uid"])
    if uid != held["uid"]:
        raise conflict(DEPLOYMENTS, held["name"])


def _scale_of(deployment: Document) -> Document:
    held = deployment["metadata"]
    selector = ",".join(f"{key}={value}" for key, value in deployment["spec"]["selector"]["matchLabels"].items())
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {key: held[key] for key in ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")},
        # As the real API does, which leaves out a nought: a JSON patch cannot test for it.
        "spec": {"replicas": replicas} if (replicas := deployment["spec"]["replicas"]) else {},
        "status": {"replicas": deployment["status"].get("replicas", 0), "selector": selector},
    }


def _save_scale(request: web.Request, verb: str, scale: Document) -> Document:
    deployment = _stored_deployment(request)
    deployment["metadata"]["resourceVersion"] = scale.get("metadata", {}).get("resourceVersion")
    deployment["spec"]["replicas"] = scale.get("spec", {}).get("replicas", 0)
    return _scale_of(_save(request, verb, deployment))


def _require_same_pod(request: web.Request, options: Document) -> Document:
    """The pod, unless the options of its deletion mean another one that had its name."""
    pod = cluster_of(request).store.read(PODS, request.match_info["namespace"], request.match_info["name"])
    meant = options.get("preconditions", {}).get("uid", pod["metadata"]["uid"])
    if meant != pod["metadata"]["uid"]:
        raise conflict(PODS, pod["metadata"]["name"])
    return pod


def _remove_pod(request: web.Request, verb: str) -> Document:
    cluster, place = cluster_of(request), request.match_info
    if is_dry_run(request):
        return cluster.store.read(PODS, place["namespace"], place["name"])
    removed = cluster.store.delete(PODS, place["namespace"], place["name"])
    cluster.count_write(verb, PODS, place["name"], account_of(request).user)
    return removed
