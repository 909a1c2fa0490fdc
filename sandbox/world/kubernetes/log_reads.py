"""Reading the log of a pod through the API."""

from datetime import datetime, timedelta

from aiohttp import web

from sandbox.world.kubernetes.pod_logs import PodLog
from sandbox.world.kubernetes.pod_states import image_of, restarts_of, waiting_reason
from sandbox.world.kubernetes.refusals import bad_request
from sandbox.world.kubernetes.requests import authorize, cluster_of, is_true, number_of
from sandbox.world.kubernetes.resources import PODS, Document, timestamp


async def read_log(request: web.Request) -> web.Response:
    authorize(request, "get", PODS, "log")
    cluster = cluster_of(request)
    pod = cluster.store.read(PODS, request.match_info["namespace"], request.match_info["name"])
    _require_readable_log(request, pod)
    log = PodLog(pod, cluster.fate_of(pod), cluster.outages, cluster.store.now(), cluster.said)
    lines = log.crashed() if is_true(request, "previous") else log.lines(request.query.get("container", ""))
    return web.Response(body=_cut(request, lines, cluster.store.now()), content_type="text/plain")


def _require_readable_log(request: web.Request, pod: Document) -> None:
    name, present = pod["metadata"]["name"], [container["name"] for container in pod["spec"]["containers"]]
    container = request.query.get("container", "")
    if not container and len(present) > 1:
        raise bad_request(f"a container name must be specified for pod {name}, choose one of: {present}")
    container = container or present[0]
    if container not in present:
        raise bad_request(f"container {container} is not valid for pod {name}")
    is_side = container != present[0]
    if is_true(request, "previous") and (is_side or not restarts_of(pod)):
        raise bad_request(f'previous terminated container "{container}" in pod "{name}" not found')
    reason = waiting_reason(pod)
    if reason and not restarts_of(pod):
        is_absent = reason == "ImagePullBackOff"
        why = f"trying and failing to pull image: {image_of(pod)}" if is_absent else reason
        raise bad_request(f'container "{container}" in pod "{name}" is waiting to start: {why}')


def _cut(request: web.Request, lines: list[tuple[datetime, str]], now: datetime) -> bytes:
    """The end of a log by age and lines, then its beginning by bytes, in the order that a kubelet cuts."""
    if (seconds := number_of(request, "sinceSeconds")) is not None:
        lines = [line for line in lines if line[0] >= now - timedelta(seconds=seconds)]
    if (tail := number_of(request, "tailLines")) is not None:
        lines = lines[-tail:] if tail else []
    stamped = is_true(request, "timestamps")
    text = "".join(f"{timestamp(moment)} {line}\n" if stamped else f"{line}\n" for moment, line in lines)
    limit = number_of(request, "limitBytes")
    return text.encode(errors="surrogateescape")[:limit]
