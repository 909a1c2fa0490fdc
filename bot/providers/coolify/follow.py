"""Following a deployment until Coolify says what became of it, and finding one whose answer was lost."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from bot.core.errors import TargetError, TimedOut, Unreachable
from bot.core.operation import Progress
from bot.core.text import say
from bot.providers.coolify.deployment import DONE, Deployment, History
from bot.providers.coolify.panel import Panel, seen

CHANGE_LIMIT: Final = 1200.0
_FOLLOW_LIMIT: Final = 1140.0
_LOOKS: Final = (0.2, 0.4, 0.8, 1.6)
_LOST_LOOKS: Final = 20


class Changed(TargetError):
    """The application is no longer as the change expects it; nothing was changed."""


def identity(history: History) -> dict[str, str]:
    """What must not have changed: what serves, and that nobody deployed since."""
    present, newest = history.present, history.newest
    return {"serving": present.id if present else "", "newest": newest.id if newest else ""}


def require_same(history: History, state: Mapping[str, str]) -> None:
    """Refuse when somebody deployed since it was shown; Coolify has no conditional write."""
    if any(state.get(name) != value for name, value in identity(history).items()):
        raise Changed("Somebody deployed after this was shown; nothing was done.")
    history.require_quiet()


async def started(panel: Panel, before: History, sending: Callable[[], Awaitable[str]], commit: str) -> str:
    """Send once; the id of the deployment that this started, looked for when the answer is lost."""
    try:
        return await sending()
    except (Unreachable, TimedOut) as error:
        for pause in _LOOKS:
            await asyncio.sleep(pause)
            found = await _fresh(panel, before, commit)
            if found:
                return found
        raise Unreachable(
            "The connection broke while the change was sent. No new deployment has appeared; one may still come. Look "
            "at Coolify before anybody tries again."
        ) from error


async def _fresh(panel: Panel, before: History, commit: str) -> str | None:
    try:
        now = await panel.history()
    except TargetError:
        return None
    fresh = [one for one in now.deployments if one.id not in before.ids and one.commit in ("", commit)]
    return fresh[-1].id if fresh else None


async def follow(panel: Panel, name: str, commit: str, progress: Progress) -> Deployment:
    """The deployment once it is finished; raises TargetError when it ends otherwise, or with another commit."""
    told, lost, pause = "", 0, 0.1
    try:
        async with asyncio.timeout(_FOLLOW_LIMIT):
            while True:
                try:
                    now, lost = await panel.look(name), 0
                except TargetError as error:
                    lost = _counted(lost, name, error)
                else:
                    if now.status != told:
                        told = now.status
                        await progress(say("deployment {name}: {status}", name=seen(name, 40), status=seen(told, 30)))
                    if not now.is_under_way:
                        return _as_wanted(now, commit)
                await asyncio.sleep(pause)
                pause = min(3.0, pause * 1.5)
    except TimeoutError as error:
        raise TimedOut(
            "Deployment {name} was started, but after {minutes} min it is still {status}.",
            name=name,
            minutes=round(_FOLLOW_LIMIT / 60),
            status=told or "?",
        ) from error


def _counted(lost: int, name: str, error: TargetError) -> int:
    if lost < _LOST_LOOKS:
        return lost + 1
    raise TargetError(
        "Deployment {name} was started, but how it goes on cannot be seen: {reason}", name=name, reason=error.text
    ) from error


def _as_wanted(now: Deployment, commit: str) -> Deployment:
    if now.status != DONE:
        raise TargetError(
            "Deployment {name} ended as {status}; what served before goes on serving. Its log in Coolify says why.",
            name=now.id,
            status=seen(now.status, 30),
        )
    if commit and now.commit and now.commit != commit:
        raise TargetError(
            "Coolify finished deployment {name}, but with commit {found} instead of {wanted}. Look at it at once.",
            name=now.id,
            found=now.commit[:7],
            wanted=commit[:7],
        )
    return now
