"""The feed of everything recorded, followed by a group of workers: an entry is handed out until it is confirmed."""

from collections.abc import AsyncIterator

from redis.exceptions import ResponseError

from bot.flows.ports import Entry
from bot.store.connect import Client

GROUP = "reactions"
BLOCK_MS = 1000
ABANDONED_MS = 10_000


class RedisFeed:
    """Reads the feed as one member of the group; what a dead member left is taken over after `abandoned_ms`."""

    def __init__(self, client: Client, prefix: str, member: str, abandoned_ms: int = ABANDONED_MS) -> None:
        self._client = client
        self._key = f"{prefix}:feed"
        self._member = member
        self._abandoned_ms = abandoned_ms

    async def prepare(self) -> None:
        """Create the group once, from the beginning of the feed."""
        try:
            await self._client.xgroup_create(self._key, GROUP, id="0", mkstream=True)
        except ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise

    async def entries(self) -> AsyncIterator[list[Entry]]:
        """Batches of entries, for ever; an empty batch about once a second, so that the caller can stop."""
        onwards = b"0-0"  # going on where the last look ended: entries nobody confirms hide none behind them
        while True:
            onwards, taken, *_ = await self._client.xautoclaim(
                self._key, GROUP, self._member, self._abandoned_ms, start_id=onwards, count=100
            )
            yield [_entry(id, fields) for id, fields in taken]
            fresh = await self._client.xreadgroup(GROUP, self._member, {self._key: ">"}, count=100, block=BLOCK_MS)
            # The reply is a list of pairs or a dict, depending on the protocol version that was negotiated.
            streams = fresh.values() if isinstance(fresh, dict) else [entries for _, entries in fresh or []]
            for entries in streams:
                yield [_entry(id, fields) for id, fields in entries]

    async def confirm(self, entry: Entry) -> None:
        """Say that an entry needs no further handing out."""
        await self._client.xack(self._key, GROUP, entry.id)


def _entry(id: bytes, fields: dict[bytes, bytes]) -> Entry:
    return Entry(id.decode(), fields[b"stream"].decode(), int(fields[b"version"]), fields[b"kind"].decode())
