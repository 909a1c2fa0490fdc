"""Diagnose: what can be asked, which system is meant, all checks at once, and where the answer is kept."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

from bot.catalog.entries import Check
from bot.catalog.system import System
from bot.core import incident
from bot.core.errors import NotFound, TooLate, UserError
from bot.core.family import INCIDENTS
from bot.core.findings import Finding, Level, Link, ranked
from bot.core.incident import Diagnosed, Incident
from bot.core.policy import Right
from bot.core.report import Advice, Report, lines_of, links_of
from bot.core.text import Text, plain, say
from bot.flows import choices, restricted, systems
from bot.flows.ports import Caller, Kept, Ports
from bot.flows.rights import demand

EVERY: Final = 1.0  # seconds between two looks at an unfinished report
EVIDENCE_KEPT: Final = 20

Progress: TypeAlias = Callable[[Report], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Menu:
    """What can be diagnosed in one system, and which other systems there are."""

    system: System
    others: tuple[System, ...] = ()


@dataclass(frozen=True, slots=True)
class Which:
    """Several systems know the word: which one is meant? `act` is what the answer leads to, with what was said."""

    word: str
    systems: tuple[System, ...]
    number: str = ""
    act: str = "diag:run"
    given: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody asked for, once they may have it: the checks behind a word, and the open incident it is for.

    `reader` is the person; the bot itself asks without one.
    """

    system: System
    word: str
    checks: tuple[Check, ...]
    number: str = ""
    reader: str = ""

    @property
    def given(self) -> Mapping[str, str]:
        """What may be kept of what the reader said with the one check that this is about."""
        return self.checks[0].kept if len(self.checks) == 1 else {}

    def told(self, given: Mapping[str, str]) -> "Wanted":
        """The same with what the reader said; raises UserError where it could go with several checks."""
        if not given:
            return self
        if len(self.checks) != 1:
            raise UserError("“{word}” means several checks; name=value goes with one of them.", word=self.word)
        [check] = self.checks
        choices.missing(check, given)
        return replace(self, checks=(check.told(given),))

    @property
    def unanswered(self) -> list[str]:
        """What the one check that was named still wants to know; among others it runs without."""
        is_named = len(self.checks) == 1 and self.checks[0].name == self.word
        return choices.missing(self.checks[0], self.checks[0].given) if is_named else []


async def menu(ports: Ports, caller: Caller, word: str = "") -> Menu:
    """What `/diag` alone offers, of the named system, the channel's, or the first."""
    system = systems.named(ports, word) or systems.here(ports, caller)
    await demand(ports, caller, system, Right.DIAGNOSE)
    return Menu(system, tuple(other for other in ports.catalog.systems.values() if other is not system))


async def choose(ports: Ports, caller: Caller, word: str, number: str = "", system: str = "") -> Wanted | Which:
    """What a word means here, once the caller may run it and the incident is known and open.

    With an incident it is that one's system; otherwise the named system, the channel's, or the only one that knows
    the word.
    """
    disturbance = None
    if number:
        disturbance = await ports.record.load(INCIDENTS, number)
    meant = _meant(ports, caller, word, system, disturbance)
    if isinstance(meant, Which):
        return replace(meant, number=number)
    await demand(ports, caller, meant, Right.DIAGNOSE)
    wanted = Wanted(meant, word, tuple(meant.checks_named(word)), number, caller.user)
    if disturbance:
        incident.diagnosed(disturbance, Diagnosed(word, Level.OK, ()))
    return wanted


def _meant(ports: Ports, caller: Caller, word: str, system: str, disturbance: Incident | None) -> System | Which:
    if found := systems.named(ports, system):
        return found
    if disturbance:
        return ports.catalog.of(disturbance.system)
    if found := systems.of_channel(ports, caller):
        return found
    knowing = tuple(one for one in ports.catalog.systems.values() if one.knows(word))
    if not knowing:
        raise NotFound("No system knows “{word}”. `/diag` lists what can be diagnosed.", word=word)
    return knowing[0] if len(knowing) == 1 else Which(word, knowing)


