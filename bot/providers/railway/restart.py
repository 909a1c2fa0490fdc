"""Stopping and starting the containers of the deployment that serves."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from bot.core.errors import TargetError, TimedOut, Unreachable
from bot.core.operation import Change, Progress
from bot.core.preview import Line, Preview
from bot.core.text import Text, say
from bot.providers.railway import queries
from bot.providers.railway.address import Address, OfService
from bot.providers.railway.follow import pauses
from bot.providers.railway.graph import Graph, opened, seen
from bot.providers.railway.history import Deployment, History, history_of, look, scope_of
from bot.providers.railway.sameness import identity, require_same
from bot.providers.railway.variables import not_loaded, values_of

_LIMIT: Final = 300.0
_FOLLOW_LIMIT: Final = 240.0
_SIGN_LIMIT: Final = 6.0


async def _preview(address: Address, wanted: OfService) -> Preview:
    async with opened(address) as graph:
        history = await history_of(graph, await scope_of(graph, address, wanted.service))
        history.require_quiet()
        present = _present(history)
        waiting, _ = await _waiting(graph, history, present)
    return Preview(
        lines=(
            Line(
                say("containers of {service}", service=history.scope.name),
                f"{present.short} {present.status}, {present.running} running",
                f"{present.short}, restarted",
            ),
        ),
        state=identity(history),
        arguments={"service": wanted.service},
        warnings=_warnings(waiting),
    )


async def _waiting(graph: Graph, history: History, present: Deployment) -> tuple[tuple[str, ...], Text | None]:
    try:
        return await not_loaded(graph, await values_of(graph, history.scope), present.id)
    except TargetError as error:
        return (), error.text


async def _execute(address: Address, _: OfService, preview: Preview, progress: Progress) -> Text:
    wanted = OfService.model_validate(dict(preview.arguments))
    async with opened(address) as graph:
        history = await history_of(graph, await scope_of(graph, address, wanted.service))
        require_same(history, preview.state)
        restart = _Restart(graph, history.scope.name, _present(history), progress)
        return await restart.follow(is_certain=await _sent(graph, restart.before))


async def _sent(graph: Graph, present: Deployment) -> bool:
    """Send it once; whether Railway said yes."""
    try:
        await graph.send(queries.RESTART, bool, id=present.id)
    except (Unreachable, TimedOut):
        return False
    return True


@dataclass(frozen=True, slots=True)
class _Restart:
    graph: Graph
    service: str
    before: Deployment
    progress: Progress

    async def follow(self, *, is_certain: bool) -> Text:
        """What became of it; without any sign of a restart only Railway's yes counts."""
        try:
            async with asyncio.timeout(_SIGN_LIMIT):
                begun = await self._until(lambda now: _differs(now, self.before))
        except TimeoutError as error:
            if not is_certain:
                raise _unknown(self.service) from error
            return say("Railway accepted the restart of {service}, but showed no sign of it.", service=self.service)
        await self.progress(say("containers of {service}: {status}", service=self.service, status=begun.status))
        try:
            async with asyncio.timeout(_FOLLOW_LIMIT):
                done = await self._until(_has_ended)
        except TimeoutError as error:
            raise _late(self.service) from error
        if done.status == "CRASHED":
            raise TargetError("{service} was restarted and crashed again. Look at its log.", service=self.service)
        return say(
            "{service} was restarted: deployment {deployment} is {status}",
            service=self.service,
            deployment=done.short,
            status=done.status,
        )

    async def _until(self, holds: Callable[[Deployment], bool]) -> Deployment:
        waiting = pauses()
        while True:
            with suppress(TargetError):
                now = await look(self.graph, self.before.id)
                if holds(now):
                    return now
            await asyncio.sleep(next(waiting))


def _differs(now: Deployment, before: Deployment) -> bool:
    return (now.status, now.settled, now.instances) != (before.status, before.settled, before.instances)


def _has_ended(now: Deployment) -> bool:
    is_restarting = any(status == "RESTARTING" for _, status in now.instances)
    return now.status == "CRASHED" or (now.status in ("SUCCESS", "SLEEPING") and not is_restarting)


def _present(history: History) -> Deployment:
    if history.present is None:
        raise TargetError("Nothing of {service} is there to restart; redeploy it instead.", service=history.scope.name)
    return history.present


def _warnings(waiting: tuple[str, ...]) -> tuple[Text, ...]:
    found = [
        say("The service is away while it restarts."),
        say("A restart loads no changed variables; only a redeploy does."),
    ]
    if waiting:
        found.append(say("Changed and not loaded: {names}.", names=seen(", ".join(waiting), 300)))
    return tuple(found)


def _late(service: str) -> TimedOut:
    return TimedOut(
        "The restart of {service} was sent, but after {minutes} min its containers do not run.",
        service=service,
        minutes=round(_FOLLOW_LIMIT / 60),
    )


def _unknown(service: str) -> Unreachable:
    return Unreachable(
        "The connection broke while the restart of {service} was sent, and nothing shows that it was carried out. Look "
        "before anybody tries again.",
        service=service,
    )


RESTART = Change("railway.restart", Address, OfService, _LIMIT, _preview, _execute)
