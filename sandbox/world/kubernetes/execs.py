"""Commands inside pods over a WebSocket, in the protocols v5 and v4 of `channel.k8s.io`."""

import json

from aiohttp import web

from sandbox.world.kubernetes.inside import Result
from sandbox.world.kubernetes.pod_states import waiting_reason
from sandbox.world.kubernetes.refusals import bad_request
from sandbox.world.kubernetes.requests import authorize, cluster_of
from sandbox.world.kubernetes.resources import PODS, Document

_PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io")
_OUT, _ERR, _STATUS = b"\x01", b"\x02", b"\x03"


async def exec_in_pod(request: web.Request) -> web.StreamResponse:
    """Opening the stream is a `get`; since Kubernetes 1.35 the server asks for `create` as well."""
    authorize(request, "get", PODS, "exec")
    authorize(request, "create", PODS, "exec")
    cluster = cluster_of(request)
    pod = cluster.store.read(PODS, request.match_info["namespace"], request.match_info["name"])
    _require_container(request, pod)
    stream = web.WebSocketResponse(protocols=_PROTOCOLS)
    if not stream.can_prepare(request):
        raise bad_request("Upgrade request required")
    await stream.prepare(request)
    argv = request.query.getall("command", [])
    if argv and argv[0] in cluster.inside.hanging:
        async for _ in stream:
            pass
        return stream
    await _send(stream, argv, cluster.inside.run(pod, argv))
    await stream.close()
    return stream


def _require_container(request: web.Request, pod: Document) -> None:
    name = pod["metadata"]["name"]
    container = request.query.get("container", pod["spec"]["containers"][0]["name"])
    if container not in [one["name"] for one in pod["spec"]["containers"]]:
        raise bad_request(f"container {container} is not valid for pod {name}")
    if waiting_reason(pod):
        raise bad_request(f'cannot exec in a container of pod "{name}" that does not run')


async def _send(stream: web.WebSocketResponse, argv: list[str], result: Result) -> None:
    for channel, text in ((_OUT, result.out), (_ERR, result.err)):
        if text:
            await stream.send_bytes(channel + text.encode())
    await stream.send_bytes(_STATUS + json.dumps(_status(argv, result)).encode())


def _status(argv: list[str], result: Result) -> Document:
    if result.code == 0:
        return {"metadata": {}, "status": "Success"}
    if result.code is None:
        program = argv[0] if argv else ""
        message = f'failed to exec in container: exec: "{program}": executable file not found in $PATH: unknown'
        return {"metadata": {}, "status": "Failure", "reason": "InternalError", "message": message, "code": 500}
    causes = [{"reason": "ExitCode", "message": str(result.code)}]
    message = f"command terminated with non-zero exit code: exit status {result.code}"
    return {
        "metadata": {},
        "status": "Failure",
        "reason": "NonZeroExitCode",
        "message": message,
        "details": {"causes": causes},
    }
