"""An emulator of Alertmanager's API v2: alerts that somebody set, and silences by equality that really quieten them.

For the demo. The tests of the provider use the real Alertmanager.
"""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from aiohttp import web

from sandbox.world.listening import listen
from sandbox.world.observability.front import Front, guarded

_FILTER = re.compile(r'([a-zA-Z_]\w*)="([^"]*)"')


@dataclass
class Silence:
    """One silence; it is over when its end has passed."""

    matchers: Mapping[str, str]
    ends: datetime
    by: str
    comment: str
    id: str = field(default_factory=lambda: str(uuid4()))
    updated: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def state(self) -> str:
        return "active" if self.ends > datetime.now(UTC) else "expired"

    def document(self) -> dict[str, Any]:
        pairs = [
            {"name": name, "value": value, "isRegex": False, "isEqual": True} for name, value in self.matchers.items()
        ]
        return {
            "id": self.id,
            "status": {"state": self.state},
            "matchers": pairs,
            "createdBy": self.by,
            "comment": self.comment,
            "startsAt": self.updated.isoformat(),
            "endsAt": self.ends.isoformat(),
            "updatedAt": self.updated.isoformat(),
        }


class Alertmanager:
    """`alerts` are label sets with their age in minutes, as given to `fire`; `silences` by id."""

    def __init__(self) -> None:
        self.url = ""
        self.front = Front()
        self.alerts: list[tuple[dict[str, str], int]] = []
        self.silences: dict[str, Silence] = {}

    def fire(self, name: str, severity: str = "critical", minutes: int = 5, **labels: str) -> None:
        self.alerts.append(({"alertname": name, "severity": severity, **labels}, minutes))

    def resolve(self, name: str) -> None:
        self.alerts = [alert for alert in self.alerts if alert[0]["alertname"] != name]

    def application(self) -> web.Application:
        app = guarded(self.front, {}, _refuse)
        app.add_routes(
            [
                web.get("/api/v2/alerts", self._alerts),
                web.get("/api/v2/silences", self._silences),
                web.post("/api/v2/silences", self._create),
                web.get("/api/v2/silence/{id}", self._show),
                web.delete("/api/v2/silence/{id}", self._expire),
            ]
        )
        return app

    async def _alerts(self, request: web.Request) -> web.Response:
        wanted = dict(pair for words in request.query.getall("filter", []) for pair in _FILTER.findall(words))
        found = [self._document(labels, age) for labels, age in self.alerts if wanted.items() <= labels.items()]
        return web.json_response(found)

    def _document(self, labels: dict[str, str], minutes: int) -> dict[str, Any]:
        alive = [one for one in self.silences.values() if one.state == "active"]
        by = [one.id for one in alive if dict(one.matchers).items() <= labels.items()]
        return {
            "labels": labels,
            "startsAt": (datetime.now(UTC) - timedelta(minutes=minutes)).isoformat(),
            "status": {"state": "suppressed" if by else "active", "silencedBy": by, "inhibitedBy": []},
        }

    async def _silences(self, _request: web.Request) -> web.Response:
        return web.json_response([silence.document() for silence in self.silences.values()])

    async def _create(self, request: web.Request) -> web.Response:
        body = await request.json()
        ends = datetime.fromisoformat(body["endsAt"])
        if ends <= datetime.now(UTC):
            return _refuse(400, "end time can't be in the past")
        matchers = {one["name"]: one["value"] for one in body["matchers"]}
        made = Silence(matchers, ends, body["createdBy"], body["comment"])
        self.silences[made.id] = made
        return web.json_response({"silenceID": made.id})

    async def _show(self, request: web.Request) -> web.Response:
        found = self.silences.get(request.match_info["id"])
        return web.json_response(found.document()) if found else web.Response(status=404)

    async def _expire(self, request: web.Request) -> web.Response:
        found = self.silences.get(request.match_info["id"])
        if found is None:
            return web.Response(status=404)
        found.ends = found.updated = datetime.now(UTC)
        return web.Response()


def _refuse(status: int, words: str) -> web.Response:
    """Its errors are JSON strings."""
    return web.json_response(words, status=status)


@asynccontextmanager
async def open_alertmanager() -> AsyncIterator[Alertmanager]:
    """An emulated Alertmanager without alerts, without a token; set `front.tokens` to ask for one."""
    emulator = Alertmanager()
    async with listen(emulator.application()) as url:
        emulator.url = url
        yield emulator
