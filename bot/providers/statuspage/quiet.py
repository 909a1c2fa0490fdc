"""`statuspage.quiet`: for how long a vendor has been without an outage, by the list of incidents on its page."""

from datetime import UTC, datetime
from typing import Any, Final, Literal

from pydantic import Field

from bot.core.errors import TargetError
from bot.core.findings import Measurement, Reading
from bot.core.operation import Parameters, Read
from bot.core.text import Text, say
from bot.providers.statuspage.page import SEVERITIES
from bot.providers.statuspage.status import LIMIT, Address, api_of
from bot.providers.web_answers import dug, records

_OVER: Final = frozenset({"resolved", "postmortem"})
_NAME_LIMIT: Final = 100


class Quiet(Parameters):
    """Which outages count: those that go on or ended less than `minutes` ago, of the impact `at_least`.

    Pages list many incidents of little impact that touch parts we do not use.
    """

    minutes: int = Field(30, ge=1, le=1440)
    at_least: Literal["minor", "major", "critical"] = "major"
    path: str = Field("/api/v2/incidents.json", pattern=r"^/[\w./-]{1,100}$")


async def _read(address: Address, wanted: Quiet) -> Reading:
    api = api_of(address)
    listed = dug(await api.read(wanted.path), "incidents")
    if not isinstance(listed, list):
        raise TargetError("The page has no `{field}`; its `kind` may be another one.", field="incidents")
    grave = [one for one in records(listed) if SEVERITIES.get(str(one.get("impact")), 0) >= SEVERITIES[wanted.at_least]]
    ongoing = [one for one in grave if one.get("status") not in _OVER]
    ends = [_ended(one) for one in grave if one not in ongoing]
    quiet = [int((datetime.now(UTC) - at).total_seconds() // 60) for at in ends]
    recent = sum(minutes < wanted.minutes for minutes in quiet)
    least = 0 if ongoing else min(quiet, default=None)
    none = say("the page lists no outage")
    return Reading(
        _summary([api.clean(one.get("name"), _NAME_LIMIT) for one in ongoing], least),
        (
            Measurement("outages", len(ongoing) + recent),
            Measurement("quiet_min", least, "min", none if least is None else None),
        ),
    )


def _summary(ongoing: list[str], quiet: int | None) -> Text:
    if ongoing:
        return say("an outage goes on: {names}", names=", ".join(ongoing))
    if quiet is None:
        return say("the page lists no outage")
    return say("the last outage ended {minutes} min ago", minutes=quiet)


def _ended(incident: dict[str, Any]) -> datetime:
    """When it was resolved; of one that does not say, when it was last touched."""
    told = str(incident.get("resolved_at") or incident.get("updated_at") or "")
    try:
        at = datetime.fromisoformat(told)
    except ValueError as error:
        raise TargetError("The page does not tell when an incident ended.") from error
    return at if at.tzinfo else at.replace(tzinfo=UTC)


QUIET = Read("statuspage.quiet", Address, Quiet, LIMIT, _read)
