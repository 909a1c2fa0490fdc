"""Proposing: what may be run, what is asked for, what is refused, and what the card says. Nothing is ever executed."""

import pytest

from bot.core.run import Phase
from tests.house import House, button_value, buttons
from tests.people import APPROVER, NEXT_ON_CALL, ON_CALL, OUTSIDER
from tests.runs.steps import (
    cached_answers,
    patches,
    proposed,
    proposed_only,
    readable,
    replicas,
    runs_there_are,
    settled,
    state_of,
    verified,
)

pytestmark = pytest.mark.catalog("tests/catalogs/approvals")


async def test_run_alone_lists_what_may_be_proposed_the_lowest_risk_first(house: House) -> None:
    listed = readable(await house.command(NEXT_ON_CALL, "/run")).splitlines()
    places = [
        listed.index(row)
        for row in (
            "Risk: low",
            "/run scale-api — Scale the API",
            "Risk: destructive",
            "/run drop-cache — Delete the cached answers",
            "Done by people, kept track of here",
            "/run call-vendor — Call the vendor",
            "Refused, with the safe way in the answer",
            "/run flush-all — Empty Redis",
        )
    ]
    assert places == sorted(places)
    assert "You may not propose changes" in await house.command(OUTSIDER, "/run")


async def test_a_word_finds_the_actions_that_have_it_in_their_name(house: House) -> None:
    assert "Did you mean scale-api" in await house.command(NEXT_ON_CALL, "/run api")


async def test_what_was_typed_is_on_the_card_and_nothing_is_executed(house: House, transport: str) -> None:
    card = await proposed(house, "scale-api replicas=5")
    shown = readable(house.words(card))
    for words in (
        "Scale the API — waiting for approval",
        "Target: Shop · cluster · environment: production",
        "pods: 3 → 5",
        "What the checks said, ",
        "🟢 The shop answers",
        "Proposed by @clara · risk low · may approve: on-call, tech lead · expires ",
        "Verified by: Redis answers · Way back: the earlier number",
    ):
        assert words in shown
    assert buttons(card) == ["run:approve", "run:deny"]
    await proposed_only(house)
    assert (replicas(house), patches(house)) == (3, 0)


async def test_a_form_asks_for_what_is_missing_and_keeps_what_is_wrong(house: House, transport: str) -> None:
    await house.command(NEXT_ON_CALL, "/run scale-api")
    assert "Pods" in house.words((await house.views(NEXT_ON_CALL))[-1])
    wrong = await house.submit(NEXT_ON_CALL, replicas="lots")
    assert wrong["ack"]["errors"] == {"replicas": "“lots” cannot be used as replicas (Pods)."}
    await house.submit(NEXT_ON_CALL, replicas="4")
    assert "pods: 3 → 4" in readable(house.words(await house.headline("RUN-1")))
    await house.command(NEXT_ON_CALL, "/run set-pool")
    offered = (await house.views(NEXT_ON_CALL))[-1]["blocks"][-1]["element"]["options"]
    assert [option["value"] for option in offered] == ["10", "20", "30", "40"]
    assert await runs_there_are(house) == ["RUN-1"]


async def test_a_refusal_is_shown_under_the_field_that_it_is_about(house: House) -> None:
    await house.command(NEXT_ON_CALL, "/run set-variable variable=CACHE_TTL")
    wrong = await house.submit(NEXT_ON_CALL, value="an hour")
    assert wrong["ack"]["errors"] == {"value": "“an hour” cannot be used as value (Value)."}
    await house.submit(NEXT_ON_CALL, value="3600")
    assert "CACHE_TTL: 1800 → 3600" in readable(house.words(await house.headline("RUN-1")))


async def test_what_cannot_be_proposed_is_refused_with_the_reason(house: House) -> None:
    for words, reason in (
        ("scale-api replicas=9", "agente-api may have 1 to 6 pods, not 9"),
        ("scale-api replicas=3", "wants 3 pods already"),
        ("set-pool value=20", "is so already"),
    ):
        await house.command(NEXT_ON_CALL, f"/run {words}")
        assert "Nothing was proposed: " in await house.told(NEXT_ON_CALL, reason)
    for words, reason in (
        ("scale-api replicas=ten", "“ten” cannot be used as replicas (Pods)."),
        ("set-pool value=25", "value cannot be “25”. Choose one of 10, 20, 30, 40."),
        ("scale-api min=0", "“min” cannot be chosen here. You may choose: replicas."),
        ("scale-api 4", "I do not understand “4”: write name=value, or an INC number."),
        ("scal-api", "Shop has no action “scal-api”. Did you mean scale-api"),
        ("xyzzy", "Shop has no action “xyzzy”. /run lists them."),
        ("restart-api INC-9", "There is no incident INC-9."),
        ("undo RUN-9", ""),
    ):
        assert reason in readable(await house.command(NEXT_ON_CALL, f"/run {words}"))
    assert "There is no run RUN-9." in await house.told(NEXT_ON_CALL, "RUN-9.")
    assert await runs_there_are(house) == []


async def test_an_outsider_proposes_nothing(house: House) -> None:
    said = await house.command(OUTSIDER, "/run restart-api")
    assert "You may not propose changes to a system. Who may: on-call / tech lead." in said
    assert "You may not propose" in await house.command(OUTSIDER, "/run flush-all")
    assert await runs_there_are(house) == []


async def test_what_the_house_refuses_is_refused_with_the_safe_way(house: House) -> None:
    said = readable(await house.command(NEXT_ON_CALL, "/run flush-all"))
    assert "“Empty Redis” is refused: It would take the sessions too. Instead: /run drop-cache." in said
    said = readable(await house.command(NEXT_ON_CALL, "/run reboot-all"))
    assert "“Reboot everything” is refused: That is a full outage." in said
    assert "Instead" not in said


