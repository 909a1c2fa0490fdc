"""An emulator of Tempo's search API: it understands one form of TraceQL, the one by service and duration."""

import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from aiohttp import web

from sandbox.world.listening import listen
from sandbox.world.observability.front import Front, guarded

_QUERY = re.compile(
    r'\{\s*resource\.service\.name\s*=\s*"([^"]*)"\s*&&\s*duration\s*>\s*(\d+)ms\s*\}(\s*\|\s*select\(name\))?'
)


@dataclass
class Span:
    """One span of a service."""

    service: str
    name: str
    ms: int


@dataclass
class Trace:
    """A request from its root to its spans; the trace lasts as long as its root."""

    service: str
    root: str
    ms: int
    spans: list[Span] = field(default_factory=list)
    minutes_ago: float = 1.0
    id: str = field(default_factory=lambda: uuid4().hex)

    def all_spans(self) -> list[Span]:
        return [Span(self.service, self.root, self.ms), *self.spans]


class Tempo:
    """`traces` are what it stores; with `tenant` set it wants that name in `X-Scope-OrgID`."""

    def __init__(self) -> None:
        self.url = ""
        self.token = ""
        self.tenant = ""
        self.front = Front()
        self.traces: list[Trace] = []

    def application(self) -> web.Application:
        app = guarded(self.front, {"GET /api/search": "traces:read"}, _refuse)
        app.add_routes([web.get("/api/search", self._search)])
        return app

    async def _search(self, request: web.Request) -> web.Response:
        if self.tenant and request.headers.get("X-Scope-OrgID") != self.tenant:
            return _refuse(401, "no org id")
        asked = _QUERY.fullmatch(request.query.get("q", "").strip())
        if asked is None:
            return _refuse(400, "invalid TraceQL query: parse error at line 1, col 1: syntax error")
        start, end = int(request.query["start"]), int(request.query["end"])
        now, found = time.time(), []
        for trace in self.traces:
            began = now - 60 * trace.minutes_ago
            slow = [span for span in trace.all_spans() if span.service == asked[1] and span.ms > int(asked[2])]
            if slow and start <= began <= end:
                found.append(_document(trace, slow, began, has_names=bool(asked[3])))
        limit = int(request.query.get("limit", "20"))
        return web.json_response({"traces": found[:limit], "metrics": {"inspectedTraces": len(self.traces)}})


def _document(trace: Trace, slow: list[Span], began: float, *, has_names: bool) -> dict[str, Any]:
    spans = [
        {
            "spanID": f"{index:016x}",
            "startTimeUnixNano": str(int(began * 1e9)),
            "durationNanos": str(span.ms * 1_000_000),
            **({"name": span.name} if has_names else {}),
        }
        for index, span in enumerate(slow)
    ]
    return {
        "traceID": trace.id,
        "rootServiceName": trace.service,
        "rootTraceName": trace.root,
        "startTimeUnixNano": str(int(began * 1e9)),
        "durationMs": trace.ms,
        "spanSets": [{"spans": spans, "matched": len(spans)}],
    }


def _refuse(status: int, words: str) -> web.Response:
    """Tempo's errors are plain text."""
    return web.Response(text=words, status=status)


@asynccontextmanager
async def open_tempo() -> AsyncIterator[Tempo]:
    """An emulated Tempo without traces, without a token; set `front.tokens` to ask for one."""
    emulator = Tempo()
    async with listen(emulator.application()) as url:
        emulator.url = url
        yield emulator
