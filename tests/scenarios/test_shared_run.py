"""Two people who ask the same at the same time share one run, also when two processes answer them."""

import time
from collections.abc import AsyncIterator
from urllib.parse import parse_qsl, urlencode

import pytest
from pydantic import SecretStr
from redis.asyncio import Redis

from bot.store.looks import RedisLooks
from bot.wiring import Parts, open_bot
from sandbox.demo import demo_settings, serve_http
from tests.house import House
from tests.people import NEXT_ON_CALL, ON_CALL, Somebody
from tests.proof import signed
from tests.scenarios.test_restricted import ears, final

pytestmark = pytest.mark.usefixtures("signed_http")
CHECK = "redis-ping"


@pytest.fixture
async def doors(house: House) -> AsyncIterator[tuple[str, str]]:
    """Where Slack may post: the house's own bot, and a second one on the same Redis, as behind a load balancer."""
    demo = house.demo
    settings = demo_settings(demo.slack, demo.bot.settings.plantao_data)
    settings = settings.model_copy(update={"redis_url": SecretStr(demo.bot.redis_url)})
    parts = Parts(demo.bot.ports.clock, demo.environ, demo.bot.ports.catalog)
    async with open_bot(settings, parts) as second, serve_http(second) as url:
        yield str(demo.slack.app.request_url), f"{url}/slack/events"


async def test_two_processes_that_are_asked_the_same_look_once(house: House, doors: tuple[str, str]) -> None:
    async with Redis.from_url(house.demo.world.redis_url) as patient, ears() as (url, heard):
        before = await connections(patient)
        for number, (who, door) in enumerate(zip((ON_CALL, NEXT_ON_CALL), doors, strict=True)):
            await post(house, door, who, url, f"shared-{number}")
        await house.until(lambda: answers(heard, 2))
        assert await connections(patient) == before + 1
        await post(house, doors[1], ON_CALL, url, "again")
        await house.until(lambda: answers(heard, 3))
        assert await connections(patient) == before + 2, "who asks twice wants to know what has changed"


async def test_the_run_of_a_process_that_died_is_waited_for_no_longer_than_it_may_take(
    house: House, doors: tuple[str, str]
) -> None:
    limit, began = 1.0, time.monotonic()
    dead = RedisLooks(house.demo.bot.store, house.demo.bot.settings.prefix)
    assert await dead.begin(f"agente-ia:{CHECK}:", "U0DEAD", limit)
    async with ears() as (url, heard):
        await post(house, doors[1], ON_CALL, url, "after")
        await house.until(lambda: final(heard))
    assert limit < time.monotonic() - began < limit + 20


async def connections(patient: Redis) -> int:
    return int((await patient.info("stats"))["total_connections_received"])


async def answers(heard: list[str], count: int) -> bool:
    return sum("report:more" in said for said in heard) >= count


async def post(house: House, door: str, who: Somebody, url: str, trigger: str) -> None:
    """Send the command to one of the doors, as Slack would sign it."""
    form = dict(parse_qsl(signed.command(who.id, f"/diag {CHECK}", trigger).decode()))
    body = urlencode({**form, "response_url": url}).encode()
    headers = signed.headers(house.demo.slack.app.signing_secret, body, house.demo.slack.clock.now())
    assert (await house.client.post(door, content=body, headers=headers)).status_code == 200
