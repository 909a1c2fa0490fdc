"""Changes that hang on what checks measure elsewhere: refused before they are proposed, and again before they start."""

import pytest

from bot.core.run import Phase
from tests.house import House
from tests.people import NEXT_ON_CALL
from tests.runs.steps import patches, proposed, reached, readable, replicas, runs_there_are, verified

pytestmark = pytest.mark.catalog("tests/catalogs/bounds")


async def test_a_number_that_does_not_fit_is_refused_with_the_biggest_that_does(house: House) -> None:
    load = house.demo.world.neighbours.mongo.load
    load.connections, load.connection_limit = 10, 100
    await house.command(NEXT_ON_CALL, "/run set-pool value=30")
    words = "30 × 3, and 10 that others use, make 100: that is not below the limit of 100. At most 29 fits."
    await house.told(NEXT_ON_CALL, words)
    assert await runs_there_are(house) == []
    card = await proposed(house, "set-pool value=29")
    shown = readable(house.words(card))
    assert "DB_POOL_SIZE: 20 → 29" in shown
    assert "in all: 29 × 3, and 10 that others use; the limit is 100: 97\n" in shown
    await house.click(NEXT_ON_CALL, card, "run:approve")
    await verified(house)
    assert patches(house) == 1


async def test_pods_are_counted_with_the_connections_that_each_opens_and_fewer_are_always_let_through(
    house: House,
) -> None:
    workers = replicas(house, "agente-worker")
    load = house.demo.world.neighbours.mongo.load
    load.connections, load.connection_limit = 10, 20 * (6 + workers)
    await house.command(NEXT_ON_CALL, "/run scale-api replicas=6")
    await house.told(NEXT_ON_CALL, f"(6 + {workers}) × 20, and 0 that others use")
    await house.told(NEXT_ON_CALL, "At most 5 fits.")
    load.connection_limit = 20
    card = await proposed(house, "scale-api replicas=1")
    assert "less than now, and still not below the limit of 20" in readable(house.words(card))


@pytest.mark.catalog(
    "tests/catalogs/bounds", {"shop/actions.yml": ("of: connections.limit}", "of: connections.limit, reserve: 20}")}
)
async def test_a_reserve_below_the_limit_stays_free(house: House) -> None:
    load = house.demo.world.neighbours.mongo.load
    load.connections, load.connection_limit = 10, 100
    await house.command(NEXT_ON_CALL, "/run set-pool value=24")
    words = "24 × 3, and 10 that others use, make 82: that is not below the limit of 80 (100 less a reserve of 20%)."
    assert "At most 23 fits." in await house.told(NEXT_ON_CALL, words)
    assert await runs_there_are(house) == []
    card = await proposed(house, "set-pool value=23")
    assert "the limit is 80 (100 less a reserve of 20%): 79\n" in readable(house.words(card))
    await house.click(NEXT_ON_CALL, card, "run:approve")
    await verified(house)
    assert patches(house) == 1


@pytest.mark.catalog("tests/catalogs/bounds", {"shop/actions.yml": ("each: pods.desired", "each: worker.desired")})
async def test_while_nothing_that_it_counts_for_is_there_only_a_lower_number_is_let_through(house: House) -> None:
    await house.click(NEXT_ON_CALL, await proposed(house, "stop-worker replicas=0"), "run:approve")
    await verified(house)
    await house.command(NEXT_ON_CALL, "/run set-pool value=99")
    await house.told(NEXT_ON_CALL, "Whether 99 fits cannot be told: there is none now")
    assert await runs_there_are(house) == ["RUN-1"]
    card = await proposed(house, "set-pool value=10", number="RUN-2")
    assert "Whether it fits cannot be told (there is none now); it is less than now." in house.words(card)


async def test_a_limit_that_fell_since_the_card_refuses_the_approved_change(house: House) -> None:
    load = house.demo.world.neighbours.mongo.load
    load.connections, load.connection_limit = 10, 200
    card = await proposed(house, "set-pool value=40")
    load.connection_limit = 120
    await house.click(NEXT_ON_CALL, card, "run:approve")
    await reached(house, Phase.REFUSED)
    await house.replied("RUN-1", "not below the limit of 120. At most 36 fits.")
    assert patches(house) == 0


async def test_a_state_that_must_hold_is_looked_at_before_the_card_and_before_the_change(house: House) -> None:
    workers = replicas(house, "agente-worker")
    await house.command(NEXT_ON_CALL, "/run restart-api")
    await house.told(NEXT_ON_CALL, f"Pods of the worker: desired must be 0 for this, and it is {workers}.")
    await house.click(NEXT_ON_CALL, await proposed(house, "stop-worker replicas=0"), "run:approve")
    await verified(house)
    card = await proposed(house, "restart-api", number="RUN-2")
    again = await proposed(house, "stop-worker replicas=1", number="RUN-3")
    await house.click(NEXT_ON_CALL, again, "run:approve")
    await verified(house, "RUN-3")
    await house.click(NEXT_ON_CALL, card, "run:approve")
    await reached(house, Phase.REFUSED, number="RUN-2")
    await house.replied("RUN-2", "desired must be 0 for this, and it is 1.")
    assert patches(house) == 0
