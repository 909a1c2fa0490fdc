"""Brings Slack up to date with the record: one headline per stream, one reply per event, one edit for all of them.

What was told is remembered per stream, and one teller at a time works on a stream. A crash between a post
and its mark costs one doubled post. `told` is up to where all is told, `replied` how far its thread is.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.catalog.system import Catalog, System
from bot.core import run
from bot.core.errors import ChatError, Conflict
from bot.core.events import Recorded
from bot.core.family import family_of
from bot.core.incident import Diagnosed, Diagnosing, DiagnosisLost
from bot.core.report import Report
from bot.core.text import plain
from bot.flows.ports import Leases, Marks, Record
from bot.slack import chat
from bot.slack.blocks import freeze, handoff, incident, parts, run_thread, watch
from bot.slack.blocks import run as runs
from bot.slack.blocks.live import so_far
from bot.slack.blocks.parts import Message
from bot.slack.chat import Chat
from bot.slack.voice import Voice

LEASE = 8.0  # seconds; a teller that dies delays its stream by this much
PATIENCE = 0.3
AGAIN = 1.0
HEADLINE_EVERY = 0.25
BUSY = "busy"
GONE = frozenset({"message_not_found", "cant_update_message"})


@dataclass(frozen=True, slots=True)
class Story:
    """How the streams of one family are told, and how long they may wait for their turn in a crowded channel."""

    headline: Callable[[Any, System, Voice], Message]
    reply: Callable[[Recorded, Any, Voice], Message]
    patience: float


STORIES: Mapping[str, Story] = {
    "INC": Story(lambda state, _, voice: incident.headline(state, voice), incident.reply, chat.PAGE),
    "WT": Story(lambda state, _, voice: watch.headline(state, voice), watch.reply, chat.COSMETIC),
    "FRZ": Story(lambda state, _, voice: freeze.headline(state, voice), freeze.reply, chat.PAGE),
    "RUN": Story(runs.card, run_thread.reply, chat.APPROVAL),
    "HO": Story(
        lambda state, _, voice: handoff.headline(state, voice),
        lambda _, state, voice: handoff.reply(state, voice),
        chat.STATUS,
    ),
}


@dataclass(frozen=True, slots=True)
class _Telling:
    """One stream with the way it is told: in the language of its system."""

    story: Story
    system: System
    events: list[Recorded]

    @property
    def voice(self) -> Voice:
        return Voice(self.system.profile.language, self.system.profile.timezone)

    def headline(self, version: int) -> Message:
        return self.story.headline(_state(self.events[:version]), self.system, self.voice)

    def reply(self, version: int) -> Message:
        return self.story.reply(self.events[version - 1], _state(self.events[:version]), self.voice)


class SlackTeller:
    """Tells streams in the channel and the language of their system."""

    def __init__(self, record: Record, leases: Leases, marks: Marks, chat: Chat, catalog: Catalog) -> None:
        self._record = record
        self._leases = leases
        self._marks = marks
        self._chat = chat
        self._catalog = catalog

    async def tell(self, stream: str) -> None:
        """Post what has not been posted yet; raises ChatError when Slack does not take it now."""
        try:
            async with self._leases.hold(f"tell:{stream}", ttl=LEASE, wait=PATIENCE):
                await self._tell(stream)
        except Conflict as error:
            # Whoever holds it tells this event too, most likely: come back and see, without keeping a worker waiting.
            raise ChatError(BUSY, AGAIN) from error

    async def announce(self, system: System, channel: str, message: str) -> None:
        """Post a message of its own; what people typed in it can neither mention anybody nor forge a link."""
        profile = system.profile
        words = Voice(profile.language, profile.timezone)(plain(message))
        await self._chat.post(f"#{channel}", parts.message(words, [parts.section(words)]))

    async def _tell(self, stream: str) -> None:
        events = await self._record.events(stream)
        marks = await self._marks.get(stream)
        told = int(marks.get("told", "0"))
        if not events or told >= len(events):
            return
        story, system = STORIES[stream.partition("-")[0]], self._catalog.of(_state(events[:1]).system)
        telling = _Telling(story, system, events)
        place = await self._headline(telling, marks)
        await self._replies(telling, max(told, int(marks.get("replied", "1"))), place, marks)
        if len(events) > 1:
            await self._edit(telling, place)
        await self._marks.set(stream, told=str(len(events)))

    async def _headline(self, telling: _Telling, marks: dict[str, str]) -> tuple[str, str]:
        if "headline" in marks:
            channel, _, ts = marks["headline"].partition(":")
            return channel, ts
        channel, ts = await self._chat.post(
            f"#{telling.system.profile.channel}", telling.headline(1), patience=telling.story.patience
        )
        await self._marks.set(telling.events[0].stream, headline=f"{channel}:{ts}")
        return channel, ts

    async def show(self, report: Report, who: str, live: str) -> None:
        """Show an unfinished report; raises ChatError when Slack does not take it now, which loses nothing."""
        marks = await self._marks.get(report.incident)
        if (ts := marks.get(_slot(live))) is None:
            return  # whoever tells the beginning has not come to it yet
        profile = self._catalog.of(report.system).profile
        channel = marks["headline"].partition(":")[0]
        await self._chat.edit(channel, ts, so_far(report, who, Voice(profile.language, profile.timezone)))

    async def attach(self, report: Report) -> None:
        """Put the files of a report into the thread of its incident, once that has one: for how long, the caller says.

        Raises ChatError when Slack refuses a file.
        """
        for name, content in report.files.items():
            channel, thread = await self._thread_of(report.incident)
            await self._chat.upload(channel, thread, name, content)

    async def _thread_of(self, number: str) -> tuple[str, str]:
        while True:
            if headline := (await self._marks.get(number)).get("headline"):
                channel, _, thread = headline.partition(":")
                return channel, thread
            await asyncio.sleep(HEADLINE_EVERY)

    async def _replies(self, telling: _Telling, told: int, place: tuple[str, str], marks: dict[str, str]) -> None:
        """One reply per event; what goes on, such as the progress of a run, is one reply that is edited."""
        for version in range(told + 1, len(telling.events) + 1):
            event = telling.events[version - 1]
            slot = _slot_of(event.fact)
            ts = await self._reply(telling, version, place, marks.get(slot, ""))
            if slot:
                marks[slot] = ts
            await self._marks.set(event.stream, replied=str(version), **({slot: ts} if slot else {}))

    async def _reply(self, telling: _Telling, version: int, place: tuple[str, str], ts: str) -> str:
        """Edit the reply that is there, or post one; its ts."""
        (channel, thread), message = place, telling.reply(version)
        try:
            if ts:
                await self._chat.edit(channel, ts, message)
                return ts
        except ChatError as error:
            if error.code not in GONE:
                raise
        _, ts = await self._chat.post(channel, message, thread=thread, patience=telling.story.patience)
        return ts

    async def _edit(self, telling: _Telling, place: tuple[str, str]) -> None:
        try:
            await self._chat.edit(*place, telling.headline(len(telling.events)))
        except ChatError as error:
            # Somebody deleted the headline: the thread goes on without it.
            if error.code not in GONE:
                raise


def _slot_of(fact: object) -> str:
    """The mark under which the reply is known that later facts edit; empty for a reply of its own."""
    match fact:
        case run.Progressed():
            return "progress"
        case Diagnosing(live=live) | Diagnosed(live=live) | DiagnosisLost(live=live) if live:
            return _slot(live)
        case _:
            return ""


def _slot(live: str) -> str:
    return f"live:{live}"


def _state(events: list[Recorded]) -> Any:
    family = family_of(events[0].stream)
    state: Any = None
    for event in events:
        state = family.apply(state, event)
    return state
