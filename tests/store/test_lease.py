"""Leases on a real redis-server: one holder at a time, and none for ever."""

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE
from collections.abc import Callable
from pathlib import Path

import pytest
from redis_servers import Server, Wire, until

from bot.core.errors import Conflict, NothingRecorded
from bot.store.connect import Client
from bot.store.lease import RedisLeases

ROOT = Path(__file__).parents[2]
PREFIX = "{plantao}"
KEY = "{plantao}:lease:target:payments"
NAME = "target:payments"

HOLDER = """
import asyncio, sys
from bot.store.connect import connect
from bot.store.lease import RedisLeases

async def main():
    async with RedisLeases(connect(sys.argv[1]), "{plantao}").hold("target:payments", ttl=1.5):
        print("held", flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.fixture
def leases(client: Client) -> RedisLeases:
    return RedisLeases(client, PREFIX)


async def is_free(leases: RedisLeases) -> bool:
    try:
        async with leases.hold(NAME):
            return True
    except Conflict:
        return False


async def test_a_second_holder_is_refused_at_once_while_other_names_are_free(leases: RedisLeases) -> None:
    async with leases.hold(NAME):
        assert not await is_free(leases)
        async with leases.hold("target:search"):
            pass
    assert await is_free(leases)


async def test_it_is_known_on_whose_behalf_a_lease_is_held(leases: RedisLeases) -> None:
    async with leases.hold(NAME, by="RUN-7"):
        assert await leases.holder(NAME) == "RUN-7"
        assert await leases.holder("target:other") == ""
    assert await leases.holder(NAME) == ""


async def test_whoever_waits_gets_the_lease_when_its_holder_is_done(leases: RedisLeases) -> None:
    order = []

    async def second() -> None:
        async with leases.hold(NAME, wait=40):
            order.append("second begins")

    async with leases.hold(NAME):
        waiting = asyncio.create_task(second())
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.shield(waiting), 0.2)
        order.append("first ends")
    await waiting
    assert order == ["first ends", "second begins"]


async def test_waiting_ends_with_a_refusal(leases: RedisLeases) -> None:
    clock = asyncio.get_running_loop().time
    async with leases.hold(NAME):
        begun = clock()
        with pytest.raises(Conflict):
            async with leases.hold(NAME, wait=0.3):
                pass
        assert 0.3 <= clock() - begun < 10


async def test_twenty_who_want_it_at_once_hold_it_one_after_the_other(leases: RedisLeases) -> None:
    inside, most = 0, 0

    async def work() -> None:
        nonlocal inside, most
        async with leases.hold(NAME, wait=10):
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0)
            inside -= 1

    await asyncio.gather(*(work() for _ in range(20)))
    assert (inside, most) == (0, 1)


async def test_work_longer_than_the_lease_keeps_it(leases: RedisLeases) -> None:
    clock = asyncio.get_running_loop().time
    async with leases.hold(NAME, ttl=1):
        taken = clock()
        while clock() < taken + 2:
            assert not await is_free(leases)


async def test_a_lease_that_ran_out_while_redis_was_away_is_its_holders_again(
    leases: RedisLeases, client: Client, server: Server
) -> None:
    async def is_held() -> bool:
        return await leases.holder(NAME) == "RUN-7"

    async with leases.hold(NAME, by="RUN-7", ttl=1.5):
        await server.kill()
        await server.start()
        assert await client.delete(KEY) == 1, "as if it had been away for longer"
        await until(is_held, within=5)
        assert not await is_free(leases)
    assert await is_free(leases)


async def test_who_holds_it_is_not_known_without_redis_and_said_so(leases: RedisLeases, server: Server) -> None:
    await server.kill()
    with pytest.raises(NothingRecorded):
        await leases.holder(NAME)


async def test_an_error_inside_frees_the_lease(leases: RedisLeases) -> None:
    with pytest.raises(ZeroDivisionError):
        async with leases.hold(NAME):
            raise ZeroDivisionError
    assert await is_free(leases)


async def test_the_lease_of_a_killed_holder_is_free_after_its_time(leases: RedisLeases, server: Server) -> None:
    holder = await asyncio.create_subprocess_exec(sys.executable, "-c", HOLDER, server.url, cwd=ROOT, stdout=PIPE)
    assert holder.stdout is not None
    try:
        assert await holder.stdout.readline() == b"held\n"
        assert not await is_free(leases)
    finally:
        holder.send_signal(signal.SIGKILL)
        await holder.communicate()
    assert not await is_free(leases), "it is free while its holder may still be alive"
    await until(lambda: is_free(leases))


async def test_a_holder_that_lost_its_lease_does_not_release_the_next_one(leases: RedisLeases, client: Client) -> None:
    async with leases.hold(NAME):
        await client.set(KEY, "somebody else", px=10_000)
    assert await client.get(KEY) == b"somebody else"


async def test_a_holder_that_lost_its_lease_does_not_prolong_the_next_one(leases: RedisLeases, client: Client) -> None:
    left: list[int] = []

    async def is_gone() -> bool:
        left.append(await client.pttl(KEY))
        return left[-1] < 0

    async with leases.hold(NAME, ttl=0.1):
        await client.set(KEY, "somebody else", px=400)
        await until(is_gone)
    assert left == sorted(left, reverse=True), "somebody gave it more time"


@pytest.mark.parametrize("silently", [False, True], ids=["the connection broke", "nothing came back"])
async def test_a_lease_whose_answer_got_lost_is_held_and_not_mistaken_for_another_holder(
    connected: Callable[[str], Client], wire: Wire, leases: RedisLeases, silently: bool
) -> None:
    behind_the_wire = connected(f"redis://127.0.0.1:{wire.port}/0")
    await behind_the_wire.ping()
    wire.lose_answer(b":lease:", silently=silently)
    async with RedisLeases(behind_the_wire, PREFIX).hold(NAME):
        assert not await is_free(leases)
    assert await is_free(leases)


async def test_an_outage_while_releasing_does_not_hide_that_the_work_is_done(
    leases: RedisLeases, server: Server
) -> None:
    done = False
    async with leases.hold(NAME):
        await server.kill()
        done = True
    assert done
