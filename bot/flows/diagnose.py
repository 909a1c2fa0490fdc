"""Run checks: all at once, each within its own limit, none able to delay or break the others."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.catalog.system import Check, System
from bot.core import incident
from bot.core.errors import TargetError
from bot.core.family import INCIDENTS
from bot.core.findings import Finding, Level, conclude, ranked, timed, worst
from bot.core.incident import Diagnosed, Incident
from bot.core.policy import Right
from bot.core.text import Text, say
from bot.flows.ports import Caller, Kept, Ports
from bot.flows.rights import demand

DEFAULT_LIMIT = 5.0


@dataclass(frozen=True, slots=True)
class Report:
    """The answer to one `/diag`."""

    what: str
    findings: tuple[Finding, ...]
    at: datetime
    took: float
    incident: str = ""

    @property
    def level(self) -> Level:
        return worst(finding.level for finding in self.findings)


@dataclass(frozen=True, slots=True)
class Menu:
    """What can be diagnosed."""

    system: System


async def menu(ports: Ports, caller: Caller) -> Menu:
    """What `/diag` alone offers."""
    await demand(ports, caller, Right.DIAGNOSE)
    return Menu(ports.catalog.home)


async def choose(ports: Ports, caller: Caller, word: str, number: str = "") -> list[Check]:
    """The checks that a word means, once the caller may run them and the incident is known and open."""
    await demand(ports, caller, Right.DIAGNOSE)
    checks = ports.catalog.home.checks_named(word)
    if number:
        incident.diagnosed(await ports.record.load(INCIDENTS, number), Diagnosed(word, Level.OK, ()))
    return checks


async def run(ports: Ports, what: str, checks: Sequence[Check]) -> Report:
    """Run checks side by side; the slowest limit bounds the whole."""
    began = time.monotonic()
    findings = await asyncio.gather(*(find(ports, check) for check in checks))
    return Report(what, tuple(ranked(findings)), ports.clock.now(), time.monotonic() - began)


async def find(ports: Ports, check: Check) -> Finding:
    """Run one check; a target that is dead, slow or refuses is a finding, never an exception."""
    began = time.monotonic()
    limit = check.limit.total_seconds() if check.limit else DEFAULT_LIMIT
    title = check.title.text()
    try:
        async with asyncio.timeout(limit):
            reading = await ports.targets.read(check)
        thresholds = {name: limits.threshold() for name, limits in check.thresholds.items()}
        finding = conclude(check.name, title, reading, thresholds)
    except TimeoutError:
        words = say("no answer within {limit} s", limit=f"{limit:g}")
        finding = Finding(check.name, title, Level.CRIT, words)
    except TargetError as error:
        finding = Finding(check.name, title, error.level, error.text)
    return timed(finding, time.monotonic() - began, ports.clock.now())


async def attach(ports: Ports, caller: Caller, number: str, report: Report) -> Kept[Incident]:
    """Put a report into an incident's timeline."""
    fact = Diagnosed(report.what, report.level, lines_of(report.findings))
    return await ports.record.change(
        INCIDENTS, number, lambda state: incident.diagnosed(state, fact), caller.author, f"{caller.key}:report"
    )


def lines_of(findings: Sequence[Finding]) -> tuple[tuple[Level, Text, Text], ...]:
    """What the record keeps of findings: level, title, summary; evidence stays out of it."""
    return tuple((finding.level, finding.title, finding.summary) for finding in findings)
