"""A report of an incident that takes a while: begun as a fact, seen to grow in the thread, and never left half-told."""

import asyncio
from datetime import timedelta
from typing import Final

import structlog

from bot.core import incident
from bot.core.errors import ChatError, NothingRecorded, UserError
from bot.core.events import Author
from bot.core.family import INCIDENTS
from bot.core.incident import Diagnosing, Incident
from bot.core.report import Report
from bot.flows.ports import Caller, Ports

# Beyond twice the slowest limit, for recording the end: who waits for a run whose owner died begins one anew.
GRACE: Final = timedelta(seconds=30)
PATIENCE: Final = 3.0  # seconds that the end of a report may wait for a message that only shows its middle
ATTACHED_WITHIN: Final = 10.0  # seconds that the private answer may wait for pictures
WORKER: Final = Author("", "worker")

log = structlog.get_logger()


class Live:
    """One report in the thread of its incident. What is shown of it is marked as unfinished; only its end is a fact."""

    def __init__(self, ports: Ports, caller: Caller, limit: float) -> None:
        self._ports = ports
        self._caller = caller
        self._lasting = timedelta(seconds=2 * limit) + GRACE
        self._has_begun = False
        self._is_ours = False
        self.name = ""

    async def grow(self, report: Report) -> None:
        """Show what is known so far: begin with a fact, which is told in the thread, and then edit that message."""
        try:
            if not self._has_begun:
                await self._begin(report)
            elif self._is_ours:
                async with asyncio.timeout(PATIENCE):
                    await self._ports.teller.show(report, self._caller.user, self.name)
        except (UserError, NothingRecorded, ChatError, TimeoutError):
            return  # the report itself says what is wrong; nobody waits for this

    async def _begin(self, report: Report) -> None:
        fact = Diagnosing(report.words, self._caller.key, self._ports.clock.now() + self._lasting)
        self.name = fact.live  # before it is recorded: an answer may get lost
        key = f"{self._caller.key}:begun"
        kept = await self._ports.record.change(
            INCIDENTS, report.incident, lambda state: incident.diagnosing(state, fact), self._caller.author, key
        )
        # Asked a second time by Slack: whoever was asked first shows it, and perhaps its end already.
        self._is_ours, self._has_begun = not kept.again, True

    async def attach(self, report: Report) -> None:
        """Put its files into the thread. It is recorded, so that whatever fails now costs a file and no more."""
        try:
            async with asyncio.timeout(ATTACHED_WITHIN):
                await self._ports.teller.attach(report)
        except (NothingRecorded, ChatError, TimeoutError) as error:
            log.warning("report.not_attached", incident=report.incident, files=[*report.files], error=str(error))

    async def lose(self, number: str) -> None:
        """The report could not be recorded: its message must not go on looking as if it grew."""
        if self.name:
            await lose(self._ports, number, self.name)


async def lose(ports: Ports, number: str, live: str) -> None:
    """Note that a report will not end any more, unless it has."""
    await ports.record.change(INCIDENTS, number, lambda state: incident.lost(state, live), WORKER, f"lost:{live}")


async def settle(ports: Ports, number: str) -> None:
    """Note which reports of an incident should have ended by now and did not: whoever ran them is gone."""
    state: Incident = await ports.record.load(INCIDENTS, number)
    for one in state.diagnosing:
        if ports.clock.now() >= one.until:
            await lose(ports, number, one.live)
