"""A bot that is stopped while something goes on, and the next one, which goes by the record."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from bot.core import run
from bot.core.run import Phase
from sandbox.demo import open_demo
from tests.house import House
from tests.people import NEXT_ON_CALL
from tests.runs.steps import facts_of, patches, proposed, reached, state_of, verified

CATALOG = Path("tests/catalogs/approvals")


@asynccontextmanager
async def opened(data: Path) -> AsyncIterator[House]:
    """A bot on this record whose stop does not wait long, in a workspace and a world of its own."""
    async with (
        open_demo(data, pace=0.02, strict_rates=False, catalog=CATALOG, drain=0.5) as demo,
        httpx.AsyncClient(base_url=demo.slack.url, timeout=10, trust_env=False) as client,
    ):
        yield House(demo, client)


async def test_a_run_whose_verification_was_cut_off_is_verified_by_the_next_bot_and_nothing_is_done_twice(
    data: Path,
) -> None:
    async with opened(data) as house:
        card = await proposed(house, "scale-api replicas=4")
        await house.demo.world.control({"redis": "kill"})  # so that what verifies the change does not hold yet
        await house.click(NEXT_ON_CALL, card, "run:approve")
        await reached(house, Phase.FINISHED)
        assert patches(house) == 1
    async with opened(data) as house:
        assert (await verified(house)).interrupted is False
        assert (await state_of(house)).lines
        assert [len(await facts_of(house, kind)) for kind in (run.Started, run.Interrupted, run.Verified)] == [1, 0, 1]
        await house.quiet()
        assert patches(house) == 0
