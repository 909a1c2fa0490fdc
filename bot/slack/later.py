"""Answers that take longer than Slack waits: interim ones while checks still run, then the final one.

A response_url takes five messages. Those of a command cannot be edited, so interim answers are few and sparse; those of
a button in a private message replace it.
"""

import asyncio
import time
from typing import Final

from bot.catalog.system import System
from bot.flows.answers import Answer, Form, Later, Said
from bot.slack.blocks.answers import show
from bot.slack.boundary import Outcome, guarded
from bot.slack.replies import respond
from bot.slack.voice import Voice

ACKNOWLEDGED: Final = 0.05  # seconds
INTERIM_AFTER: Final = (0.9, 4.0, 10.0)  # seconds since the question; the remaining uses are for the answer


class Stage:
    """Where the answer to one question appears."""

    def __init__(self, url: str, voice: Voice, system: System, *, replace: bool = False) -> None:
        self._url = url
        self._voice = voice
        self._system = system
        self._replace = replace
        self._began = time.monotonic()
        self._interim = 0

    async def play(self, later: Later) -> None:
        """Do the work and show its answer; what goes wrong is shown as a sentence."""
        # Bolt looks for the acknowledgement every 10 ms and then sends it: a quick answer must not overtake it.
        await asyncio.sleep(ACKNOWLEDGED)
        try:
            answer = await guarded(lambda: later.work(self.interim), self._system, limit=None)
        except Outcome as outcome:
            answer = Said(outcome.text)
        await self._show(answer)

    async def interim(self, answer: Answer) -> None:
        """Show what is known so far, if it is time for it."""
        due = INTERIM_AFTER[self._interim] if self._interim < len(INTERIM_AFTER) else float("inf")
        if time.monotonic() - self._began >= due:
            self._interim += 1
            await self._show(answer)

    async def _show(self, answer: Answer) -> None:
        if not isinstance(answer, Form | Later):
            await respond(self._url, show(answer, self._voice), replace=self._replace)
