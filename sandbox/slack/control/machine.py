"""What a test program does to the machine itself: clock, faults, replays."""

from aiohttp import web

from ..emulator import Emulator
from ..faults import Fault, Unruliness
from ..methods import METHODS
from ..refusal import ControlRefusal
from .acts import Told, told
from .requests import AgainBody, ClockBody, FaultBody, read_body


async def read_clock(emulator: Emulator, request: web.Request) -> Told:
    return {"ok": True, "now": emulator.clock.now(), "offset": emulator.clock.offset}


async def advance_clock(emulator: Emulator, request: web.Request) -> Told:
    body = await read_body(request, ClockBody)
    emulator.clock.advance(body.advance)
    emulator.workspace.changes.note()
    return await read_clock(emulator, request)


async def plan_fault(emulator: Emulator, request: web.Request) -> Told:
    """One or several of: clear, switches, sockets killed, a delivery trouble, a method's fault."""
    body = await read_body(request, FaultBody)
    given = body.model_fields_set & {"clear", "method", "kind", "delivery", "socket", "gap"}
    if not given | (body.model_fields_set & {"strict_rates", "limited_history"}):
        raise ControlRefusal("a fault needs method and kind, or delivery, socket, a switch, or clear", status=400)
    fault = _fault(body) if given & {"method", "kind"} else None
    faults = emulator.faults
    if body.clear:
        faults.clear()
    if fault is not None:
        faults.plan(fault)
    if body.delivery is not None:
        faults.disturb(Unruliness(body.delivery, body.times or 1, body.seconds, body.of))
    _switch(emulator, body)
    killed = sum(tenant.hub.kill() for tenant in emulator.tenants) if body.socket else 0
    return {"ok": True, "killed": killed} if body.socket else {"ok": True}


async def deliver_again(emulator: Emulator, request: web.Request) -> Told:
    """The same bytes once more; what the app answers is reported, not acted upon."""
    body = await read_body(request, AgainBody)
    earlier = emulator.ledger.find(body.again)
    tenant = emulator.tenants.of_app(earlier.app_id) if earlier else None
    if earlier is None or earlier.sent is None or tenant is None:
        raise ControlRefusal(f"there is no delivery {body.again!r}", status=404)
    if body.kind not in (None, earlier.kind):
        raise ControlRefusal(f"the delivery {earlier.id} is of kind {earlier.kind}, not {body.kind}", status=400)
    return told(await tenant.courier.repeat(earlier, earlier.sent))


def _switch(emulator: Emulator, body: FaultBody) -> None:
    faults = emulator.faults
    if body.strict_rates is not None:
        faults.rates_are_strict = body.strict_rates
    if body.limited_history is not None:
        faults.history_is_limited = body.limited_history
    if body.gap is not None:
        faults.gap_loses_events = body.gap == "lost"


def _fault(body: FaultBody) -> Fault:
    if body.method is None or body.kind is None:
        raise ControlRefusal("a fault of a method needs method and kind", status=400)
    if body.method != "*" and body.method not in METHODS:
        raise ControlRefusal(f"there is no method {body.method!r}", status=400)
    times = body.times if body.times is not None else (None if body.kind == "down" else 1)
    return Fault(body.method, body.kind, times, body.retry_after, body.error, body.seconds)
