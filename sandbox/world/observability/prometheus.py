"""An emulator of the HTTP API of Prometheus: it computes nothing, it answers from a table of expressions.

For the demo, where figures have to follow a story. The tests of the provider use the real Prometheus.
"""

import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

from aiohttp import web

from sandbox.world.listening import listen
from sandbox.world.observability.front import Front, guarded

Figure: TypeAlias = "float | Callable[[float], float]"
_MOST_POINTS = 11_000


@dataclass(frozen=True)
class Line:
    """One series of an answer: labels, and a number or a function of the time in seconds."""

    labels: Mapping[str, str]
    figure: Figure


@dataclass
class Alert:
    """One alert; `state` is firing or pending."""

    name: str
    severity: str = "critical"
    state: str = "firing"
    minutes: int = 5
    labels: Mapping[str, str] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        since = datetime.now(UTC) - timedelta(minutes=self.minutes)
        labels = {"alertname": self.name, "severity": self.severity, **self.labels}
        return {"labels": labels, "annotations": {}, "state": self.state, "activeAt": since.isoformat(), "value": "1"}


class Prometheus:
    """What it knows: `table` (expression to a figure or several lines), `page` (sample to figure), alerts, targets.

    `targets` maps (job, instance) to the error of its last scrape, empty when it is up; `fired` holds (name, severity)
    of alerts of the last hours. An expression that is not in the table has no series.
    """

    def __init__(self) -> None:
        self.url = ""
        self.front = Front()
        self.table: dict[str, Figure | Sequence[Line]] = {}
        self.page: dict[str, Figure] = {}
        self.alerts: list[Alert] = []
        self.fired: list[tuple[str, str]] = []
        self.targets: dict[tuple[str, str], str] = {}

    @property
    def metrics_url(self) -> str:
        """The page of metrics, for `prometheus.scrape`."""
        return f"{self.url}/metrics"

    def lines(self, expression: str) -> list[Line]:
        """The series of an expression; white space does not matter."""
        if "ALERTS{" in expression:
            names = {(alert.name, alert.severity) for alert in self.alerts if alert.state == "firing"} | {*self.fired}
            return [Line({"alertname": name, "severity": severity}, 1.0) for name, severity in sorted(names)]
        known = {"".join(key.split()): value for key, value in self.table.items()}
        found = known.get("".join(expression.split()))
        if found is None:
            return []
        return list(found) if isinstance(found, Sequence) else [Line({}, found)]

    def application(self) -> web.Application:
        app = guarded(self.front, {}, _refuse)
        app.add_routes(
            [
                web.get("/api/v1/query", self._query),
                web.get("/api/v1/query_range", self._range),
                web.get("/api/v1/alerts", self._alerts),
                web.get("/api/v1/targets", self._targets),
                web.get("/metrics", self._metrics),
            ]
        )
        return app

    async def _query(self, request: web.Request) -> web.Response:
        at = float(request.query.get("time", time.time()))
        result = [{"metric": dict(line.labels), "value": [at, _written(line, at)]} for line in self._asked(request)]
        return _success({"resultType": "vector", "result": result})

    async def _range(self, request: web.Request) -> web.Response:
        start, end, step = (float(request.query[name]) for name in ("start", "end", "step"))
        if (end - start) / step > _MOST_POINTS:
            return _refuse(400, "exceeded maximum resolution of 11,000 points per timeseries")
        moments = [start + index * step for index in range(int((end - start) // step) + 1)]
        result = [
            {"metric": dict(line.labels), "values": [[at, _written(line, at)] for at in moments]}
            for line in self._asked(request)
        ]
        return _success({"resultType": "matrix", "result": result})

    def _asked(self, request: web.Request) -> list[Line]:
        return self.lines(request.query.get("query", ""))

    async def _alerts(self, _request: web.Request) -> web.Response:
        return _success({"alerts": [alert.document() for alert in self.alerts]})

    async def _targets(self, _request: web.Request) -> web.Response:
        active = [
            {"labels": {"job": job, "instance": instance}, "health": "down" if error else "up", "lastError": error}
            for (job, instance), error in self.targets.items()
        ]
        return _success({"activeTargets": active, "droppedTargets": []})

    async def _metrics(self, _request: web.Request) -> web.Response:
        now = time.time()
        text = "".join(f"{sample} {_number(figure, now)}\n" for sample, figure in self.page.items())
        return web.Response(text=text)


def _written(line: Line, at: float) -> str:
    return str(_number(line.figure, at))


def _number(figure: Figure, at: float) -> float:
    return float(figure(at) if callable(figure) else figure)


def _success(data: object) -> web.Response:
    return web.json_response({"status": "success", "data": data})


def _refuse(status: int, words: str) -> web.Response:
    kind = "bad_data" if status == 400 else "internal"
    return web.json_response({"status": "error", "errorType": kind, "error": words}, status=status)


@asynccontextmanager
async def open_prometheus() -> AsyncIterator[Prometheus]:
    """An emulated Prometheus that knows nothing yet, without a token; set `front.tokens` to ask for one."""
    emulator = Prometheus()
    async with listen(emulator.application()) as url:
        emulator.url = url
        yield emulator
