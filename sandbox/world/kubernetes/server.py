"""The HTTP side of the emulated control plane: routes, authentication, faults, refusals."""

import asyncio

from aiohttp import web
from aiohttp.typedefs import Handler

from sandbox.world.kubernetes import discovery, more_writes, writes
from sandbox.world.kubernetes.cluster import CLUSTER, Cluster
from sandbox.world.kubernetes.endpoints import ENDPOINT_SLICES, list_endpoint_slices
from sandbox.world.kubernetes.execs import exec_in_pod
from sandbox.world.kubernetes.log_reads import read_log
from sandbox.world.kubernetes.pod_metrics import PODS_METRICS, list_pod_metrics
from sandbox.world.kubernetes.reads import lister, reader
from sandbox.world.kubernetes.refusals import Refusal, method_not_allowed
from sandbox.world.kubernetes.requests import account_of, cluster_of, is_dry_run
from sandbox.world.kubernetes.resources import (
    AUTOSCALERS,
    DEPLOYMENTS,
    HTTP_ROUTES,
    INGRESSES,
    JOBS,
    PODS,
    RESOURCES,
    Resource,
)

_SAFE_METHODS = {"GET", "HEAD"}
_DEPLOYMENT = f"{DEPLOYMENTS.path}/namespaces/{{namespace}}/deployments/{{name}}"
_POD = f"{PODS.path}/namespaces/{{namespace}}/pods/{{name}}"
_AUTOSCALERS = f"{AUTOSCALERS.path}/namespaces/{{namespace}}/{AUTOSCALERS.plural}"
_PODS = f"{PODS.path}/namespaces/{{namespace}}/{PODS.plural}"
_JOBS = f"{JOBS.path}/namespaces/{{namespace}}/{JOBS.plural}"
_REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"


def application(cluster: Cluster) -> web.Application:
    app = web.Application(middlewares=[_suffer_faults, _answer_refusals, _require_token])
    app[CLUSTER] = cluster
    for resource in RESOURCES:
        app.add_routes(_reading_routes(resource))
    app.add_routes(_WRITING_ROUTES)
    app.add_routes(_DISCOVERY_ROUTES)
    return app


def _reading_routes(resource: Resource) -> list[web.RouteDef]:
    everywhere = f"{resource.path}/{resource.plural}"
    if not resource.is_namespaced:
        return [web.get(everywhere, lister(resource)), web.get(f"{everywhere}/{{name}}", reader(resource))]
    listed = f"{resource.path}/namespaces/{{namespace}}/{resource.plural}"
    return [
        web.get(everywhere, lister(resource)),
        web.get(listed, lister(resource)),
        web.get(f"{listed}/{{name}}", reader(resource)),
    ]


_WRITING_ROUTES = [
    web.patch(_DEPLOYMENT, writes.patch_deployment),
    web.put(_DEPLOYMENT, writes.replace_deployment),
    web.get(f"{_DEPLOYMENT}/scale", writes.read_scale),
    web.patch(f"{_DEPLOYMENT}/scale", writes.patch_scale),
    web.put(f"{_DEPLOYMENT}/scale", writes.replace_scale),
    web.post(_PODS, more_writes.create_pod),
    web.delete(_POD, writes.delete_pod),
    web.post(f"{_POD}/eviction", writes.evict_pod),
    web.post(_AUTOSCALERS, more_writes.create_autoscaler),
    *(
        web.patch(f"{one.path}/namespaces/{{namespace}}/{one.plural}/{{name}}", more_writes.patcher(one))
        for one in (AUTOSCALERS, INGRESSES, HTTP_ROUTES)
    ),
    web.post(_JOBS, more_writes.create_job),
]
_DISCOVERY_ROUTES = [
    web.get("/version", discovery.version),
    *(web.get(path, discovery.health) for path in ("/healthz", "/livez", "/readyz")),
    web.get("/api", discovery.core_versions),
    web.get("/apis", discovery.groups),
    *(web.get(path, discovery.resources) for path in sorted({resource.path for resource in RESOURCES})),
    web.post(_REVIEWS, discovery.review_own_access),
    web.get(f"{_POD}/log", read_log),
    web.get(f"{_POD}/exec", exec_in_pod),
    web.get(f"{PODS_METRICS.path}/namespaces/{{namespace}}/pods", list_pod_metrics),
    web.get(f"{ENDPOINT_SLICES.path}/namespaces/{{namespace}}/{ENDPOINT_SLICES.plural}", list_endpoint_slices),
]


@web.middleware
async def _suffer_faults(request: web.Request, handler: Handler) -> web.StreamResponse:
    faults = cluster_of(request).faults
    if faults.is_down:
        return _hang_up(request)
    await asyncio.sleep(faults.latency_seconds)
    response = await handler(request)
    if faults.lose_answers and _has_changed_something(request, response):
        faults.lose_answers -= 1
        return _hang_up(request)
    return response


def _has_changed_something(request: web.Request, response: web.StreamResponse) -> bool:
    is_question = request.method in _SAFE_METHODS or request.path == _REVIEWS
    return not is_question and response.status < 300 and not is_dry_run(request)


def _hang_up(request: web.Request) -> web.Response:
    """Cuts the connection; the returned response reaches nobody."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=503)


@web.middleware
async def _answer_refusals(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except Refusal as refusal:
        return _status(refusal)
    except web.HTTPNotFound:
        return web.Response(status=404, text="404 page not found\n")
    except web.HTTPMethodNotAllowed:
        return _status(method_not_allowed())


def _status(refusal: Refusal) -> web.Response:
    return web.json_response(refusal.status(), status=refusal.code)


@web.middleware
async def _require_token(request: web.Request, handler: Handler) -> web.StreamResponse:
    account_of(request)
    return await handler(request)
