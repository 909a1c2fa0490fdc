"""Whether a service runs, and what its newest deployment became."""

from bot.core.findings import Measurement, Reading
from bot.core.operation import Read
from bot.core.text import Text, say
from bot.providers.railway.address import Address, OfService
from bot.providers.railway.graph import LIMIT, opened
from bot.providers.railway.history import Deployment, History, history_of, scope_of


async def _read(address: Address, wanted: OfService) -> Reading:
    async with opened(address) as graph:
        history = await history_of(graph, await scope_of(graph, address, wanted.service), depth=20)
    present, newest = history.present, history.newest
    status = present.status if present else _absent(newest)
    instances = present.instances if present else ()
    untold = None if instances else say("Railway names no instance of it")
    return Reading(
        _summary(history, present),
        (
            Measurement("status", status),
            Measurement("running", present is not None and not present.has_failed),
            Measurement("crashed", status == "CRASHED"),
            Measurement("deploying", history.under_way is not None),
            Measurement("latest_status", newest.status if newest else "NONE"),
            Measurement("instances", present.running if instances and present else None, missing=untold),
            Measurement("restarting", _count(instances, "RESTARTING") if instances else None, missing=untold),
        ),
        tuple(f"{name[:8]} {state}" for name, state in instances[:20]),
    )


def _absent(newest: Deployment | None) -> str:
    if newest is None:
        return "NONE"
    return "STOPPED" if newest.is_stopped else newest.status


def _count(instances: tuple[tuple[str, str], ...], status: str) -> int:
    return sum(state == status for _, state in instances)


def _summary(history: History, present: Deployment | None) -> Text:
    if present is None:
        return say("{service}: no deployment serves", service=history.scope.name)
    newest = history.newest
    if newest is None or newest.id == present.id:
        return say("{service}: {status}, {what}", service=history.scope.name, status=present.status, what=present.words)
    return say(
        "{service}: {status}, {what}; the newest deployment {deployment} is {latest}",
        service=history.scope.name,
        status=present.status,
        what=present.words,
        deployment=newest.short,
        latest=newest.status,
    )


SERVICE = Read("railway.service", Address, OfService, LIMIT, _read)
