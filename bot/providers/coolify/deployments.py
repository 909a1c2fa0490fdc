"""The last deployments with time, commit and result: did the newest fail, and where could one go back to?"""

from datetime import UTC, datetime
from itertools import takewhile

from pydantic import Field

from bot.core.findings import Measurement, Reading
from bot.core.operation import Parameters, Read
from bot.core.text import Text, say
from bot.providers.coolify.address import Address
from bot.providers.coolify.deployment import DONE, FAILED, Deployment, History
from bot.providers.coolify.panel import LIMIT, reached, seen


class Deployments(Parameters):
    """How many of the newest to look at."""

    limit: int = Field(10, ge=1, le=20)


async def _read(address: Address, wanted: Deployments) -> Reading:
    async with reached(address) as panel:
        history = await panel.history(wanted.limit)
    newest, none = history.newest, say("there is no deployment")
    ended = [one for one in history.deployments if not one.is_under_way]
    age = round((datetime.now(UTC) - newest.created).total_seconds() / 60, 1) if newest else None
    return Reading(
        _summary(newest),
        (
            Measurement("count", len(history.deployments)),
            Measurement("latest_status", seen(newest.status) if newest else None, missing=None if newest else none),
            Measurement("latest_age_min", age, "min", None if newest else none),
            Measurement("failed", ended[0].status == FAILED if ended else None, missing=None if ended else none),
            Measurement("failed_streak", len(list(takewhile(lambda one: one.status == FAILED, ended)))),
            Measurement("ways_back", len(_ways_back(history))),
        ),
        tuple(_line(one, history.present) for one in history.deployments),
    )


def _ways_back(history: History) -> set[str]:
    present = history.present
    return {one.commit for one in history.deployments if one.status == DONE and one.commit} - {
        present.commit if present else ""
    }


def _line(one: Deployment, present: Deployment | None) -> str:
    mark = "*" if present and one.id == present.id else " "
    kind = " restart" if one.is_restart else " rollback" if one.is_rollback else ""
    return f"{mark} {seen(one.id, 40)} {seen(one.status, 30)}{kind} {one.created:%Y-%m-%d %H:%M}Z {one.words}"


def _summary(newest: Deployment | None) -> Text:
    if newest is None:
        return say("the application was never deployed")
    return say("newest deployment {status}, {what}", status=seen(newest.status, 30), what=newest.words)


DEPLOYMENTS = Read("coolify.deployments", Address, Deployments, LIMIT, _read)
