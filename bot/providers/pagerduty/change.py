"""One change of one PagerDuty incident: sent once; when the answer is lost the incident is read instead."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from bot.core.errors import TargetError, TimedOut, Unreachable
from bot.core.preview import Preview
from bot.providers.http.api import Api, Declined
from bot.providers.pagerduty.server import ONE, Incident, incident_of

Done: TypeAlias = Callable[[Incident], bool]
_PAUSES: Final = (0.2, 0.4, 0.8)
EXECUTE_LIMIT: Final = 30.0


async def open_incident(api: Api, id: str) -> Incident:
    """The incident; raises TargetError when it is resolved."""
    incident = await incident_of(api, id)
    if incident.status == "resolved":
        raise TargetError("The PagerDuty incident {id} is resolved already; nothing to do.", id=id)
    return incident


def state_of(incident: Incident) -> dict[str, str]:
    """What must not have drifted: who has it, and whether it was taken."""
    return {"status": incident.status, "assigned": ",".join(sorted(one.id for one in incident.assignees))}


async def change_once(api: Api, shown: Preview, body: Mapping[str, Any], is_done: Done) -> Incident:
    """Change the incident that was shown, if it is still as it was shown."""
    id = shown.arguments["incident"]
    if state_of(await open_incident(api, id)) != dict(shown.state):
        raise TargetError("The PagerDuty incident {id} is not as it was shown; nothing was done.", id=id)
    try:
        changed = (await api.send(ONE, "PUT", f"/incidents/{id}", {"incident": body})).incident
    except (Unreachable, TimedOut) as error:
        return await _looked(api, id, is_done, error)
    except Declined as error:
        raise _explained(error) from error
    if not is_done(changed):
        raise TargetError("PagerDuty accepted the change of {id}, but does not show it. Look there.", id=id)
    return changed


async def _looked(api: Api, id: str, is_done: Done, lost: TargetError) -> Incident:
    seen = None
    for pause in _PAUSES:
        await asyncio.sleep(pause)
        try:
            seen = await incident_of(api, id)
        except TargetError:
            continue  # whatever keeps us from looking
        if is_done(seen):
            return seen
    if seen is None:
        raise Unreachable(
            "The connection to PagerDuty broke during the change of {id}; whether it was made is not known. Look there "
            "before anybody tries again.",
            id=id,
        ) from lost
    raise TargetError(
        "The connection to PagerDuty broke during the change of {id}. Looked at again, it is still {status}, {who}.",
        id=id,
        status=seen.status,
        who=seen.who,
    ) from lost


def _explained(error: Declined) -> TargetError:
    """An unknown sender is the mistake everybody makes once."""
    if error.status == 400 and "requester" in error.reason.lower():
        return TargetError(
            "PagerDuty does not know in whose name this is done: {reason}. Set `from_email` of this target to the "
            "e-mail of a PagerDuty user.",
            reason=error.reason,
        )
    return error
