"""Emulator of vendors' status pages: Atlassian Statuspage v2, Instatus, Salesforce Trust and an AWS Health feed."""

from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from xml.sax.saxutils import escape

from aiohttp import web

from sandbox.world.vendors.trouble import Vendor

_WORDS = {"none": "All Systems Operational", "minor": "Minor Service Outage", "critical": "Major Service Outage"}


class StatusPages(Vendor):
    """One page of each kind; `<url>/atlassian`, `<url>/instatus`, `<url>/v1/instances/NA1` and `<url>/feed.rss`."""

    def __init__(self) -> None:
        super().__init__()
        self.indicator = "none"
        self.components: dict[str, str] = {"API": "operational", "ChatGPT": "operational"}
        self.incidents: list[dict[str, Any]] = []
        self.past: list[dict[str, Any]] = []
        self.maintenances: list[dict[str, Any]] = []
        self.has_summary = True
        self.instatus_status = "UP"
        self.instatus_incidents: list[dict[str, Any]] = []
        self.instatus_components: dict[str, str] = {"Deployments": "OPERATIONAL"}
        self.salesforce_status = "OK"
        self.salesforce_incidents: list[dict[str, Any]] = []
        self.feed: list[tuple[str, datetime]] = []
        self.feed_body: str | None = None

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/atlassian/api/v2/summary.json", self._summary),
            web.get("/atlassian/api/v2/status.json", self._status),
            web.get("/atlassian/api/v2/incidents.json", self._history),
            web.get("/instatus/summary.json", self._instatus),
            web.get("/instatus/v2/components.json", self._instatus_components),
            web.get("/v1/instances/NA1/status", self._salesforce),
            web.get("/feed.rss", self._feed),
        ]

    def break_down(self, component: str, name: str, *, indicator: str = "critical", impact: str = "critical") -> None:
        """A component fails and an incident is opened, on the Atlassian page."""
        self.indicator = indicator
        self.components[component] = "major_outage"
        created = "2026-11-21T09:00:00Z"
        self.incidents.append({"name": name, "status": "investigating", "impact": impact, "created_at": created})

    def recover(self, at: datetime) -> None:
        """What was broken on the Atlassian page is well again since then."""
        over = {"status": "resolved", "resolved_at": at.isoformat()}
        self.past = [*({**one, **over} for one in self.incidents), *self.past]
        self.incidents, self.indicator = [], "none"
        self.components = dict.fromkeys(self.components, "operational")

    def _page(self) -> dict[str, Any]:
        status = {"indicator": self.indicator, "description": _WORDS.get(self.indicator, self.indicator)}
        return {"page": {"id": "emulated", "name": "Emulated vendor"}, "status": status}

    async def _summary(self, _request: web.Request) -> web.Response:
        if not self.has_summary:
            raise web.HTTPNotFound
        components = [{"name": name, "status": status} for name, status in self.components.items()]
        lists = {"incidents": self.incidents, "scheduled_maintenances": self.maintenances}
        return web.json_response(self._page() | lists | {"components": components})

    async def _history(self, _request: web.Request) -> web.Response:
        """Those that are over as well; a real page lists the newest fifty."""
        return web.json_response({"page": self._page()["page"], "incidents": [*self.incidents, *self.past]})

    async def _status(self, _request: web.Request) -> web.Response:
        return web.json_response(self._page())

    async def _instatus(self, _request: web.Request) -> web.Response:
        page = {"name": "Emulated", "url": "https://status.example.com", "status": self.instatus_status}
        return web.json_response({"page": page, "activeIncidents": self.instatus_incidents, "activeMaintenances": []})

    async def _instatus_components(self, _request: web.Request) -> web.Response:
        components = [{"name": name, "status": status} for name, status in self.instatus_components.items()]
        return web.json_response({"components": components})

    async def _salesforce(self, _request: web.Request) -> web.Response:
        answer = {"key": "NA1", "status": self.salesforce_status, "isActive": True}
        return web.json_response(answer | {"Incidents": self.salesforce_incidents, "Maintenances": []})

    async def _feed(self, _request: web.Request) -> web.Response:
        items = "".join(
            f"<item><title>{escape(title)}</title><pubDate>{format_datetime(at.astimezone(UTC))}</pubDate></item>"
            for title, at in self.feed
        )
        body = f'<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel>{items}</channel></rss>'
        return web.Response(text=self.feed_body or body, content_type="application/rss+xml")
