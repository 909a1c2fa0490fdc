"""Facts and what they are made of, to JSON and back.

The table of kinds is the schema of the record: rows are never removed.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import Any, cast

from bot.core import findings, freeze, handoff, incident, preview, report, reveal, run, text, watch
from bot.core.policy import Severity

KINDS: Mapping[str, type] = {
    "text": text.Text,
    "person": text.Person,
    "place": text.Place,
    "words": text.Words,
    "severity": Severity,
    "level": findings.Level,
    "measurement": findings.Measurement,
    "judgement": findings.Judgement,
    "finding": findings.Finding,
    "link": findings.Link,
    "report": report.Report,
    "advice": report.Advice,
    "incident.declared": incident.Declared,
    "incident.acknowledged": incident.Acknowledged,
    "incident.overdue": incident.Overdue,
    "incident.updated": incident.Updated,
    "incident.diagnosing": incident.Diagnosing,
    "incident.diagnosed": incident.Diagnosed,
    "incident.diagnosis_lost": incident.DiagnosisLost,
    "incident.run_moved": incident.RunMoved,
    "incident.breached": incident.Breached,
    "incident.cleared": incident.Cleared,
    "incident.resolved": incident.Resolved,
    "run.line": preview.Line,
    "run.preview": preview.Preview,
    "run.proposed": run.Proposed,
    "run.approved": run.Approved,
    "run.denied": run.Denied,
    "run.withdrawn": run.Withdrawn,
    "run.cancel_asked": run.CancelAsked,
    "run.undone": run.Undone,
    "run.overstayed": run.Overstayed,
    "run.expired": run.Expired,
    "run.refused": run.Refused,
    "run.delayed": run.Delayed,
    "run.released": run.Released,
    "run.started": run.Started,
    "run.progressed": run.Progressed,
    "run.finished": run.Finished,
    "run.failed": run.Failed,
    "run.interrupted": run.Interrupted,
    "run.verified": run.Verified,
    "run.watched": watch.Outcome,
    "run.unverified": run.Unverified,
    "incident.state": incident.Incident,
    "incident.phase": incident.Phase,
    "run.state": run.Run,
    "run.phase": run.Phase,
    "handoff.state": handoff.Handoff,
    "handoff.note": handoff.Note,
    "handoff.noted": handoff.Noted,
    "handoff.written": handoff.Written,
    "handoff.accepted": handoff.Accepted,
    "freeze.frozen": freeze.Frozen,
    "freeze.lifted": freeze.Lifted,
    "freeze.state": freeze.Freeze,
    "watch.begun": watch.Begun,
    "watch.seen": watch.Seen,
    "watch.ended": watch.Ended,
    "watch.state": watch.Watch,
    "reveal.granted": reveal.Granted,
    "reveal.state": reveal.Reveal,
}
NAMES: Mapping[type, str] = {kind: name for name, kind in KINDS.items()}


def dumps(value: object) -> str:
    """Canonical JSON: the same value always gives the same bytes, so that it can be hashed."""
    return json.dumps(_plain(value), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def loads(raw: str | bytes) -> Any:
    """Read what `dumps` wrote; raises ValueError on a kind or field this version does not know."""
    try:
        return _typed(json.loads(raw))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"the record holds something that this version cannot read: {error}") from error


def kind_of(fact: object) -> str:
    """The name under which a fact is stored, such as `incident.declared`; raises ValueError when it has none."""
    if type(fact) not in NAMES:
        raise ValueError(f"the record does not know how to store {type(fact).__name__}")
    return NAMES[type(fact)]


@cache
def _field_names(kind: Any) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


def _plain(value: object) -> Any:
    match value:
        case StrEnum():
            return {"_": kind_of(value), "is": str(value)}
        case None | str() | bool() | int() | float():
            return value
        case bytes():
            return {"_": "bytes", "is": b64encode(value).decode()}
        case datetime():
            return {"_": "at", "is": value.isoformat()}
        case timedelta():
            return {"_": "seconds", "is": value.total_seconds()}
        case tuple() | list():
            return [_plain(item) for item in value]
        case Mapping():
            return {"_": "map", "is": {_key(key): _plain(item) for key, item in value.items()}}
        case _:
            name, kind = kind_of(value), cast(Any, type(value))
            return {"_": name} | {field: _plain(getattr(value, field)) for field in _field_names(kind)}


def _key(key: object) -> str:
    if not isinstance(key, str):  # JSON would turn it into one, and nobody could tell afterwards
        raise ValueError(f"the record does not know how to store {type(key).__name__} as a key")
    return key


def _typed(raw: Any) -> Any:
    if isinstance(raw, list):
        return tuple(_typed(item) for item in raw)
    if not isinstance(raw, dict):
        return raw
    kind = raw.pop("_")
    match kind:
        case "at":
            return datetime.fromisoformat(raw["is"])
        case "bytes":
            return b64decode(raw["is"])
        case "seconds":
            return timedelta(seconds=raw["is"])
        case "map":
            return {key: _typed(item) for key, item in raw["is"].items()}
        case _ if kind not in KINDS:
            raise ValueError(f"the record holds a {kind!r} that this version does not know")
        case _ if issubclass(KINDS[kind], StrEnum):
            return KINDS[kind](raw["is"])
        case _:
            return KINDS[kind](**{name: _typed(item) for name, item in raw.items()})
