"""A rollback: shown, approved by somebody else, executed once, verified; or denied, expired, refused."""

import hashlib
import hmac
import json
from typing import Any
from urllib.parse import urlencode

from bot.core import run
from bot.core.family import RUNS
from bot.core.run import Phase, Run
from tests.house import House, button_value, buttons
from tests.people import APPROVER, NEXT_ON_CALL, ON_CALL, OUTSIDER, Somebody

BAD = "agente-api:2.4.1-bad"
GOOD = "agente-api:2.4.0"


async def test_the_card_shows_what_is_and_what_would_be(house: House, transport: str) -> None:
    card = await _propose(house)
    shown = house.words(card)
    for expected in (f"`{BAD}` → `{GOOD}`", "RUN-1", "@ana", "líder técnico", "Saúde da API"):
        assert expected in shown
    assert buttons(card) == ["run:approve", "run:deny"]
    assert _patches(house) == 0


async def test_an_approved_rollback_runs_once_is_verified_and_reported(house: House, transport: str) -> None:
    card = await _propose(house)
    await house.click(APPROVER, card, "run:approve")
    state = await _settled(house)
    assert state.phase is Phase.VERIFIED
    assert _patches(house) == 1
    assert _image(house) == GOOD
    await house.quiet()
    thread = "\n".join(await house.thread("RUN-1"))
    for step in ("@bruno", "⏳", "✔️", "✅"):
        assert step in thread
    assert buttons(await house.headline("RUN-1")) == ["run:undo"]


async def test_a_rollback_is_taken_back_to_the_recorded_revision_by_somebody_who_was_warned(house: House) -> None:
    await house.command(ON_CALL, "/rollback agente-api")
    await house.click(APPROVER, await house.headline("RUN-1"), "run:approve")
    assert (await _settled(house)).phase is Phase.VERIFIED
    # A release in between: the one before is not the one that was recorded.
    await _released(house, "agente-api:2.4.2")
    await house.click(NEXT_ON_CALL, await house.shows("RUN-1", "executada e verificada"), "run:undo")
    back = await house.headline("RUN-2 ·")
    shown = house.words(back)
    assert f"`agente-api:2.4.2` → `{GOOD}`" in shown
    warned = shown.partition("⚠️")[2]
    assert "RUN-1" in warned
    assert GOOD in warned, "the cluster knows too that it was rolled back"
    await house.click(NEXT_ON_CALL, back, "run:approve")
    await house.told(NEXT_ON_CALL, "somebody else has to approve it")
    assert _patches(house) == 1
    await house.click(APPROVER, back, "run:approve")
    assert (await _settled(house, "RUN-2")).phase is Phase.VERIFIED
    assert (_image(house), _patches(house)) == (GOOD, 2)
    await house.shows("RUN-1", "RUN-2")


async def test_progress_is_one_reply_that_is_edited(house: House) -> None:
    await house.click(APPROVER, await _propose(house), "run:approve")
    await _settled(house)
    await house.quiet()
    facts = [event.fact for event in await house.demo.bot.ports.record.events("RUN-1")]
    assert sum(isinstance(fact, run.Progressed) for fact in facts) >= 1
    head = await house.headline("RUN-1")
    replies = [m for m in await house.messages() if m.get("thread_ts") == head["ts"] != m["ts"]]
    progress = [m for m in replies if "pods" in house.words(m) and house.words(m).startswith("⏳")]
    assert len(progress) == 1


async def test_the_proposer_cannot_approve_alone(house: House, transport: str) -> None:
    card = await _propose(house)
    await house.click(ON_CALL, card, "run:approve")
    await house.told(ON_CALL, "outra pessoa")
    assert await _phase_and_patches(house) == (Phase.PROPOSED, 0)


async def test_an_outsider_gets_a_private_sentence_and_nothing_changes(house: House, transport: str) -> None:
    card = await _propose(house)
    for action in ("run:approve", "run:deny"):
        await house.click(OUTSIDER, card, action)
    await house.told(OUTSIDER, "You may not approve or deny this")
    assert await _phase_and_patches(house) == (Phase.PROPOSED, 0)


