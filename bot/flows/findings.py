"""Running one check: within its own time, never as an exception, and once for everybody who asks at the same time."""

import asyncio
import time
from dataclasses import dataclass, replace
from typing import Final

from bot.catalog.entries import Check
from bot.core.errors import TargetError
from bot.core.findings import Finding, Judgement, Level, conclude, timed
from bot.core.redaction import mask
from bot.core.text import Text, Words, say
from bot.flows.ports import Clock, Targets

DEFAULT_LIMIT: Final = 5.0
SHARED_FOR: Final = 5.0


@dataclass(frozen=True, slots=True)
class _Looking:
    task: asyncio.Task[Finding]
    since: float
    readers: set[str]


def limit_of(check: Check) -> float:
    """How many seconds a check has."""
    return check.limit.total_seconds() if check.limit else DEFAULT_LIMIT


class Findings:
    """The findings of this process; two people who ask for the same within five seconds share one run.

    One person who asks twice wants to know what has changed, and gets a new run.
    """

    def __init__(self, targets: Targets, clock: Clock) -> None:
        self._targets = targets
        self._clock = clock
        self._recent: dict[tuple[object, ...], _Looking] = {}

    async def of(self, check: Check, reader: str = "") -> Finding:
        """Run one check, for a person or, when nobody in particular asks, always anew.

        The proof that a change worked must be younger than the change.
        """
        if not reader:
            return await self._find(check)
        self._forget()
        key = (check.system, check.name, *check.given.items())
        looking = self._recent.get(key)
        if looking is None or reader in looking.readers:
            looking = _Looking(asyncio.create_task(self._find(check)), time.monotonic(), set())
            self._recent[key] = looking
        looking.readers.add(reader)
        # Whoever stops waiting must not stop it for the others.
        return await asyncio.shield(looking.task)

    def _forget(self) -> None:
        now = time.monotonic()
        old = [key for key, looking in self._recent.items() if now - looking.since > SHARED_FOR]
        for key in old:
            if self._recent[key].task.done():
                del self._recent[key]

    async def _find(self, check: Check) -> Finding:
        began = time.monotonic()
        limit = limit_of(check)
        reading = asyncio.create_task(self._judged(check))
        # Not a time-out around the reading: one that ignores its cancellation would still delay everybody.
        await asyncio.wait({reading}, timeout=limit)
        if reading.done():
            finding = reading.result()
        else:
            reading.cancel()
            words = say("no answer within {limit} s", limit=f"{limit:g}")
            finding = Finding(check.name, check.title.text(), Level.CRIT, words)
        return timed(finding, time.monotonic() - began, self._clock.now())

    async def _judged(self, check: Check) -> Finding:
        title = check.title.text()
        try:
            reading = await self._targets.read(check)
        except TargetError as error:
            return Finding(check.name, title, error.level, error.text)
        finding = conclude(check.name, title, reading, check.limits())
        return replace(finding, summary=_compared(check, finding))


def _compared(check: Check, finding: Finding) -> Text:
    """The summary, which is all that the record keeps, with what was compared and what was not."""
    summary = finding.summary
    for judgement in finding.judgements:
        if (asked := check.compared.get(judgement.measurement.name)) is not None:
            compared = _comparison(judgement, check.asks[asked].title, check.given.get(asked))
            summary = say("{summary}. {compared}", summary=summary, compared=compared)
    return summary


def _comparison(judgement: Judgement, title: Words, expected: str | None) -> Text:
    measured = judgement.measurement
    if measured.value is None:
        return say("{title}: {reason}", title=title, reason=measured.missing or say("not reported"))
    value = str(measured.value)
    if expected is None:
        return say("{title}: none was given, it is {value}", title=title, value=value)
    if judgement.level is Level.OK:
        return say("{title}: {value}, and so it is", title=title, value=value)
    return say("{title}: {expected}, but it is {value}", title=title, expected=mask(expected), value=value)
