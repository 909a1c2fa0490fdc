"""What a planned fault does to a call, and the answer to a call that comes too fast."""

from aiohttp import web

from ..faults import Fault
from ..refusal import SlackRefusal


def limited(retry_after: int) -> web.Response:
    refusal = {"ok": False, "error": "ratelimited"}
    return web.json_response(refusal, status=429, headers={"Retry-After": str(retry_after)})


def stop_here(fault: Fault | None) -> None:
    """The kinds of trouble in which the method is not carried out."""
    if fault is None or fault.kind in ("latency", "lost_answer"):
        return
    error = fault.error if fault.kind == "error" else "ratelimited" if fault.kind == "ratelimited" else "internal_error"
    raise SlackRefusal(error)


def faulty_response(request: web.Request, fault: Fault | None) -> web.Response | None:
    """What goes over the wire instead of the answer; None leaves the answer as it is."""
    if fault is None:
        return None
    if fault.kind == "ratelimited":
        return limited(fault.retry_after)
    if fault.kind == "http_500":
        return web.Response(status=500, text="Internal Server Error")
    if fault.kind in ("lost_answer", "down"):
        if request.transport is not None:
            request.transport.abort()
        return web.Response(status=503, text="Service Unavailable")
    return None
