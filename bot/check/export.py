"""`plantao audit export`: what was run and who read what in full, or one stream event by event, as JSON lines.

Each line carries the hash of its last event: a later export of a record that was rewritten shows another one.
"""

import asyncio
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.catalog.shape import parse_duration
from bot.check.archive import Archive, open_archive
from bot.check.place import record_of, settings_without_slack
from bot.check.stream import Stored, damage
from bot.core import codec, preview, reveal, run
from bot.core.chain import unseal
from bot.core.errors import ConfigError
from bot.core.events import Recorded
from bot.core.family import REVEALS, RUNS
from bot.core.redaction import mask
from bot.core.run import Progressed
from bot.core.text import Text
from bot.locale import ENGLISH
from bot.slack.voice import Voice

Line = dict[str, Any]

ENGLISHMAN = Voice(ENGLISH)


def export(stream: str, since: str, kinds: Sequence[str] = ()) -> int:
    """Print one stream, or all runs and reveals; the exit code is 1 where something of it is damaged."""
    return asyncio.run(_export(stream.upper(), _moment(since), kinds or tuple(_LINES)))


def _moment(words: str) -> datetime:
    """`7d` ago, or a date with or without a time, in UTC unless it says otherwise; raises ConfigError."""
    if not words:
        return datetime.min.replace(tzinfo=UTC)
    ago = parse_duration(words)
    if isinstance(ago, timedelta):
        return datetime.now(UTC) - ago
    try:
        at = datetime.fromisoformat(words)
    except ValueError as error:
        raise ConfigError(f"--since: {words!r} is neither a date such as 2026-01-31 nor a time such as 7d") from error
    return at if at.tzinfo else at.replace(tzinfo=UTC)


async def _export(stream: str, since: datetime, kinds: Sequence[str]) -> int:
    settings = settings_without_slack()
    async with record_of(settings) as client:
        archive = await open_archive(client, settings.prefix)
        names = await _wanted(archive, stream, kinds)
        harmed = [await _print(await archive.look(name), since, whole=bool(stream)) for name in names]
    return 1 if any(harmed) else 0


async def _wanted(archive: Archive, stream: str, kinds: Sequence[str]) -> list[str]:
    names = await archive.names()
    if stream and stream not in names:
        raise ConfigError(f"--stream: the record has no stream {stream}")
    return [stream] if stream else [name for name in names if name.partition("-")[0] in kinds]


async def _print(stored: Stored, since: datetime, *, whole: bool) -> bool:
    """Print the lines of one stream and say whether it is damaged; of a damaged one nothing is worth exporting."""
    harm = damage(stored)
    if harm is not None:
        sys.stderr.write(f"{harm}\n")
        return True
    events = [unseal(stored.name, version, raw) for version, raw in zip(stored.versions, stored.raws, strict=True)]
    for line in [_event(event) for event in events if event.at >= since] if whole else _story(events, since):
        sys.stdout.write(f"{json.dumps(line, ensure_ascii=False)}\n")
    return False


def _event(event: Recorded) -> Line:
    fact = json.loads(codec.dumps(event.fact))
    return {"stream": event.stream, "version": event.version, **_deed(event), "fact": _masked(fact), "hash": event.hash}


def _story(events: Sequence[Recorded], since: datetime) -> list[Line]:
    """One stream as one line, if anything happened to it since."""
    line = _LINES[events[0].stream.partition("-")[0]]
    return [line(events)] if events[-1].at >= since else []


def _run(events: Sequence[Recorded]) -> Line:
    state = run.apply(None, events[0])
    for event in events[1:]:
        state = run.apply(state, event)
    proposal = state.proposal
    return {
        "run": events[0].stream,
        **{name: getattr(proposal, name) for name in ("system", "action", "target", "risk", "incident", "undo_of")},
        "title": _words(proposal.title),
        "given": {name: _value(name, value) for name, value in proposal.given.items()},
        "changes": [_changed(line) for line in proposal.preview.lines],
        "fingerprint": proposal.preview.fingerprint,
        "history": [_deed(event) for event in events if not isinstance(event.fact, Progressed)],
        "phase": str(state.phase),
        "was_interrupted": state.interrupted,
        "outcome": _words(state.outcome) if state.outcome else "",
        "checks": [{"level": str(level), "check": _words(one), "said": _words(two)} for level, one, two in state.lines],
        "undone_by": state.undone_by,
        "version": state.version,
        "hash": events[-1].hash,
    }


def _reveal(events: Sequence[Recorded]) -> Line:
    granted = reveal.apply(None, events[0]).granted
    return {
        "reveal": events[0].stream,
        "system": granted.system,
        "checks": list(granted.checks),
        "channel": granted.channel,
        **_deed(events[0]),
        "hash": events[-1].hash,
    }


_LINES: Mapping[str, Callable[[Sequence[Recorded]], Line]] = {RUNS.prefix: _run, REVEALS.prefix: _reveal}


def _deed(event: Recorded) -> Line:
    """Who did what, when, and through which door."""
    roles = {"roles": list(event.fact.roles)} if isinstance(event.fact, run.Approved) else {}
    return {
        "at": event.at.isoformat(),
        "what": codec.kind_of(event.fact),
        "who": event.by.user,
        "via": event.by.via,
        **roles,
    }


def _changed(line: preview.Line) -> Line:
    label = _words(line.label)
    return {"what": label, "before": _value(label, line.before), "after": _value(label, line.after)}


def _words(text: Text) -> str:
    return mask(ENGLISHMAN.plain(text))


def _value(name: str, value: str) -> str:
    """A value without what its name makes a secret."""
    return mask(f"{name}={value}").removeprefix(f"{name}=")


def _masked(value: Any, name: str = "") -> Any:
    """The same JSON with every string masked."""
    match value:
        case str():
            return _value(name, value) if name else mask(value)
        case Mapping():
            return {key: _masked(item, key) for key, item in value.items()}
        case list():
            return [_masked(item, name) for item in value]
        case _:
            return value
