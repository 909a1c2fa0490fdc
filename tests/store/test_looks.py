"""Runs of checks that several people share, on a real redis-server."""

from redis_servers import Server

from bot.core.findings import Finding, Level
from bot.core.text import say
from bot.store.connect import Client
from bot.store.looks import RedisLooks

KEY = "{plantao}:look:shop:ping"
CHECK, LIMIT = "shop:ping", 3.0


def found(took: float = 0.1) -> Finding:
    return Finding("ping", say("Redis answers"), Level.OK, say("answers"), took=took)


async def test_whoever_joins_a_run_gets_what_it_found_and_nothing_stays_behind(client: Client) -> None:
    looks = RedisLooks(client, "{plantao}")
    run = await looks.begin(CHECK, "U0ANA", LIMIT)
    assert 3000 < await client.pttl(KEY) <= 4000, "a run of a process that dies is forgotten"
    assert await looks.begin(CHECK, "U0CLARA", LIMIT) == ""
    await looks.tell(CHECK, run, found(took=2.0))
    assert await looks.wait(CHECK, LIMIT) == found(took=2.0)
    assert 2000 < await client.pttl(KEY) <= 3000, "five seconds from its beginning"


async def test_what_an_older_run_found_does_not_answer_who_asked_anew(client: Client) -> None:
    looks = RedisLooks(client, "{plantao}")
    old = await looks.begin(CHECK, "U0ANA", LIMIT)
    new = await looks.begin(CHECK, "U0ANA", LIMIT)
    assert new not in ("", old)
    await looks.tell(CHECK, old, found())
    assert await client.hget(KEY, "found") is None


async def test_while_redis_is_away_everybody_runs_their_own(server: Server, client: Client) -> None:
    looks = RedisLooks(client, "{plantao}")
    await server.kill()
    runs = {await looks.begin(CHECK, who, LIMIT) for who in ("U0ANA", "U0CLARA")}
    assert len(runs - {""}) == 2
    await looks.tell(CHECK, "run", found())
    assert await looks.wait(CHECK, LIMIT) is None
