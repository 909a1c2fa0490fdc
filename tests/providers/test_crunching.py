"""Work for the processor: the loop goes on meanwhile, and what nobody wants any more is not begun."""

import asyncio
import threading

from bot.providers.crunching import crunch


async def test_the_loop_goes_on_while_something_is_crunched() -> None:
    seen = threading.Event()
    working = asyncio.create_task(crunch(seen.wait, 5))
    await asyncio.sleep(0)
    assert not working.done()
    seen.set()  # only a loop that goes on comes to this
    assert await working


async def test_what_is_given_up_before_its_turn_is_never_begun() -> None:
    go, begun = threading.Event(), threading.Event()
    ahead = [asyncio.create_task(crunch(go.wait, 5)) for _ in range(8)]
    late = asyncio.create_task(crunch(begun.set))
    await asyncio.sleep(0)
    late.cancel()
    await asyncio.wait({late})
    go.set()
    assert all(await asyncio.gather(*ahead))
    assert not begun.is_set()
