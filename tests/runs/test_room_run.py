"""More pods, or bigger ones, only where the nodes hold them: refused with the number, done where there is room."""

import pytest

from bot.core.run import Phase
from tests.house import House
from tests.people import APPROVER, NEXT_ON_CALL, ON_CALL
from tests.runs.steps import patches, proposed, reached, readable, replicas, runs_there_are, verified

BOUNDS = pytest.mark.catalog("tests/catalogs/bounds")


async def fill(house: House, percent: float) -> None:
    """Other teams' pods ask for so much of each node."""
    await house.demo.world.control({"kubernetes": {"nodes": percent}})


@BOUNDS
async def test_pods_that_no_node_holds_are_refused_with_the_number_that_fits(house: House) -> None:
    await fill(house, 88)
    await house.command(NEXT_ON_CALL, "/run widen-api replicas=6")
    told = await house.told(
        NEXT_ON_CALL, "this has to hold first: Room on the nodes: 2 more pods of 500m CPU, 1024 MiB"
    )
    assert "fit on 3 nodes, and 3 are wanted: 1 find no room" in told
    assert await runs_there_are(house) == []
    card = await proposed(house, "widen-api replicas=5")
    assert "2 more pods of 500m CPU, 1024 MiB fit on 3 nodes, and 2 are wanted" in readable(house.words(card))
    await house.click(NEXT_ON_CALL, card, "run:approve")
    await verified(house)
    assert replicas(house) == 5


@BOUNDS
async def test_fewer_pods_need_no_room_and_the_way_back_waits_for_none(house: House) -> None:
    card = await proposed(house, "widen-api replicas=2")
    await house.click(NEXT_ON_CALL, card, "run:approve")
    await verified(house)
    await fill(house, 95)
    await house.command(NEXT_ON_CALL, "/run undo RUN-1")
    assert "1 find no room" in readable(house.words(await house.headline("RUN-2")))
    await house.click(NEXT_ON_CALL, await proposed(house, "widen-api replicas=1", number="RUN-3"), "run:approve")
    await verified(house, "RUN-3")


@BOUNDS
async def test_room_that_went_since_the_card_refuses_the_approved_change(house: House) -> None:
    card = await proposed(house, "widen-api replicas=20")
    await fill(house, 90)
    await house.click(NEXT_ON_CALL, card, "run:approve")
    await reached(house, Phase.REFUSED)
    await house.replied("RUN-1", "What it requires no longer holds: Room on the nodes: 2 more pods")
    assert replicas(house) == 3


async def test_where_nodes_may_not_be_listed_nothing_is_proposed_and_the_missing_right_is_named(house: House) -> None:
    await house.demo.world.control({"kubernetes": {"forbid": ["list"]}})
    await house.command(NEXT_ON_CALL, "/run more-resources")
    told = await house.told(NEXT_ON_CALL, "Room on the nodes: The cluster does not let this account `list` `nodes`")
    assert "Bind it to a ClusterRole that grants that" in told
    assert await runs_there_are(house) == []


async def test_bigger_pods_are_let_through_only_where_a_rollout_finds_room(house: House) -> None:
    await fill(house, 85)
    await house.command(NEXT_ON_CALL, "/run more-resources")
    told = await house.told(NEXT_ON_CALL, "0 more pods of 2000m CPU, 4096 MiB fit on 3 nodes")
    assert "a rollout stops after 0 of 3" in told
    assert await runs_there_are(house) == []
    await fill(house, 50)
    await house.command(ON_CALL, "/run more-resources")
    await house.click(APPROVER, await house.headline("RUN-1 ·"), "run:approve")
    await verified(house)
    assert patches(house) == 1
