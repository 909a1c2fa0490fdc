"""Which check somebody is looking at right now, in whatever process, and what it found: for those who ask as well."""

import asyncio
import time
import uuid
from typing import Final

import structlog
from redis.exceptions import RedisError

from bot.core import codec
from bot.core.findings import Finding
from bot.store.connect import Client

SHARED_FOR: Final = 5.0  # seconds from the beginning of a run
PATIENCE: Final = 1.0  # a run that takes longer than it may by this much is nobody's any more
POLL: Final = (0.05, 0.25)  # seconds: the first pause, and the longest
SILENCE: Final = (RedisError, OSError, TimeoutError)

# Joins a run that goes on or has just ended, unless its reader has it already and wants to know what changed since.
_BEGIN = (
    "local run = redis.call('HGET', KEYS[1], 'run') "
    "if run and (run == ARGV[1] or redis.call('HSETNX', KEYS[1], 'reader:' .. ARGV[2], 1) == 1) then return run end "
    "redis.call('DEL', KEYS[1]) "
    "redis.call('HSET', KEYS[1], 'run', ARGV[1], 'reader:' .. ARGV[2], 1) "
    "redis.call('PEXPIRE', KEYS[1], ARGV[3]) "
    "return ARGV[1]"
)
_TELL = (
    "if redis.call('HGET', KEYS[1], 'run') ~= ARGV[1] then return 0 end "
    "redis.call('HSET', KEYS[1], 'found', ARGV[2]) return redis.call('PEXPIRE', KEYS[1], ARGV[3])"
)

log = structlog.get_logger()


class RedisLooks:
    """Runs of checks by name, each for seconds. Without Redis everybody runs their own."""

    def __init__(self, client: Client, prefix: str) -> None:
        self._client = client
        self._prefix = prefix

    async def begin(self, check: str, reader: str, limit: float) -> str:
        """The run that the caller is to do within `limit` seconds; empty when there is one to wait for."""
        run = uuid.uuid4().hex
        try:
            lasting = int((limit + PATIENCE) * 1000)
            begun = await self._client.eval(_BEGIN, 1, self._key(check), run, reader, lasting)
        except SILENCE as error:
            log.warning("look.not_shared", error=type(error).__name__)
            return run
        return run if begun.decode() == run else ""

    async def tell(self, check: str, run: str, finding: Finding) -> None:
        """What a run found, for those who wait for it and those who ask within the next moments."""
        lasting = max(SHARED_FOR - finding.took, PATIENCE)
        try:
            await self._client.eval(_TELL, 1, self._key(check), run, codec.dumps(finding), int(lasting * 1000))
        except SILENCE as error:
            log.warning("look.not_told", error=type(error).__name__)

    async def wait(self, check: str, limit: float) -> Finding | None:
        """What somebody else's run finds; None when that run is gone, or takes longer than it may."""
        deadline, (pause, longest) = time.monotonic() + limit + PATIENCE, POLL
        while time.monotonic() < deadline:
            try:
                run, raw = await self._client.hmget(self._key(check), "run", "found")
                if run is None or raw is not None:
                    return codec.loads(raw) if run else None
            except (*SILENCE, ValueError):  # silent, or a finding of another version
                return None
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, longest)
        return None

    def _key(self, check: str) -> str:
        return f"{self._prefix}:look:{check}"
