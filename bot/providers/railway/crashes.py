"""When a service dies: right after a deploy (a new bug), or after hours or days (a leak)."""

from datetime import UTC, datetime
from itertools import pairwise
from typing import Final

from pydantic import Field

from bot.core.errors import TargetError
from bot.core.findings import Measurement, Reading
from bot.core.operation import Read
from bot.core.text import Text, say
from bot.providers.railway import queries
from bot.providers.railway.address import Address, OfService
from bot.providers.railway.graph import LIMIT, Graph, Node, opened
from bot.providers.railway.history import Deployment, History, history_of, minutes_between, moment, scope_of

_START: Final = "Starting Container"
_START_LINES: Final = 200


class CrashPattern(OfService):
    """How many of the newest deployments to look at."""

    limit: int = Field(20, ge=1, le=50)


async def _read(address: Address, wanted: CrashPattern) -> Reading:
    async with opened(address) as graph:
        history = await history_of(graph, await scope_of(graph, address, wanted.service), wanted.limit)
        present = history.present
        starts, unread = await _starts(graph, present) if present else ([], None)
    crashed = [one for one in history.deployments if one.status == "CRASHED"]
    return Reading(
        _summary(crashed, starts, history, unread),
        (
            Measurement("crashes", len(crashed)),
            _after_deploy(crashed),
            _uptime(present, starts, unread),
            _restarts(starts, unread),
            _between(starts, unread),
        ),
        (
            *(f"{one.short} crashed {_life(one)} min after its deploy: {one.words}" for one in crashed),
            *(f"container started {at:%Y-%m-%d %H:%M}Z" for at in starts[-20:]),
        ),
    )


async def _starts(graph: Graph, present: Deployment) -> tuple[list[datetime], Text | None]:
    """When containers of the present deployment were started, or why nobody knows.

    Railway writes a line into the log each time.
    """

    def read(answer: Node) -> list[datetime]:
        lines = [entry for entry in answer["deploymentLogs"] if str(entry.get("message", "")).strip() == _START]
        return sorted(moment(entry["timestamp"]) for entry in lines)

    try:
        return await graph.ask(
            queries.DEPLOY_LOGS, read, id=present.id, limit=_START_LINES, startDate=None, filter=f'"{_START}"'
        ), None
    except TargetError as error:
        return [], error.text


def _life(one: Deployment) -> float:
    return minutes_between(one.created, one.settled)


def _after_deploy(crashed: list[Deployment]) -> Measurement:
    if not crashed:
        return Measurement("after_deploy_min", None, "min", say("none of these deployments crashed"))
    return Measurement("after_deploy_min", _life(crashed[0]), "min")


def _uptime(present: Deployment | None, starts: list[datetime], unread: Text | None) -> Measurement:
    if present is None or present.status != "SUCCESS":
        return Measurement("uptime_min", None, "min", say("nothing serves"))
    if unread:
        return Measurement("uptime_min", None, "min", unread)
    begin = starts[-1] if starts else present.settled
    return Measurement("uptime_min", minutes_between(begin, datetime.now(UTC)), "min")


def _restarts(starts: list[datetime], unread: Text | None) -> Measurement:
    if not starts:
        return Measurement("restarts", None, missing=unread or say("the log holds no start of a container"))
    return Measurement("restarts", len(starts) - 1)


def _between(starts: list[datetime], unread: Text | None) -> Measurement:
    """The shortest life of a container that was started again."""
    lives = [minutes_between(earlier, later) for earlier, later in pairwise(starts)]
    if not lives:
        return Measurement("shortest_life_min", None, "min", unread or say("no container was started twice"))
    return Measurement("shortest_life_min", min(lives), "min")


def _summary(crashed: list[Deployment], starts: list[datetime], history: History, unread: Text | None) -> Text:
    if crashed:
        return say(
            "{count} of {total} deployments crashed, the last {minutes} min after its deploy",
            count=len(crashed),
            total=len(history.deployments),
            minutes=_life(crashed[0]),
        )
    if unread:
        return say(
            "none of the last {total} deployments crashed; when containers were started is not known: {reason}",
            total=len(history.deployments),
            reason=unread,
        )
    if len(starts) > 1:
        return say("no deployment crashed, but its containers were started {count} times", count=len(starts))
    return say("none of the last {total} deployments crashed", total=len(history.deployments))


CRASH_PATTERN = Read("railway.crash_pattern", Address, CrashPattern, LIMIT, _read)
