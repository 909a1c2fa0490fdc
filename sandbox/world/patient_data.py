"""What the patient holds when it is well: sessions, cached answers, a retry queue, some slow commands on record."""

import json

from redis.asyncio import Redis

from sandbox.world.kubernetes.pod_logs import FAKE_EMAIL

_SESSIONS = 40
_CACHED_ANSWERS = 120
_CACHED_LESSONS = 30
_LEADS = 20_000
_SLOW_MICROSECONDS = 1000
_SCORES = "for number = 0, ARGV[1] - 1 do redis.call('RPUSH', KEYS[1], number * 7919 % 1000) end"


async def seed_data(redis: Redis) -> None:
    async with redis.pipeline(transaction=False) as pipe:
        for number in range(_SESSIONS):
            key = f"session:{number:04}"
            pipe.hset(key, mapping={"user": f"lead-{number}", "channel": "whatsapp", "turns": number % 9})
            pipe.expire(key, 3600)
        for number in range(_CACHED_ANSWERS):
            pipe.set(f"cache:llm:{number:05}", f"answer {number}", ex=1800)
        pipe.set("conversation:smoke-test", "ping", ex=3600)
        for number in range(_CACHED_LESSONS):
            pipe.set(f"ai:lesson:{number:05}", f"answer {number}", ex=3600)
        for number in range(7):
            pipe.rpush("crm_retry_queue", json.dumps({"lead": number, "email": FAKE_EMAIL}))
        # By script: sending twenty thousand words costs more than all the rest.
        pipe.eval(_SCORES, 1, "leads:scores", _LEADS)
        await pipe.execute()
    await _leave_slow_commands(redis)


async def _leave_slow_commands(redis: Redis) -> None:
    """Records a few commands as slow, whatever the speed of the machine, then sets a threshold that is merely low."""
    await redis.slowlog_reset()
    await redis.config_set("slowlog-log-slower-than", 0)
    await redis.sort("leads:scores", start=0, num=5, desc=True)
    await redis.keys("session:*")
    await redis.lrange("leads:scores", 0, -1)
    await redis.config_set("slowlog-log-slower-than", _SLOW_MICROSECONDS)
