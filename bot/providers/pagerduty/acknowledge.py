"""Taking an incident in PagerDuty, so that it stops calling people."""

from bot.core.errors import TargetError
from bot.core.operation import Change, Parameters, Progress
from bot.core.preview import Line, Preview
from bot.core.text import Text, say
from bot.providers.pagerduty.change import EXECUTE_LIMIT, change_once, open_incident, state_of
from bot.providers.pagerduty.server import Address, Id, Incident, named, reached


class Wanted(Parameters):
    """Which incident, by its id (`Q1ABC234XYZ`)."""

    incident: Id


async def _preview(address: Address, wanted: Wanted) -> Preview:
    async with reached(address) as api:
        incident = await open_incident(api, wanted.incident)
    if _is_taken(incident):
        raise TargetError("{id} is acknowledged already, by {who}; nothing to do.", id=incident.id, who=incident.who)
    return Preview(
        lines=(
            Line(say("incident"), "", f"#{incident.incident_number} {named(incident.title)}"),
            Line(say("status"), incident.status, "acknowledged"),
            Line(say("assigned to"), incident.who, incident.who),
        ),
        state=state_of(incident),
        arguments={"incident": incident.id},
        # PagerDuty has no way back to "triggered" but its own time-out of an acknowledgement.
    )


async def _execute(address: Address, _: Wanted, preview: Preview, progress: Progress) -> Text:
    body = {"type": "incident_reference", "status": "acknowledged"}
    async with reached(address) as api:
        incident = await change_once(api, preview, body, _is_taken)
    return say("#{number} is acknowledged in PagerDuty: {who}", number=incident.incident_number, who=incident.who)


def _is_taken(incident: Incident) -> bool:
    return incident.status == "acknowledged"


ACKNOWLEDGE = Change("pagerduty.acknowledge", Address, Wanted, EXECUTE_LIMIT, _preview, _execute)
