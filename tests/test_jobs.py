"""The background loops end when they are told to, whatever a vendor's client does with the telling."""

import asyncio

from bot.jobs import end


async def _deaf(cancels: int) -> None:
    """Misses its first cancels, as a wait does that is over in the same step."""
    for _ in range(cancels):
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            continue
    await asyncio.sleep(60)


async def test_a_loop_that_misses_a_cancel_is_ended_all_the_same() -> None:
    loops = [asyncio.create_task(_deaf(cancels)) for cancels in (0, 1, 2)]
    await asyncio.sleep(0)
    async with asyncio.timeout(40):
        await end(loops)
    assert [loop.cancelled() for loop in loops] == [True, True, True]


async def test_loops_that_are_over_already_need_no_waiting() -> None:
    loop = asyncio.create_task(asyncio.sleep(0))
    await loop
    endings = [asyncio.create_task(end(loops)) for loops in ([loop], [])]
    for _ in range(10):
        await asyncio.sleep(0)
    assert all(ending.done() for ending in endings)
    assert not loop.cancelled(), "it came to its own end"
