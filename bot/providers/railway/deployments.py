"""The last deployments: did the newest fail, what serves, and what could one go back to?"""

from datetime import UTC, datetime
from itertools import takewhile

from pydantic import Field

from bot.core.findings import Measurement, Reading
from bot.core.operation import Read
from bot.core.text import Text, say
from bot.providers.railway.address import Address, OfService
from bot.providers.railway.graph import LIMIT, opened
from bot.providers.railway.history import Deployment, History, history_of, minutes_between, scope_of


class Deployments(OfService):
    """How many of the newest to look at."""

    limit: int = Field(10, ge=1, le=50)


async def _read(address: Address, wanted: Deployments) -> Reading:
    async with opened(address) as graph:
        history = await history_of(graph, await scope_of(graph, address, wanted.service), wanted.limit)
    none = say("there is no deployment")
    newest, ended = history.newest, [one for one in history.deployments if not one.is_under_way]
    age = minutes_between(newest.created, datetime.now(UTC)) if newest else None
    return Reading(
        _summary(history, newest),
        (
            Measurement("count", len(history.deployments)),
            Measurement("latest_status", newest.status if newest else None, missing=None if newest else none),
            Measurement("latest_age_min", age, "min", None if newest else none),
            Measurement("failed", ended[0].has_failed if ended else None, missing=None if ended else none),
            Measurement("failed_streak", len(list(takewhile(lambda one: one.has_failed, ended)))),
            Measurement("ways_back", sum(one.can_roll_back for one in _earlier(history))),
        ),
        tuple(_line(one, history.present) for one in history.deployments),
    )


def _earlier(history: History) -> tuple[Deployment, ...]:
    present = history.present
    return tuple(one for one in history.deployments if present is None or one.created < present.created)


def _line(one: Deployment, present: Deployment | None) -> str:
    """Its whole id, since a rollback wants it; `*` serves, `<` can be gone back to."""
    mark = "*" if present and one.id == present.id else "<" if one.can_roll_back else " "
    return f"{mark} {one.id} {one.status} {one.created:%Y-%m-%d %H:%M}Z {one.words}"


def _summary(history: History, newest: Deployment | None) -> Text:
    if newest is None:
        return say("{service} was never deployed here", service=history.scope.name)
    return say(
        "{service}: newest deployment {status}, {what}",
        service=history.scope.name,
        status=newest.status,
        what=newest.words,
    )


DEPLOYMENTS = Read("railway.deployments", Address, Deployments, LIMIT, _read)
