"""The record as it lies in Redis, read without the bot: which streams there are, and everything held about each."""

from collections.abc import Iterable, Mapping

from bot.check.stream import Stored
from bot.core.family import FAMILIES
from bot.store.connect import Client

PAGE = 1000

# Atomic, so that a bot that is writing meanwhile cannot make a difference appear.
_LOOK = """
local log = KEYS[1] .. ':stream:' .. ARGV[1]
local last = '0-0'
if redis.call('EXISTS', log) == 1 then
  local about = redis.call('XINFO', 'STREAM', log)
  for i = 1, #about, 2 do if about[i] == 'last-generated-id' then last = about[i + 1] end end
end
return {redis.call('XRANGE', log, '-', '+'), last, redis.call('HGET', KEYS[1] .. ':rows:' .. ARGV[2], ARGV[1]),
        redis.call('ZSCORE', KEYS[1] .. ':open:' .. ARGV[2], ARGV[1])}
"""


class Archive:
    """Every stream by name. The feed is read before the streams, so what it names must be in them by then."""

    def __init__(self, client: Client, prefix: str, heads: Mapping[str, int]) -> None:
        self._client = client
        self._prefix = prefix
        self._heads = heads

    async def names(self) -> list[str]:
        """Every stream that is there, that a listing or the feed names, or that has to be there as a later one is."""
        start = f"{self._prefix}:stream:"
        names = {key.decode().removeprefix(start) async for key in self._client.scan_iter(f"{start}*", count=500)}
        names |= set(self._heads)
        for family in FAMILIES:
            names |= {name.decode() for name in await self._client.hkeys(f"{self._prefix}:rows:{family}")}
            names |= {name.decode() for name in await self._client.zrange(f"{self._prefix}:open:{family}", 0, -1)}
            last = max(await self.counted(family), highest(names, family))
            names |= {f"{family}-{number}" for number in range(1, last + 1)}
        return sorted(names, key=_order)

    async def counted(self, family: str) -> int:
        """The number that the latest stream of a family got."""
        return int(await self._client.get(f"{self._prefix}:count:{family}") or 0)

    async def look(self, name: str) -> Stored:
        """Everything that is held about one stream."""
        entries, last, row, score = await self._client.eval(_LOOK, 1, self._prefix, name, name.partition("-")[0])
        versions = tuple(_first(id) for id, _ in entries)
        ever = max(_first(last), self._heads.get(name, 0))
        return Stored(name, tuple(fields[1] for _, fields in entries), versions, ever, row, score is not None)


async def open_archive(client: Client, prefix: str) -> Archive:
    """Read which entries were ever written, then the archive is ready."""
    heads: dict[str, int] = {}
    after = "-"
    while page := await client.xrange(f"{prefix}:feed", min=after, count=PAGE):
        for _, fields in page:
            name = fields[b"stream"].decode()
            heads[name] = max(heads.get(name, 0), int(fields[b"version"]))
        after = f"({page[-1][0].decode()}"
    return Archive(client, prefix, heads)


def highest(names: Iterable[str], family: str) -> int:
    """The highest number among the streams of a family."""
    return max((number for prefix, number in map(_order, names) if prefix == family), default=0)


def _first(id: bytes) -> int:
    return int(id.partition(b"-")[0])


def _order(name: str) -> tuple[str, int]:
    family, _, number = name.partition("-")
    return family, int(number) if number.isdecimal() else 0
