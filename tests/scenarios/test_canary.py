"""A canary of the demo's own system: one click is one step, gates are read again, the way back waits for nothing."""

from typing import Any

import httpx

from bot.core.run import Phase
from tests.house import House
from tests.people import APPROVER, NEXT_ON_CALL
from tests.runs.steps import proposed, proposed_only, runs_there_are, settled, verified

WEIGHT = "nginx.ingress.kubernetes.io/canary-weight"
ERRORS = {"figures": {"agente-ia": {"error-rate": 3.0}}}


async def test_a_step_is_shown_approved_and_verified_and_its_undo_waits_for_no_gate(house: House) -> None:
    card = await proposed(house, "canary-step share=5")
    shown = house.words(card)
    for expected in ("`0%` → `5%`", "agente-api-canary", "Taxa de erros", "Alertas críticos"):
        assert expected in shown
    await house.click(NEXT_ON_CALL, card, "run:approve")
    await house.told(NEXT_ON_CALL, "You may not approve or deny this")
    await proposed_only(house)
    await house.click(APPROVER, card, "run:approve")
    await verified(house)
    assert await weight(house) == "5"
    await house.command(NEXT_ON_CALL, "/run canary-step share=25")
    said = await house.told(NEXT_ON_CALL, "Nothing was proposed")
    assert "stays there for 120 min: the next step is allowed at" in said
    await house.demo.world.control(ERRORS)
    await house.command(NEXT_ON_CALL, "/run undo RUN-1")
    await house.click(APPROVER, await house.shows("RUN-2", "`5%` → `0%`"), "run:approve")
    await house.demo.world.control({"figures": {"agente-ia": {"error-rate": 0.2}}})
    await verified(house, "RUN-2")
    assert await weight(house) == "0"


async def test_a_gate_that_is_not_met_holds_a_step_back_even_after_its_approval(house: House) -> None:
    card = await proposed(house, "canary-step share=5")
    await house.demo.world.control(ERRORS)
    await house.click(APPROVER, card, "run:approve")
    assert (await settled(house)).phase is Phase.REFUSED
    await house.command(NEXT_ON_CALL, "/run canary-step share=5")
    assert "this has to hold first: Error rate" in await house.told(NEXT_ON_CALL, "Nothing was proposed")
    assert await runs_there_are(house) == ["RUN-1"]
    assert await weight(house) == "0"


async def test_the_traffic_is_taken_back_from_the_canary_while_its_gates_fail(house: House) -> None:
    await house.demo.world.control(ERRORS)
    await patch(house, {"metadata": {"annotations": {WEIGHT: "50"}}})
    card = await proposed(house, "canary-stop")
    await house.click(APPROVER, card, "run:approve")
    await verified(house)
    assert await weight(house) == "0"


async def test_one_pod_as_five_percent_is_refused_with_the_true_way(house: House) -> None:
    said = await house.command(NEXT_ON_CALL, "/run canary-by-replicas")
    assert "is refused: One deployment has one image" in said
    assert "`/run canary-step`" in said


async def weight(house: House) -> str:
    return str((await patch(house, {}))["metadata"]["annotations"][WEIGHT])


async def patch(house: House, wanted: dict[str, Any]) -> dict[str, Any]:
    """As somebody with kubectl would."""
    world = house.demo.world
    url = f"{world.kubernetes_url}/apis/networking.k8s.io/v1/namespaces/{world.namespace}/ingresses/agente-api-canary"
    headers = {"Authorization": f"Bearer {world.kubernetes_token}", "Content-Type": "application/merge-patch+json"}
    async with httpx.AsyncClient(trust_env=False) as client:
        answer: dict[str, Any] = (await client.patch(url, headers=headers, json=wanted)).raise_for_status().json()
    return answer
