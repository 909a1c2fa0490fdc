"""What a service or its build wrote; always of one named deployment, never whatever is linked somewhere."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Literal

from pydantic import Field

from bot.core.findings import Reading
from bot.core.loglines import LogLine, LogQuery, read_lines
from bot.core.operation import Read
from bot.core.text import Text, say
from bot.providers.crunching import crunch
from bot.providers.railway import queries
from bot.providers.railway.address import Address, OfService
from bot.providers.railway.graph import LIMIT, Graph, Node, opened
from bot.providers.railway.history import Deployment, History, history_of, moment, scope_of


class Logs(LogQuery, OfService):
    """`deployment`: the one that serves (`running`), the newest (`latest`), the last that `failed`, or an id's
    beginning."""

    deployment: str = Field("running", pattern=r"^(running|latest|failed|[0-9a-f-]{8,36})$")
    kind: Literal["deploy", "build"] = "deploy"


async def _read(address: Address, wanted: Logs) -> Reading:
    now = datetime.now(UTC)
    async with opened(address) as graph:
        history = await history_of(graph, await scope_of(graph, address, wanted.service))
        chosen = _choose(history, wanted.deployment)
        if chosen is None:
            return replace(read_lines([], wanted, now), summary=_nothing(history))
        lines = await _lines(graph, history, chosen, wanted, now)
    reading = await crunch(read_lines, lines, wanted, now)
    heading = f"deployment {chosen.short} {chosen.status}: {chosen.words}"
    return replace(reading, evidence=(heading, *reading.evidence))


def _choose(history: History, name: str) -> Deployment | None:
    match name:
        case "running":
            return history.present or history.newest
        case "latest":
            return history.newest
        case "failed":
            return next((one for one in history.deployments if one.has_failed), None)
        case _:
            return history.named(name)


def _nothing(history: History) -> Text:
    if history.newest is None:
        return say("{service} was never deployed here", service=history.scope.name)
    return say(
        "none of the last {count} deployments of {service} failed",
        count=len(history.deployments),
        service=history.scope.name,
    )


async def _lines(graph: Graph, history: History, chosen: Deployment, wanted: Logs, now: datetime) -> list[LogLine]:
    document = queries.BUILD_LOGS if wanted.kind == "build" else queries.DEPLOY_LOGS
    begin = now - timedelta(minutes=wanted.minutes) if wanted.minutes else None

    def read(answer: Node) -> list[LogLine]:
        return [
            LogLine(history.scope.name, _text(entry), moment(entry["timestamp"]) if entry.get("timestamp") else None)
            for entry in answer[document.field][-wanted.lines :]
        ]

    found = await graph.ask(
        document,
        read,
        id=chosen.id,
        limit=wanted.lines,
        startDate=begin.isoformat(timespec="seconds").replace("+00:00", "Z") if begin else None,
        filter="",
    )
    return [line for line in found if line.at is None or begin is None or line.at >= begin]


def _text(entry: Node) -> str:
    """The message; a structured line without one is told by its fields. An error says that it is one."""
    message = str(entry.get("message") or "")
    if not message:
        fields = entry.get("attributes") or ()
        message = " ".join(f"{one['key']}={one['value']}" for one in fields if one["key"] != "level")
    severity = str(entry.get("severity") or "")
    marked = severity in ("error", "warn", "critical") and severity not in message.lower()
    return f"{severity}: {message}" if marked else message


LOGS = Read("railway.logs", Address, Logs, LIMIT, _read)