async def test_a_second_click_gets_a_private_sentence(house: House, transport: str) -> None:
    card = await _propose(house)
    await house.click(APPROVER, card, "run:approve")
    await _settled(house)
    await house.click(NEXT_ON_CALL, card, "run:approve", stale=True)
    assert "RUN-1 was already decided by @bruno" in await house.told(NEXT_ON_CALL, "already decided")
    await house.quiet()
    assert _patches(house) == 1


async def test_a_redelivered_click_approves_once(house: House, transport: str) -> None:
    card = await _propose(house)
    await house.click(APPROVER, card, "run:approve")
    delivery = next(d for d in reversed((await house.state())["deliveries"]) if d["kind"] == "action")
    await house.post("deliver", again=delivery["id"], kind="action")
    await _settled(house)
    facts = [event.fact for event in await house.demo.bot.ports.record.events("RUN-1")]
    assert sum(isinstance(fact, run.Approved) for fact in facts) == 1
    assert sum(isinstance(fact, run.Started) for fact in facts) == 1
    assert _patches(house) == 1


async def test_deny_ends_it(house: House, transport: str) -> None:
    card = await _propose(house)
    await house.click(APPROVER, card, "run:deny")
    assert (await _settled(house)).phase is Phase.DENIED
    await house.click(NEXT_ON_CALL, card, "run:approve", stale=True)
    await house.told(NEXT_ON_CALL, "already decided by @bruno")
    assert _patches(house) == 0


async def test_the_proposer_may_withdraw_by_denying(house: House) -> None:
    await house.click(ON_CALL, await _propose(house), "run:deny")
    assert (await _settled(house)).phase is Phase.WITHDRAWN
    assert _patches(house) == 0


async def test_a_proposal_expires_by_the_clock_and_a_late_click_changes_nothing(house: House, transport: str) -> None:
    card = await _propose(house)
    await house.post("clock", advance=15 * 60 + 1)
    await house.click(NEXT_ON_CALL, card, "run:approve", stale=True)
    await house.told(NEXT_ON_CALL, "RUN-1 expired at")
    assert (await _settled(house)).phase is Phase.EXPIRED
    await house.quiet()
    assert buttons(await house.headline("RUN-1")) == []
    assert _patches(house) == 0


async def test_an_approval_of_something_else_than_what_was_shown_is_refused(house: House, signed_http: None) -> None:
    card = await _propose(house)
    shown = button_value(card, "run:approve")
    forged = "RUN-1:000000000000"
    assert shown != forged
    assert await _signed_click(house, APPROVER, forged) == 200
    await house.quiet()
    assert (await house.demo.bot.ports.record.load(RUNS, "RUN-1")).phase is Phase.PROPOSED
    assert _patches(house) == 0
    assert await _signed_click(house, APPROVER, shown) == 200
    assert (await _settled(house)).phase is Phase.VERIFIED, "the same click with the right fingerprint is an approval"


async def test_a_target_that_changed_after_the_card_was_shown_is_left_alone(house: House) -> None:
    card = await _propose(house)
    await house.demo.world.control({"drift": {"deployment": "agente-api", "image": "agente-api:2.4.2"}})
    await house.click(APPROVER, card, "run:approve")
    state = await _settled(house)
    assert state.phase is Phase.REFUSED
    assert _patches(house) == 0
    assert "2.4.2" in await house.replied("RUN-1", "🚫")


async def test_a_lost_answer_of_the_cluster_does_not_execute_twice(house: House) -> None:
    card = await _propose(house)
    await house.demo.world.control({"kubernetes": {"lose_answer": 1}})
    await house.click(APPROVER, card, "run:approve")
    state = await _settled(house)
    assert state.phase in (Phase.VERIFIED, Phase.FAILED)
    assert _patches(house) == 1


async def test_a_rollback_that_the_cluster_forbids_is_not_even_proposed(house: House) -> None:
    await house.demo.world.control({"kubernetes": {"forbid": ["patch"]}})
    await house.command(ON_CALL, "/rollback agente-api")
    said = await house.told(ON_CALL, "patch")
    assert "RUN-1" not in said
    assert await house.demo.bot.ports.record.listing(RUNS, only_open=False, limit=5) == []


