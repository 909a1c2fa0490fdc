"""Whether the application runs, and whether it is tied to one commit."""

from bot.core.findings import Measurement, Reading
from bot.core.operation import Parameters, Read
from bot.core.text import say
from bot.providers.coolify.address import Address
from bot.providers.coolify.panel import LIMIT, reached, seen


async def _read(address: Address, _: Parameters) -> Reading:
    async with reached(address) as panel:
        name, status, pinned = await panel.status()
    state, _colon, health = status.partition(":")
    is_known = health in ("healthy", "unhealthy")
    return Reading(
        say("{name}: {status}", name=name, status=seen(status, 40)),
        (
            Measurement("status", seen(state, 40)),
            Measurement("running", state == "running"),
            Measurement(
                "healthy",
                health == "healthy" if is_known else None,
                missing=None if is_known else say("the application has no health check"),
            ),
            Measurement("pinned", pinned != "HEAD"),
        ),
        (f"pinned to commit {seen(pinned, 40)}",) if pinned != "HEAD" else (),
    )


STATUS = Read("coolify.status", Address, Parameters, LIMIT, _read)
