"""The manifests of production: the bot asks the pipeline to apply them, and touches the cluster by no other way."""

from typing import Any

from bot.core import run
from bot.core.family import RUNS
from bot.core.run import Phase, Run
from tests.house import House, buttons
from tests.people import APPROVER, ON_CALL

WORKFLOW = "sync-production.yml"


async def test_the_pipeline_applies_the_commit_of_the_card_once_and_the_pods_are_looked_at_afterwards(
    house: House,
) -> None:
    card = await _proposed(house)
    shown = house.words(card)
    assert f"workflow {WORKFLOW}: `#2 success` → `4f2a9c01`" in shown
    assert buttons(card) == ["run:approve", "run:deny"]
    await house.click(ON_CALL, card, "run:approve")
    await house.told(ON_CALL, "líder técnico")
    assert _started(house) == []
    await house.click(APPROVER, card, "run:approve")
    state = await _settled(house)
    assert state.phase is Phase.VERIFIED
    assert [found["head_sha"][:8] for found in _started(house)] == ["4f2a9c01"]
    assert len(state.lines) == len(state.proposal.verify) == 3
    assert house.demo.world.state()["writes"] == [], "the cluster is the pipeline's"


async def test_a_sync_that_fails_is_told_and_the_cluster_stays_as_it_is(house: House) -> None:
    card = await _proposed(house)
    house.demo.world.neighbours.vendors.github.next_end = "failure"
    await house.click(APPROVER, card, "run:approve")
    failed = await _settled(house)
    assert failed.phase is Phase.FAILED
    await house.replied("RUN-1", "failure")
    assert len(_started(house)) == 1
    assert house.demo.world.state()["writes"] == []


async def _proposed(house: House) -> dict[str, Any]:
    await house.command(ON_CALL, "/run sync-manifests")
    card: dict[str, Any] = await house.headline("RUN-1 ·")
    return card


async def _settled(house: House) -> Run:
    async def ended() -> Run | None:
        state: Run = await house.demo.bot.ports.record.load(RUNS, "RUN-1")
        return state if state.phase in run.SETTLED else None

    found: Run = await house.until(ended)
    return found


def _started(house: House) -> list[dict[str, Any]]:
    runs = house.demo.world.neighbours.vendors.github.runs
    return [found for found in runs if found["workflow"] == WORKFLOW and found["event"] == "workflow_dispatch"]