async def test_inside_an_incident_its_timeline_follows_the_run(house: House) -> None:
    await house.command(ON_CALL, "/incident declare P0 API responde 500")
    card = await _propose(house, "INC-1")
    assert "INC-1" in house.words(card)
    await house.click(APPROVER, card, "run:approve")
    await _settled(house)
    await house.quiet()
    told = [line for line in await house.thread("INC-1") if "RUN-1" in line]
    assert len(told) == 3, "proposed, approved, verified"


async def test_a_named_revision_is_what_the_card_shows(house: House) -> None:
    await house.command(ON_CALL, "/rollback agente-api 1")
    card = await house.headline("RUN-1")
    assert "agente-api:2.3.0" in house.words(card)


async def test_a_revision_that_does_not_exist_is_said(house: House) -> None:
    await house.command(ON_CALL, "/rollback agente-api 77")
    assert "77" in (await house.told(ON_CALL, "77"))
    assert await house.demo.bot.ports.record.listing(RUNS, only_open=False, limit=5) == []


async def test_two_rollbacks_of_one_target_never_run_together(house: House) -> None:
    first = await _propose(house)
    await house.command(ON_CALL, "/rollback agente-api")
    second = await house.headline("RUN-2")
    await house.click(APPROVER, first, "run:approve")
    await house.click(APPROVER, second, "run:approve")
    ended = [(await _settled(house, number)).phase for number in ("RUN-1", "RUN-2")]
    assert sorted(ended) == sorted([Phase.VERIFIED, Phase.REFUSED]), "the later one finds the target changed"
    assert _patches(house) == 1


async def _released(house: House, image: str) -> None:
    await house.demo.world.control({"deploy": {"deployment": "agente-api", "image": image, "by": "ci", "cause": image}})

    async def rolled_out() -> bool:
        deployment = house.demo.world.state()["deployments"]["agente-api"]
        return bool(deployment["rolled_out"] and deployment["image"] == image)

    await house.until(rolled_out)


async def _propose(house: House, incident: str = "") -> dict[str, Any]:
    await _released(house, BAD)
    await house.command(ON_CALL, f"/rollback agente-api {incident}")
    card: dict[str, Any] = await house.headline("RUN-1")
    return card


async def _signed_click(house: House, who: Somebody, value: str) -> int:
    """A click as only Slack could send it, with a value of our own; the status of its acknowledgement."""
    action = {"type": "button", "action_id": "run:approve", "block_id": "b", "value": value}
    payload = {
        "type": "block_actions",
        "team": {"id": "T0PLANTAO"},
        "user": {"id": who.id, "team_id": "T0PLANTAO"},
        "channel": {"id": "C0INCIDENTS"},
        "trigger_id": value,
        "actions": [action],
    }
    body = urlencode({"payload": json.dumps(payload)})
    stamp = str(int(house.demo.slack.clock.now()))
    secret = house.demo.slack.app.signing_secret.encode()
    digest = hmac.new(secret, f"v0:{stamp}:{body}".encode(), hashlib.sha256).hexdigest()
    headers = {
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": f"v0={digest}",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    answer = await house.client.post(str(house.demo.slack.app.request_url), content=body, headers=headers)
    return answer.status_code


async def _settled(house: House, number: str = "RUN-1") -> Run:
    async def ended() -> Run | None:
        state = await house.demo.bot.ports.record.load(RUNS, number)
        return state if state.phase in run.SETTLED else None

    state: Run = await house.until(ended)
    return state


async def _phase_and_patches(house: House) -> tuple[Phase, int]:
    await house.quiet()
    return (await house.demo.bot.ports.record.load(RUNS, "RUN-1")).phase, _patches(house)


def _patches(house: House) -> int:
    return int(house.demo.world.state()["deployments"]["agente-api"]["patches"])


def _image(house: House) -> str:
    return str(house.demo.world.state()["deployments"]["agente-api"]["image"])
