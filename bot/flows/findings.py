"""Running one check: within its own time, never as an exception, and once for everybody who asks at the same time."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from bot.catalog.entries import Check
from bot.core.errors import TargetError, TimedOut
from bot.core.findings import Finding, Judgement, Level, conclude, timed
from bot.core.redaction import mask
from bot.core.text import Text, Words, say
from bot.flows.ports import Clock, Looks, Targets
from bot.flows.pulse import Pulse

DEFAULT_LIMIT: Final = 5.0


def limit_of(check: Check) -> float:
    """How many seconds a check has."""
    return check.limit.total_seconds() if check.limit else DEFAULT_LIMIT


class Findings:
    """Two people who ask for the same within five seconds share one run, in whatever process they are answered.

    One person who asks twice wants to know what has changed, and gets a new run.
    """

    def __init__(self, targets: Targets, looks: Looks, clock: Clock) -> None:
        self._targets = targets
        self._looks = looks
        self._clock = clock
        self._pulse = Pulse()

    async def of(self, check: Check, reader: str = "") -> Finding:
        """Run one check, for a person or, when nobody in particular asks, always anew.

        The proof that a change worked must be younger than the change.
        """
        if not reader:
            return await self._find(check)
        name, limit = check.identity, limit_of(check)
        run = await self._looks.begin(name, reader, limit)
        if not run and (found := await self._looks.wait(name, limit)):
            return found
        finding = await self._find(check)
        await self._looks.tell(name, run, finding)
        return finding

    async def _find(self, check: Check) -> Finding:
        began = time.monotonic()
        limit = limit_of(check)
        with self._pulse.felt() as lost:
            reading = asyncio.create_task(self._judged(check, lost))
            # Not a time-out around the reading: one that ignores its cancellation would still delay everybody.
            await asyncio.wait({reading}, timeout=limit)
            if reading.done():
                finding = reading.result()
            else:
                reading.cancel()
                words = say("no answer within {limit} s", limit=f"{limit:g}")
                finding = _unheard(check, words, lost(), time.monotonic() - began)
        return timed(finding, time.monotonic() - began, self._clock.now())

    async def _judged(self, check: Check, lost: Callable[[], float]) -> Finding:
        title, began = check.title.text(), time.monotonic()
        try:
            reading = await self._targets.read(check)
        except TimedOut as error:
            return _unheard(check, error.text, lost(), time.monotonic() - began)
        except TargetError as error:
            return Finding(check.name, title, error.level, error.text)
        finding = conclude(check.name, title, reading, check.limits())
        return replace(finding, summary=_compared(check, finding))


def _unheard(check: Check, words: Text, lost: float, waited: float) -> Finding:
    """No answer in time is critical, unless it was mostly this process that was not there to hear one."""
    title = check.title.text()
    if lost < waited / 2:
        return Finding(check.name, title, Level.CRIT, words)
    busy = say("{reason} — the bot itself was busy for {lost} s of it; run it again", reason=words, lost=f"{lost:.1f}")
    return Finding(check.name, title, Level.UNKNOWN, busy)


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