async def run(ports: Ports, wanted: Wanted, progress: Progress | None = None) -> Report:
    """Run checks side by side; the slowest limit bounds the whole.

    `progress` sees the unfinished report once a second at most; how long it takes delays no check.
    """
    began = time.monotonic()
    tasks = {asyncio.create_task(ports.findings.of(check, wanted.reader)): check for check in wanted.checks}
    waiting = set(tasks)
    while waiting:
        _, waiting = await asyncio.wait(waiting, timeout=EVERY)
        if waiting and progress:
            await progress(_report(ports, wanted, tasks, time.monotonic() - began))
    return _report(ports, wanted, tasks, time.monotonic() - began)


def _report(ports: Ports, wanted: Wanted, tasks: dict[asyncio.Task[Finding], Check], took: float) -> Report:
    findings = tuple(ranked(task.result() for task in tasks if task.done()))
    return Report(
        wanted.word,
        findings,
        ports.clock.now(),
        took,
        system=wanted.system.id,
        place=wanted.system.profile.name,
        incident=wanted.number,
        about=_about(wanted.system, wanted.word),
        masked=restricted.note(ports, wanted.system, wanted.checks),
        waiting=tuple(check.title.text() for task, check in tasks.items() if not task.done()),
        advice={finding.check: _advice(wanted.system, finding) for finding in findings},
        steps=_steps(wanted.system, wanted.word),
        given=wanted.given,
    )


def _steps(system: System, word: str) -> dict[str, Text]:
    """The actions that a runbook's resolution names, as `/run <name>` or `/rollback <service>`."""
    named = system.runbooks[word].resolution if word in system.runbooks else ()
    found = (action for name in named for action in system.actions.values() if name in (action.name, action.service))
    return {action.name: action.title.text() for action in found}


def _about(system: System, word: str) -> Text | None:
    """What the alert or the runbook that was asked for has to say."""
    alert = system.alerts.get(word)
    if alert and alert.runbook:
        return say(
            "Alert {title}: {severity} · `/runbook {runbook}` says what to do",
            title=alert.title,
            severity=alert.severity,
            runbook=alert.runbook,
        )
    if alert:
        return say("Alert {title}: {severity}", title=alert.title, severity=alert.severity)
    if runbook := system.runbooks.get(word):
        return say("Runbook: {title}", title=runbook.title)
    return None


def _advice(system: System, finding: Finding) -> Advice:
    """Nothing helps where nothing is wrong."""
    if finding.level is Level.OK or finding.check not in system.checks:
        return Advice()
    check = system.checks[finding.check]
    actions = {name: system.actions[name].title.text() for name in check.proposes if name in system.actions}
    links = tuple(Link(link.title.text(), link.to) for link in check.links)
    return Advice(check.runbook, links, actions if finding.level is Level.CRIT else {})


async def keep(ports: Ports, report: Report) -> Report:
    """Keep a report for a day, so that its buttons work, with what a reader can look through of its evidence."""
    findings = tuple(replace(one, evidence=one.evidence[:EVIDENCE_KEPT]) for one in report.findings)
    kept = replace(report, findings=findings)
    return replace(report, id=await ports.shelf.keep(kept))


async def kept(ports: Ports, caller: Caller, id: str) -> Report:
    """A report that was kept, for somebody who may diagnose its system; raises TooLate when its day is over."""
    report = await ports.shelf.find(id)
    if report is None:
        raise TooLate("This report is no longer kept. Run the diagnosis again.")
    await demand(ports, caller, ports.catalog.of(report.system), Right.DIAGNOSE)
    return replace(report, id=id)


async def share(ports: Ports, caller: Caller, id: str) -> Report:
    """A report for the whole channel, once; raises TooLate when somebody shared it before."""
    report = await kept(ports, caller, id)
    if not await ports.shelf.claim(id):
        raise TooLate("This report was shared before.")
    return report


async def attach(ports: Ports, caller: Caller, report: Report, live: str = "") -> Kept[Incident]:
    """Put a report into its incident's timeline; `live` is the message in which it was seen to grow."""
    fact = Diagnosed(report.words, report.level, lines_of(report.findings), live, links_of(report.findings))
    return await ports.record.change(
        INCIDENTS, report.incident, lambda state: incident.diagnosed(state, fact), caller.author, f"{caller.key}:report"
    )


def names_of(checks: Sequence[Check]) -> Text:
    """The checks by name, as many as one line holds."""
    shown = ", ".join(check.name for check in checks[:12])
    if len(checks) <= 12:
        return plain(shown)
    return say("{names} and {more} more", names=shown, more=len(checks) - 12)
