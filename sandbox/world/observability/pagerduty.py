"""An emulator of PagerDuty's REST API v2: incidents that can be taken and handed on, schedules, users, scopes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web

from sandbox.world.listening import listen
from sandbox.world.observability.front import Front, guarded

TOKEN = "u+emulatedkey0000001"  # noqa: S105 - opens nothing but this emulator
SCOPES = frozenset({"incidents.read", "incidents.write", "oncalls.read", "users.read"})
_NEEDED = {
    "GET /incidents": "incidents.read",
    "PUT /incidents/": "incidents.write",
    "GET /oncalls": "oncalls.read",
    "GET /users": "users.read",
}


@dataclass
class User:
    """Somebody who can be assigned."""

    id: str
    name: str
    email: str

    def reference(self) -> dict[str, str]:
        return {"id": self.id, "type": "user_reference", "summary": self.name}


@dataclass
class Incident:
    """One incident; `assigned` are ids of users."""

    id: str
    title: str
    assigned: list[str]
    number: int = 1
    status: str = "triggered"
    urgency: str = "high"
    service: str = "PAPI001"
    minutes: int = 4
    acknowledged_by: list[str] = field(default_factory=list)


@dataclass
class Oncall:
    """Who is on call by a schedule, and until when."""

    schedule: str
    user: str
    level: int = 1
    hours_left: float = 5.0


class PagerDuty:
    """The account. `needs_from` is true for keys of an account: changes then want the e-mail of a user in `From`."""

    token = TOKEN

    def __init__(self) -> None:
        self.url = ""
        self.front = Front(tokens={TOKEN: SCOPES}, scheme="Token token=")
        self.needs_from = True
        self.users: dict[str, User] = {}
        self.incidents: dict[str, Incident] = {}
        self.oncalls: list[Oncall] = []

    def add_user(self, id: str, name: str, email: str) -> User:
        self.users[id] = User(id, name, email)
        return self.users[id]

    def trigger(self, incident: Incident) -> Incident:
        self.incidents[incident.id] = incident
        return incident

    def application(self) -> web.Application:
        app = guarded(self.front, _NEEDED, _refuse)
        app.add_routes(
            [
                web.get("/incidents", self._list),
                web.get("/incidents/{id}", self._show),
                web.put("/incidents/{id}", self._change),
                web.get("/oncalls", self._oncalls),
                web.get("/users", self._users),
                web.get("/users/{id}", self._user),
            ]
        )
        return app

    async def _list(self, request: web.Request) -> web.Response:
        statuses, services = request.query.getall("statuses[]", []), request.query.getall("service_ids[]", [])
        limit = int(request.query.get("limit", "25"))
        found = [
            one
            for one in self.incidents.values()
            if one.status in (statuses or ("triggered", "acknowledged")) and (not services or one.service in services)
        ]
        documents = [self._document(one) for one in found[:limit]]
        return web.json_response({"incidents": documents, "limit": limit, "offset": 0, "more": len(found) > limit})

    async def _show(self, request: web.Request) -> web.Response:
        found = self.incidents.get(request.match_info["id"])
        return web.json_response({"incident": self._document(found)}) if found else _refuse(404, "Not Found")

    async def _change(self, request: web.Request) -> web.Response:
        found = self.incidents.get(request.match_info["id"])
        if found is None:
            return _refuse(404, "Not Found")
        sender = next((user for user in self.users.values() if user.email == request.headers.get("From")), None)
        if self.needs_from and sender is None:
            return _refuse(400, "Requester User Not Found")
        wanted = (await request.json())["incident"]
        if found.status == "resolved":
            return _refuse(400, "Incident Already Resolved")
        if wanted.get("status") == "acknowledged":
            found.status = "acknowledged"
            found.acknowledged_by = [sender.id if sender else "PSELF01"]
        if "assignments" in wanted:
            found.assigned = [one["assignee"]["id"] for one in wanted["assignments"]]
            # Whoever has it now has not seen it yet.
            found.status, found.acknowledged_by = "triggered", []
        return web.json_response({"incident": self._document(found)})

    async def _oncalls(self, request: web.Request) -> web.Response:
        wanted = request.query.getall("schedule_ids[]", [])
        found = [
            {
                "user": self.users[one.user].reference(),
                "schedule": {"id": one.schedule, "type": "schedule_reference", "summary": "Plantão"},
                "escalation_level": one.level,
                "end": (datetime.now(UTC) + timedelta(hours=one.hours_left)).isoformat(),
            }
            for one in self.oncalls
            if not wanted or one.schedule in wanted
        ]
        return web.json_response({"oncalls": found, "limit": 100, "offset": 0, "more": False})

    async def _users(self, request: web.Request) -> web.Response:
        words = request.query.get("query", "").lower()
        found = [user for user in self.users.values() if words in user.name.lower() or words in user.email.lower()]
        return web.json_response({"users": [_user_document(user) for user in found], "more": False})

    async def _user(self, request: web.Request) -> web.Response:
        found = self.users.get(request.match_info["id"])
        return web.json_response({"user": _user_document(found)}) if found else _refuse(404, "Not Found")

    def _document(self, incident: Incident) -> dict[str, Any]:
        created = datetime.now(UTC) - timedelta(minutes=incident.minutes)
        return {
            "id": incident.id,
            "type": "incident",
            "incident_number": incident.number,
            "title": incident.title,
            "status": incident.status,
            "urgency": incident.urgency,
            "created_at": created.isoformat(),
            "service": {"id": incident.service, "type": "service_reference", "summary": "agente-api"},
            "assignments": [{"assignee": self.users[id].reference()} for id in incident.assigned],
            "acknowledgements": [{"acknowledger": {"id": id}} for id in incident.acknowledged_by],
        }


def _user_document(user: User) -> dict[str, str]:
    return {"id": user.id, "type": "user", "summary": user.name, "name": user.name, "email": user.email}


def _refuse(status: int, words: str) -> web.Response:
    return web.json_response({"error": {"message": words, "code": 2000 + status}}, status=status)


@asynccontextmanager
async def open_pagerduty() -> AsyncIterator[PagerDuty]:
    """An emulated account without users or incidents, and one key that may do what the bot needs."""
    emulator = PagerDuty()
    async with listen(emulator.application()) as url:
        emulator.url = url
        yield emulator
