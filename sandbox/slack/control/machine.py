"""What a test program does to the machine itself: clock, faults, transport, replays."""

from typing import Any

from aiohttp import web

from ..delivery.parcel import Parcel
from ..emulator import Emulator
from ..faults import Fault
from ..methods import METHODS
from ..refusal import ControlRefusal
from .acts import Told, told
from .requests import AgainBody, AppBody, ClockBody, FaultBody, read_body


async def read_clock(emulator: Emulator, request: web.Request) -> Told:
    return {"ok": True, "now": emulator.clock.now(), "offset": emulator.clock.offset}


async def advance_clock(emulator: Emulator, request: web.Request) -> Told:
    body = await read_body(request, ClockBody)
    emulator.clock.advance(body.advance)
    emulator.workspace.changes.note()
    return await read_clock(emulator, request)


async def plan_fault(emulator: Emulator, request: web.Request) -> Told:
    body = await read_body(request, FaultBody)
    if body.clear:
        emulator.faults.clear()
    elif body.delivery is not None:
        emulator.faults.duplicates += body.times or 1
    else:
        emulator.faults.plan(_fault(body))
    return {"ok": True}


async def set_request_url(emulator: Emulator, request: web.Request) -> Told:
    """Deliver to this URL from now on, or over Socket Mode when it is null."""
    body = await read_body(request, AppBody)
    emulator.app.request_url = body.request_url
    emulator.workspace.changes.note()
    return {"ok": True, "transport": emulator.app.transport, "request_url": body.request_url}


async def verify_url(emulator: Emulator, request: web.Request) -> Told:
    """Send Slack's url_verification and see whether the challenge comes back."""
    if emulator.app.request_url is None:
        raise ControlRefusal("there is no request URL to verify: deliveries go over Socket Mode")
    challenge = emulator.workspace.mint.secret()
    payload: dict[str, Any] = {"type": "url_verification", "token": "", "challenge": challenge}
    delivery = await emulator.courier.deliver(Parcel("url_verification", payload))
    echoed = delivery.ack.get("challenge") if isinstance(delivery.ack, dict) else delivery.ack
    return told(delivery) | {"is_verified": delivery.error is None and echoed == challenge}


async def deliver_again(emulator: Emulator, request: web.Request) -> Told:
    """The same bytes once more; what the app answers is reported, not acted upon."""
    body = await read_body(request, AgainBody)
    earlier = emulator.ledger.find(body.again)
    if earlier is None or earlier.sent is None:
        raise ControlRefusal(f"there is no delivery {body.again!r}", status=404)
    if body.kind not in (None, earlier.kind):
        raise ControlRefusal(f"the delivery {earlier.id} is of kind {earlier.kind}, not {body.kind}", status=400)
    return told(await emulator.courier.repeat(earlier, earlier.sent))


def _fault(body: FaultBody) -> Fault:
    if body.method is None or body.kind is None:
        raise ControlRefusal("a fault needs method and kind, or delivery, or clear", status=400)
    if body.method != "*" and body.method not in METHODS:
        raise ControlRefusal(f"there is no method {body.method!r}", status=400)
    times = body.times if body.times is not None else (None if body.kind == "down" else 1)
    return Fault(body.method, body.kind, times, body.retry_after, body.error, body.seconds)
