"""A systemd unit: how it stands, and what it wrote to the journal."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from pydantic import Field

from bot.core.errors import Denied, TargetError
from bot.core.findings import Measurement, Reading
from bot.core.loglines import LogLine, LogQuery, read_lines
from bot.core.operation import Parameters, Read
from bot.core.text import say
from bot.providers.crunching import crunch
from bot.providers.host.address import UNIT, Address
from bot.providers.host.ssh import LIMIT, Machine, logged_in

_PROPERTIES: Final = ("LoadState", "ActiveState", "SubState", "Result", "NRestarts", "MainPID", "InvocationID")
_KINDS: Final = (".service", ".timer", ".socket", ".target", ".mount")
_JOURNAL_LIMIT: Final = 4 * 1024 * 1024
SOME_UNIT: Final = f"^$|{UNIT}"
_STAMPED: Final = re.compile(r"^(\d{9,11}\.\d{1,9}) (?:\S{1,255} )?(.*)$")


class Unit(Parameters):
    """A unit by name; without an ending it is a service."""

    name: str = Field(pattern=UNIT)


class Journal(LogQuery):
    """What one unit wrote."""

    unit: str = Field(pattern=UNIT)


@dataclass(frozen=True, slots=True)
class Standing:
    """A unit as systemd tells it."""

    name: str
    active: str
    sub: str
    result: str
    restarts: int | None
    pid: str
    invocation: str


async def standing(machine: Machine, name: str) -> Standing:
    """How the unit stands; raises TargetError when there is no such unit."""
    full = full_name(name)
    told = await machine.ask("systemctl", "show", full, f"--property={','.join(_PROPERTIES)}", about=full)
    fields = dict(line.split("=", 1) for line in told.splitlines() if "=" in line)
    if fields.get("LoadState") != "loaded":
        raise TargetError(
            "{where} has no unit {unit} that can be used ({state}).",
            where=machine.address.where,
            unit=full,
            state=fields.get("LoadState", "unknown"),
        )
    restarts = fields.get("NRestarts", "")
    return Standing(
        full,
        fields.get("ActiveState", "unknown"),
        fields.get("SubState", "unknown"),
        fields.get("Result", ""),
        int(restarts) if restarts.isdecimal() else None,
        fields.get("MainPID", ""),
        fields.get("InvocationID", ""),
    )


async def require_stopped(machine: Machine, name: str) -> None:
    """Raise TargetError while the unit runs; an empty name stands for no unit."""
    if name and (unit := await standing(machine, name)).active not in {"inactive", "failed"}:
        raise TargetError(
            "{unit} is {active} and writes there: stop it first, and start it again afterwards.",
            unit=unit.name,
            active=unit.active,
        )


def full_name(name: str) -> str:
    """The unit's whole name."""
    return name if name.endswith(_KINDS) else f"{name}.service"


async def _read_unit(address: Address, wanted: Unit) -> Reading:
    async with logged_in(address) as machine:
        unit = await standing(machine, wanted.name)
    unknown = None if unit.restarts is not None else say("this systemd does not count restarts")
    return Reading(
        say(
            "{unit} is {active} ({sub}), result {result}",
            unit=unit.name,
            active=unit.active,
            sub=unit.sub,
            result=unit.result or "—",
        ),
        (
            Measurement("active", unit.active == "active"),
            Measurement("state", unit.active),
            Measurement("sub", unit.sub),
            Measurement("restarts", unit.restarts, missing=unknown),
            Measurement("result", unit.result or None, missing=None if unit.result else say("it has no result yet")),
        ),
    )


async def _read_journal(address: Address, wanted: Journal) -> Reading:
    since = (f"--since=-{wanted.minutes}min",) if wanted.minutes else ()
    unit = full_name(wanted.unit)
    fixed = ("journalctl", f"--unit={unit}", "--no-pager", "--output=short-unix", f"--lines={wanted.lines}", *since)
    async with logged_in(address) as machine:
        answer = await machine.run(*fixed, limit=LIMIT - 4, output=_JOURNAL_LIMIT)
        now = datetime.fromtimestamp(await machine.clock(), UTC)
    if answer.code:
        raise machine.refusal(answer, unit)
    if not answer.is_whole:
        raise TargetError("The journal of {unit} is too long to be read at once; ask for fewer lines.", unit=unit)
    lines = list(_lines(answer.text, unit))
    if not lines and ("not seeing messages" in answer.error or "insufficient permissions" in answer.error):
        raise Denied(
            "The user `{user}` may not read the journal of {where}. Grant it: `usermod -aG systemd-journal {user}`",
            user=address.user,
            where=address.where,
        )
    return await crunch(read_lines, lines, wanted, now)


def _lines(text: str, unit: str) -> Iterator[LogLine]:
    """Further lines of one message have no time of their own and take that of its first."""
    at = None
    for line in text.splitlines():
        if line.startswith("-- "):
            continue  # journalctl's own: no entries, another boot
        found = _STAMPED.match(line)
        if found:
            at = datetime.fromtimestamp(float(found[1]), UTC)
        yield LogLine(unit, found[2] if found else line.strip(), at)


UNIT_STATE = Read("host.unit", Address, Unit, LIMIT, _read_unit)
JOURNAL = Read("host.journal", Address, Journal, LIMIT + 4, _read_journal)
