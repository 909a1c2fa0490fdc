"""Reading the pages of Atlassian Statuspage (and of incident.io, which imitates it), Instatus and Salesforce Trust."""

from typing import Any, Final

from bot.core.errors import TargetError
from bot.providers.statuspage.page import Component, Page, worst
from bot.providers.web_answers import dug, records
from bot.providers.web_api import Api, Request

_ATLASSIAN: Final = {
    "operational": "none",
    "under_maintenance": "maintenance",
    "degraded_performance": "minor",
    "partial_outage": "major",
    "major_outage": "critical",
    "full_outage": "critical",
}
_INSTATUS: Final = {
    "OPERATIONAL": "none",
    "UNDERMAINTENANCE": "maintenance",
    "DEGRADEDPERFORMANCE": "minor",
    "MINOROUTAGE": "minor",
    "PARTIALOUTAGE": "major",
    "MAJOROUTAGE": "critical",
}
_SALESFORCE: Final = {
    "OK": "none",
    "INFORMATIONAL": "none",
    "MAINTENANCE": "maintenance",
    "MINOR": "minor",
    "MAJOR": "major",
}


async def atlassian(api: Api, _wants_components: bool) -> Page:
    """`summary.json`; a page that offers only `status.json` tells less."""
    answer = await api.ask(Request("/api/v2/summary.json"))
    document = await api.read("/api/v2/status.json") if answer.status == 404 else api.good(answer)
    status = _required(dug(document, "status"), "status")
    return Page(
        indicator=api.clean(status.get("indicator"), 40),
        description=api.clean(status.get("description") or "-", 120),
        incidents=_listed(api, document, "incidents", "impact"),
        maintenances=_counted(document, "scheduled_maintenances", "in_progress"),
        components=_components(api, document, _ATLASSIAN),
    )


async def instatus(api: Api, wants_components: bool) -> Page:
    """`summary.json`; the page itself only says that it has issues, so the gravest of its incidents is the answer."""
    document = await api.read("/summary.json")
    page = _required(dug(document, "page"), "page")
    incidents = records(document.get("activeIncidents"))
    indicator = worst([_INSTATUS.get(str(one.get("impact")), "minor") for one in incidents])
    if indicator == "none":
        indicator = {"UP": "none", "UNDERMAINTENANCE": "maintenance"}.get(str(page.get("status")), "minor")
    running = [one for one in records(document.get("activeMaintenances")) if one.get("status") == "INPROGRESS"]
    parts = await api.read("/v2/components.json") if wants_components else {}
    return Page(
        indicator=indicator,
        description=api.clean(page.get("status") or "-", 120),
        incidents=tuple(_line(api, one, "impact") for one in incidents),
        maintenances=len(running),
        components=_components(api, parts, _INSTATUS),
    )


async def salesforce(api: Api, _wants_components: bool) -> Page:
    """`/v1/instances/<instance>/status`; its list of incidents holds finished ones, whose impacts have an end."""
    path = "" if api.base.rstrip("/").endswith("/status") else "/status"
    document = await api.read(path)
    status = str(_required(document, "status").get("status"))
    open_ones = [
        one
        for one in records(document.get("Incidents"))
        if any(not impact.get("endTime") for impact in records(one.get("IncidentImpacts")))
    ]
    return Page(
        indicator=_SALESFORCE.get(status.partition("_")[0], api.clean(status, 40)),
        description=api.clean(f"{document.get('key') or '-'}: {status}", 120),
        incidents=tuple(_salesforce_line(api, one) for one in open_ones),
    )


def _salesforce_line(api: Api, incident: dict[str, Any]) -> str:
    severity = next((impact.get("severity") for impact in records(incident.get("IncidentImpacts"))), "-")
    events = records(incident.get("IncidentEvents"))
    said = events[-1].get("message") if events else dug(incident, "message.rootCause")
    return api.clean(f"{severity}  {incident.get('id')}  {said or '-'}")


def _listed(api: Api, document: Any, name: str, impact: str) -> tuple[str, ...] | None:
    if not isinstance(document.get(name), list):
        return None
    still_open = [one for one in records(document[name]) if one.get("status") not in {"resolved", "postmortem"}]
    return tuple(_line(api, one, impact) for one in still_open)


def _line(api: Api, incident: dict[str, Any], impact: str) -> str:
    since = str(incident.get("started_at") or incident.get("created_at") or incident.get("started") or "")[:24]
    return api.clean(f"{incident.get(impact) or '-'}  {incident.get('status') or '-'}  {incident.get('name')}  {since}")


def _counted(document: Any, name: str, status: str) -> int | None:
    found = document.get(name)
    return sum(one.get("status") == status for one in records(found)) if isinstance(found, list) else None


def _components(api: Api, document: Any, words: dict[str, str]) -> tuple[Component, ...] | None:
    found = dug(document, "components")
    if not isinstance(found, list):
        return None
    return tuple(
        Component(api.clean(one.get("name"), 80), words.get(str(one.get("status")), api.clean(one.get("status"), 40)))
        for one in records(found)
    )


def _required(found: Any, name: str) -> dict[str, Any]:
    if not isinstance(found, dict):
        raise TargetError("The page has no `{field}`; its `kind` may be another one.", field=name)
    return found