async def test_a_button_under_a_finding_proposes_and_never_executes(house: House, transport: str) -> None:
    await house.demo.world.control({"service": {"db": "down"}})
    await house.command(NEXT_ON_CALL, "/diag service-up")

    async def reported() -> dict[str, object] | None:
        told = (await house.state())["ephemerals"].get(NEXT_ON_CALL.id, [])
        return next((one for one in told if "run:propose" in str(one)), None)

    report = await house.until(reported)
    await house.click(NEXT_ON_CALL, {**report, "channel": "C0INCIDENTS"}, "run:propose", value="shop:restart-api:")
    card = readable(house.words(await house.headline("RUN-1")))
    assert "🔴 The shop answers" in card, "the evidence says why"
    await proposed_only(house)
    assert patches(house) == 0
    await house.click(NEXT_ON_CALL, {**report, "channel": "C0INCIDENTS"}, "run:propose#2", value="shop:scale-api:")
    assert (await house.views(NEXT_ON_CALL))[-1]["callback_id"] == "run:propose", "what is missing is asked for"


async def test_the_steps_of_a_runbook_are_proposals(house: House) -> None:
    await house.command(NEXT_ON_CALL, "/diag shop-slow")

    async def reported() -> dict[str, object] | None:
        told = (await house.state())["ephemerals"].get(NEXT_ON_CALL.id, [])
        return next((one for one in told if "Steps of the runbook" in str(one)), None)

    report = {**(await house.until(reported)), "channel": "C0INCIDENTS"}
    assert buttons(report)[:2] == ["run:propose", "run:propose#2"]
    await house.click(NEXT_ON_CALL, report, "run:propose#2")
    assert "Delete the cached answers" in house.words(await house.headline("RUN-1"))
    await proposed_only(house)
    assert await cached_answers(house) == 120


async def test_a_mention_in_the_thread_of_an_incident_proposes_for_it(house: House) -> None:
    await house.command(ON_CALL, "/incident declare P1 slow")
    thread = (await house.headline("INC-1"))["ts"]
    await house.post(
        "message", user="clara", channel="incidents", text="@plantao run scale-api replicas=4", thread_ts=thread
    )
    assert "(INC-1)" in house.words(await house.headline("RUN-1"))
    await house.post("message", user="clara", channel="incidents", text="@plantao run scale-api", thread_ts=thread)
    await house.told(NEXT_ON_CALL, "scale-api replicas=")


async def test_a_run_belongs_to_an_open_incident_or_stands_alone(house: House) -> None:
    await house.command(ON_CALL, "/incident declare P1 slow")
    card = await proposed(house, "scale-api replicas=4 INC-1")
    await house.click(NEXT_ON_CALL, card, "run:approve")
    await verified(house)
    await house.quiet()
    told = [line for line in await house.thread("INC-1") if "RUN-1" in line]
    assert len(told) == 3, "proposed, approved, verified"
    await house.command(ON_CALL, "/incident resolve INC-1 scaled")
    assert "INC-1 is resolved; propose without it" in await house.command(NEXT_ON_CALL, "/run restart-api INC-1")


async def test_runs_are_listed_and_found_by_word_and_by_person(house: House) -> None:
    await house.click(NEXT_ON_CALL, await proposed(house, "scale-api replicas=4"), "run:approve")
    await verified(house)
    await proposed(house, "drop-cache", ON_CALL, "RUN-2")
    await house.click(APPROVER, await proposed(house, "call-vendor", number="RUN-3"), "run:done")
    await settled(house, "RUN-3")
    everything = readable(await house.command(NEXT_ON_CALL, "/run list"))
    for row in ("3 runs", "RUN-1 Scale the API", "executed and verified", "waiting for approval", "done by hand"):
        assert row in everything
    found = {
        "drop": ["RUN-2"],
        "executed": [],
        "restart": [],
        "@ana": ["RUN-2"],
        "@bruno": ["RUN-3"],
        "shop · redis": ["RUN-2"],
        "nothing-of-this": [],
    }
    for words, numbers in found.items():
        listed = await house.command(NEXT_ON_CALL, f"/run list {words}")
        assert [number for number in ("RUN-1", "RUN-2", "RUN-3") if number in listed] == numbers, words
    assert "You may not run diagnostics" in await house.command(OUTSIDER, "/run list")


async def test_show_repeats_the_card_of_a_run_with_its_history_but_no_buttons(house: House) -> None:
    await house.click(NEXT_ON_CALL, await proposed(house, "scale-api replicas=4"), "run:approve")
    await verified(house)
    shown = readable(await house.command(NEXT_ON_CALL, "/run show RUN-1"))
    for words in ("RUN-1 · Scale the API — executed and verified", "pods: 3 → 4", "@clara approved", "Verified"):
        assert words in shown
    assert "[Propose" not in shown
    assert "There is no run RUN-7." in await house.command(NEXT_ON_CALL, "/run show 7")
    assert "You may not run diagnostics" in await house.command(OUTSIDER, "/run show 1")


async def test_a_second_delivery_of_a_form_proposes_once(house: House) -> None:
    await house.command(NEXT_ON_CALL, "/run scale-api")
    await house.submit(NEXT_ON_CALL, replicas="4")
    await house.headline("RUN-1")
    delivery = next(d for d in reversed((await house.state())["deliveries"]) if d["kind"] == "view_submission")
    await house.post("deliver", again=delivery["id"], kind="view_submission")
    await house.quiet()
    assert await runs_there_are(house) == ["RUN-1"]
    assert (await state_of(house)).phase is Phase.PROPOSED
    assert button_value(await house.headline("RUN-1"), "run:approve").startswith("RUN-1:")
