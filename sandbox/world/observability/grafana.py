"""An emulator of Grafana's HTTP API: dashboards by uid, permissions of a service account, and an image renderer."""

import struct
import zlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from sandbox.world.listening import listen
from sandbox.world.observability.front import Front, guarded

TOKEN = "glsa_emulated_viewer_0001"  # noqa: S105 - opens nothing but this emulator
_NEEDED = {"GET /api/dashboards/uid/": "dashboards:read", "GET /render/": "dashboards:read"}


@dataclass
class Dashboard:
    """Title, and panels as id to title; those in `collapsed` sit in a collapsed row."""

    title: str
    panels: Mapping[int, str] = field(default_factory=dict)
    collapsed: Mapping[int, str] = field(default_factory=dict)

    def document(self, uid: str) -> dict[str, Any]:
        row = {"id": 900, "type": "row", "title": "more", "collapsed": True, "panels": _panels(self.collapsed)}
        panels = [*_panels(self.panels), *([row] if self.collapsed else [])]
        return {"uid": uid, "title": self.title, "schemaVersion": 39, "panels": panels}


def _panels(titles: Mapping[int, str]) -> list[dict[str, Any]]:
    return [{"id": id, "type": "timeseries", "title": title} for id, title in titles.items()]


class Grafana:
    """`dashboards` by uid; `has_renderer` is whether the plugin is installed; `drawn` are the queries of pictures.

    `settings_status` and `render_status` are how those two answer; 0 breaks the connection.
    """

    token = TOKEN

    def __init__(self) -> None:
        self.url = ""
        self.front = Front(tokens={TOKEN: frozenset({"dashboards:read"})})
        self.dashboards: dict[str, Dashboard] = {}
        self.has_renderer = True
        self.settings_status = 200
        self.render_status = 200
        self.drawn: list[dict[str, str]] = []

    def application(self) -> web.Application:
        app = guarded(self.front, _NEEDED, _refuse)
        app.add_routes(
            [
                web.get("/api/dashboards/uid/{uid}", self._dashboard),
                web.get("/api/frontend/settings", self._settings),
                web.get("/render/d-solo/{uid}/{slug}", self._render),
            ]
        )
        return app

    async def _dashboard(self, request: web.Request) -> web.Response:
        uid = request.match_info["uid"]
        if uid not in self.dashboards:
            return _refuse(404, "Dashboard not found")
        meta = {"url": f"/d/{uid}/emulated", "canEdit": False, "version": 1}
        return web.json_response({"dashboard": self.dashboards[uid].document(uid), "meta": meta})

    async def _settings(self, request: web.Request) -> web.Response:
        if self.settings_status != 200:
            return _failed(request, self.settings_status)
        return web.json_response({"rendererAvailable": self.has_renderer, "buildInfo": {"version": "11.0.0"}})

    async def _render(self, request: web.Request) -> web.Response:
        self.drawn.append(dict(request.query))
        if self.render_status != 200:
            return _failed(request, self.render_status)
        # Without the plugin the real one answers 200 as well, with a picture that says so.
        return web.Response(body=_png(255 if self.has_renderer else 0), content_type="image/png")


def _failed(request: web.Request, status: int) -> web.Response:
    if not status and request.transport is not None:
        request.transport.abort()
        return web.Response()
    return _refuse(status, "it failed")


def _refuse(status: int, words: str) -> web.Response:
    return web.json_response({"message": words}, status=status)


def _png(grey: int) -> bytes:
    """A picture of one grey dot."""
    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(bytes([0, grey]))), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )


@asynccontextmanager
async def open_grafana() -> AsyncIterator[Grafana]:
    """An emulated Grafana without dashboards and one service account that may read them."""
    emulator = Grafana()
    async with listen(emulator.application()) as url:
        emulator.url = url
        yield emulator
