"""The whole record: every stream's chain, and the rows and indexes against what the streams say."""

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from bot.check.archive import highest, open_archive
from bot.check.complaint import Complaint, report
from bot.check.place import record_of, settings_without_slack
from bot.check.stream import REPAIR, Rebuilt, Stored, damage, differences, rebuild
from bot.core.family import FAMILIES
from bot.settings import Settings
from bot.store.connect import Client

# Writes only while the stream is as long as it was when it was folded.
_WRITE = """
local rows, open = KEYS[1] .. ':rows:' .. ARGV[2], KEYS[1] .. ':open:' .. ARGV[2]
if redis.call('XLEN', KEYS[1] .. ':stream:' .. ARGV[1]) ~= tonumber(ARGV[3]) then return 0 end
redis.call('HSET', rows, ARGV[1], ARGV[4])
if ARGV[5] == 'open' then redis.call('ZADD', open, tonumber(string.match(ARGV[1], '%d+$')), ARGV[1])
else redis.call('ZREM', open, ARGV[1]) end
return 1
"""
_RAISE_COUNT = """
local count = KEYS[1] .. ':count:' .. ARGV[1]
if tonumber(redis.call('GET', count) or '0') < tonumber(ARGV[2]) then redis.call('SET', count, ARGV[2]) end
return 1
"""


@dataclass(frozen=True, slots=True)
class Examined:
    """What was looked at, what is wrong, and what was put right."""

    streams: int
    events: int
    complaints: tuple[Complaint, ...]
    repaired: tuple[Complaint, ...]


class RecordCheck:
    """Looks at every stream once; with `repair`, writes rows and indexes as the streams have them."""

    def __init__(self, client: Client, prefix: str, *, repair: bool) -> None:
        self._client = client
        self._prefix = prefix
        self._repair = repair
        self._complaints: list[Complaint] = []
        self._repaired: list[Complaint] = []

    async def run(self) -> Examined:
        """Examine the whole record; raises RedisError where Redis does not answer."""
        archive = await open_archive(self._client, self._prefix)
        names, events = await archive.names(), 0
        for family in FAMILIES:
            await self._examine_count(family, await archive.counted(family), names)
        for name in names:
            stored = await archive.look(name)
            await self._examine(stored)
            events += len(stored.raws)
        return Examined(len(names), events, tuple(self._complaints), tuple(self._repaired))

    async def _examine_count(self, family: str, counted: int, names: Sequence[str]) -> None:
        last = highest(names, family)
        if counted >= last:
            return
        words = f"{family}: numbered up to {counted}, but {family}-{last} exists; nothing new can be opened"
        complaint = Complaint("record.count", words, REPAIR)
        if self._repair:
            await self._client.eval(_RAISE_COUNT, 1, self._prefix, family, last)
        self._note([complaint], was_repaired=self._repair)

    async def _examine(self, stored: Stored) -> None:
        harm = damage(stored)
        if harm is not None:
            self._note([harm])
            return
        try:
            rebuilt = rebuild(stored)
        except (ValueError, TypeError, KeyError) as error:
            hint = "A newer version may have written it: check with that version."
            self._note([Complaint("record.fold", f"{stored.name}: cannot be folded: {error}", hint)])
            return
        found = differences(stored, rebuilt)
        self._note(found, was_repaired=bool(found) and self._repair and await self._write(rebuilt))

    async def _write(self, rebuilt: Rebuilt) -> bool:
        family = rebuilt.name.partition("-")[0]
        standing = "open" if rebuilt.is_open else "closed"
        arguments = (rebuilt.name, family, rebuilt.version, rebuilt.row, standing)
        return bool(await self._client.eval(_WRITE, 1, self._prefix, *arguments))

    def _note(self, complaints: list[Complaint], *, was_repaired: bool = False) -> None:
        (self._repaired if was_repaired else self._complaints).extend(complaints)


def check(*, repair: bool = False) -> int:
    """Look at the record that the settings name, print what is wrong, and give back the exit code."""
    return _report_record(asyncio.run(_examine_record(settings_without_slack(), repair=repair)))


async def _examine_record(settings: Settings, *, repair: bool) -> Examined:
    async with record_of(settings) as client:
        return await RecordCheck(client, settings.prefix, repair=repair).run()


def _report_record(examined: Examined) -> int:
    for complaint in examined.repaired:
        sys.stdout.write(f"repaired  {complaint.id}  {complaint.message}\n")
    seen = f"streams {examined.streams}, events {examined.events}; every chain is whole, every listing agrees"
    return report(examined.complaints, seen)
