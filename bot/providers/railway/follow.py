"""Following a deployment until Railway says what became of it, and finding one whose answer was lost."""

import asyncio
from collections.abc import Iterator
from typing import Final

from bot.core.errors import TargetError, TimedOut, Unreachable
from bot.core.operation import Progress
from bot.core.text import say
from bot.providers.railway import queries
from bot.providers.railway.graph import Graph
from bot.providers.railway.history import Deployment, History, history_of, look

CHANGE_LIMIT: Final = 900.0
FOLLOW_LIMIT: Final = 840.0
_DONE: Final = frozenset({"SUCCESS", "SLEEPING"})
_LOST_LOOKS: Final = 20
_LOOKS: Final = (0.2, 0.4, 0.8, 1.6)


def pauses() -> Iterator[float]:
    """Short at first, then three seconds: Railway counts requests by the hour."""
    pause = 0.1
    while True:
        yield pause
        pause = min(3.0, pause * 1.5)


async def follow(graph: Graph, service: str, name: str, progress: Progress) -> Deployment:
    """The deployment once it serves; lost looks are taken again. Raises TargetError when it ends otherwise."""
    told, lost, waiting = "", 0, pauses()
    try:
        async with asyncio.timeout(FOLLOW_LIMIT):
            while True:
                try:
                    seen, lost = await look(graph, name), 0
                except TargetError as error:
                    lost = _counted(lost, name, service, error)
                    await asyncio.sleep(next(waiting))
                    continue
                if seen.status != told:
                    told = seen.status
                    words = _words(seen, service)
                    await progress(say("deployment {deployment} of {service}: {status}", **words, status=told))
                if told in _DONE:
                    return seen
                _require_hope(seen, service)
                await asyncio.sleep(next(waiting))
    except TimeoutError as error:
        raise _late(name, service, told) from error


def _counted(lost: int, name: str, service: str, error: TargetError) -> int:
    """One more lost look; raises TargetError when there were too many in a row."""
    if lost < _LOST_LOOKS:
        return lost + 1
    raise TargetError(
        "Deployment {deployment} of {service} was started, but how it goes on cannot be seen: {reason}",
        deployment=name[:8],
        service=service,
        reason=error.text,
    ) from error


def _late(name: str, service: str, status: str) -> TimedOut:
    return TimedOut(
        "Deployment {deployment} of {service} was started, but after {minutes} min it is still {status}.",
        deployment=name[:8],
        service=service,
        minutes=round(FOLLOW_LIMIT / 60),
        status=status or "?",
    )


def _require_hope(seen: Deployment, service: str) -> None:
    if seen.is_under_way:
        return
    if seen.status == "FAILED":
        raise TargetError(
            "Deployment {deployment} of {service} FAILED; what served before goes on serving. Its build log says why.",
            **_words(seen, service),
        )
    if seen.status == "NEEDS_APPROVAL":
        raise TargetError(
            "Deployment {deployment} of {service} waits for an approval in Railway.", **_words(seen, service)
        )
    raise TargetError(
        "Deployment {deployment} of {service} ended as {status}. Look at its log.",
        **_words(seen, service),
        status=seen.status,
    )


def _words(seen: Deployment, service: str) -> dict[str, str]:
    return {"deployment": seen.short, "service": service}


async def begun(graph: Graph, before: History, source: Deployment) -> str | None:
    """The id of the deployment that appeared since, made of the same code; None when none did within 3 s."""
    for pause in _LOOKS:
        await asyncio.sleep(pause)
        try:
            now = await history_of(graph, before.scope)
        except TargetError:
            continue
        fresh = [one for one in now.deployments if one.id not in before.ids and one.commit == source.commit]
        if fresh:
            return fresh[-1].id
    return None


def unknown(service: str) -> Unreachable:
    """The answer was lost and nothing tells what became of the request."""
    return Unreachable(
        "The connection broke while the change of {service} was sent. No new deployment has appeared; one may still "
        "come. Look at the deployments before anybody tries again.",
        service=service,
    )


async def redeployed(graph: Graph, before: History, source: Deployment) -> str:
    """Send a redeploy once; the id of what it started, looked for when the answer is lost."""
    try:
        return await graph.send(queries.REDEPLOY, lambda answer: str(answer["deploymentRedeploy"]["id"]), id=source.id)
    except (Unreachable, TimedOut) as error:
        found = await begun(graph, before, source)
        if found is None:
            raise unknown(before.scope.name) from error
        return found
