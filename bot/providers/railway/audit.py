"""Who changed what in the project lately: variables, deployments, and everything else."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from pydantic import Field

from bot.core.errors import TargetError
from bot.core.findings import Measurement, Reading
from bot.core.operation import Parameters, Read
from bot.core.text import Text, say
from bot.providers.railway import queries
from bot.providers.railway.address import Address
from bot.providers.railway.graph import LIMIT, Graph, Node, nodes, opened, seen
from bot.providers.railway.history import Scope, moment, scope_of

_MOST: Final = 100
_SHOWN: Final = 30


class Audit(Parameters):
    """How far back to look."""

    hours: int = Field(24, ge=1, le=7 * 24)


@dataclass(frozen=True, slots=True)
class _Entry:
    """One entry. Of the payload only names are taken: the rest may hold values of variables."""

    at: datetime
    event: str
    names: str
    who: str

    @property
    def line(self) -> str:
        return " ".join(f"{self.at:%Y-%m-%d %H:%M}Z {self.event} {self.names} by {self.who}".split())


async def _read(address: Address, wanted: Audit) -> Reading:
    async with opened(address) as graph:
        entries = await _entries(graph, await scope_of(graph, address), wanted)
    events = [entry.event for entry in entries]
    return Reading(
        _summary(len(entries), wanted.hours),
        (
            Measurement("changes", len(entries)),
            Measurement("variable_changes", _count(events, "variable")),
            Measurement("deployments", _count(events, "deployment")),
            Measurement("people", len({entry.who for entry in entries})),
        ),
        tuple(entry.line for entry in entries[:_SHOWN]),
    )


async def _entries(graph: Graph, scope: Scope, wanted: Audit) -> list[_Entry]:
    """The newest entries of the whole project: a change in another environment is worth seeing too."""
    if not scope.workspace:
        raise TargetError("Railway does not say which workspace the project belongs to, so its audit log is not found.")

    def read(answer: Node) -> list[_Entry]:
        found = [_entry_of(node) for node in nodes(answer["auditLogs"])]
        return sorted(found, key=lambda entry: entry.at, reverse=True)

    begin = datetime.now(UTC) - timedelta(hours=wanted.hours)
    since = begin.isoformat(timespec="seconds").replace("+00:00", "Z")
    return await graph.ask(
        queries.AUDIT,
        read,
        workspaceId=scope.workspace,
        first=_MOST,
        filter={"projectId": scope.project, "startDate": since},
    )


def _entry_of(node: Node) -> _Entry:
    payload = node.get("payload")
    fields = payload if isinstance(payload, dict) else {}
    names = " ".join(seen(fields[key], 60) for key in ("serviceName", "name") if isinstance(fields.get(key), str))
    return _Entry(moment(node["createdAt"]), seen(node["eventType"], 60), names, _who(node))


def _count(events: list[str], subject: str) -> int:
    return sum(subject in event.lower() for event in events)


def _who(entry: Node) -> str:
    context = entry.get("context")
    actor: Any = context.get("actor") or context.get("user") if isinstance(context, dict) else None
    if isinstance(actor, dict):
        actor = actor.get("name") or actor.get("email") or actor.get("id")
    return seen(actor, 60) or "?"


def _summary(count: int, hours: int) -> Text:
    if count >= _MOST:
        return say("at least {count} changes in the last {hours} h", count=count, hours=hours)
    return say("{count} changes in the last {hours} h", count=count, hours=hours)


AUDIT = Read("railway.audit", Address, Audit, LIMIT, _read)
