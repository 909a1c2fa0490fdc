"""kill -9 at every step of an approved run: never a second write, and every run comes to its end."""

import asyncio
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from bot.core import run
from tests.house import button_value
from tests.people import APPROVER, NEXT_ON_CALL, ON_CALL
from tests.ports import free_port
from tests.proof import signed
from tests.proof.gate import Moment
from tests.proof.plant import Plant, open_plant

pytestmark = pytest.mark.timeout(500)


@dataclass(frozen=True)
class Step:
    """Where the worker is killed, and what has to come of it."""

    name: str
    moments: tuple[Moment, ...]
    writes: int = 1
    interrupted: bool = True

    @property
    def outcome(self) -> type[object]:
        return run.Verified if self.writes else run.Unverified


READ = rb"GET /apis/apps/v1/namespaces/production/deployments/<name> HTTP"
WRITE = rb"PATCH /apis/apps/v1/namespaces/production/deployments/<name>/scale\?((?!dryRun)\S)* HTTP"


def appends(kind: bytes, *, answered: bool = False) -> Moment:
    """The append of a fact to the stream of the case's run."""
    return Moment(rb"\r\n<run>\r\n.*\r\n" + kind + rb"\r\n", answered)


STEPS = (
    Step("approved-and-reading-the-target", (Moment(READ),), interrupted=False),
    Step("about-to-claim", (appends(rb"run\.started"),), interrupted=False),
    Step("claimed", (appends(rb"run\.started", answered=True),), writes=0),
    Step("about-to-write", (Moment(WRITE),), writes=0),
    Step("written-and-not-answered", (Moment(WRITE, answered=True),)),
    Step("answered-and-following", (Moment(WRITE), appends(rb"run\.progressed"))),
    Step("about-to-record-the-outcome", (Moment(WRITE), appends(rb"run\.finished"))),
    Step("outcome-recorded", (appends(rb"run\.finished", answered=True),), interrupted=False),
    Step("verifying", (appends(rb"run\.finished"), Moment(READ)), interrupted=False),
    Step("about-to-record-the-verdict", (appends(rb"run\.verified"),), interrupted=False),
    Step("ended", (appends(rb"run\.verified", answered=True),), interrupted=False),
)


async def test_a_worker_killed_at_any_step_of_a_run_never_writes_twice_and_every_run_comes_to_an_end(
    data: Path,
) -> None:
    names = [step.name for step in STEPS]
    async with open_plant(data, names) as plant:
        web = await plant.bots.start("run", "--web")
        workers = [await plant.worker() for _ in range(len(STEPS) + 1)]
        await web.ready("bot.ready")
        await asyncio.gather(*(worker.ready("worker.ready") for worker in workers))
        runs = await plant.propose(ON_CALL, names)
        for step in STEPS:
            await kill_at(plant, step, runs[step.name])

        async def one_is_left() -> bool:
            return sum(worker.process.returncode is None for worker in workers) == 1

        await plant.until(one_is_left)
        await asyncio.gather(*(comes_to_its_end(plant, step, runs[step.name]) for step in STEPS))

        async def free() -> bool:
            return not await plant.leases()

        await plant.until(free)
        assert {step.name: plant.writes(step.name) for step in STEPS} == {step.name: step.writes for step in STEPS}


async def kill_at(plant: Plant, step: Step, number: str) -> None:
    """Approve the run and wait until its worker is dead."""
    moments = list(step.moments)
    for old, new in ((b"<run>", number), (b"<name>", step.name)):
        moments = [replace(one, request=one.request.replace(old, new.encode())) for one in moments]
    plant.trap.set(*moments)
    card = await plant.card(number)
    assert card is not None
    await plant.click(APPROVER, card["ts"], "run:approve")

    async def sprung() -> bool:
        return plant.trap.sprung.is_set()

    # Work handed to the worker that was just killed comes back after ten seconds, its lease after fifteen.
    await plant.until(sprung)


async def comes_to_its_end(plant: Plant, step: Step, number: str) -> None:
    async def ended() -> bool:
        return any(isinstance(fact, run.Verified | run.Unverified) for fact in await plant.facts(number))

    await plant.until(ended)
    kinds = [type(fact) for fact in await plant.facts(number)]
    assert kinds.count(run.Approved) == kinds.count(run.Started) == 1, step.name
    assert kinds.count(run.Interrupted) == int(step.interrupted), step.name
    assert [kind for kind in kinds if kind in (run.Verified, run.Unverified)] == [step.outcome], step.name

    async def handed_over() -> bool:
        return any("a person must look now" in words for words in await plant.thread(number))

    if step.interrupted:
        await plant.until(handed_over)
    else:
        assert not await handed_over(), step.name


async def test_one_approval_is_one_write_however_often_it_is_clicked_delivered_or_left_unanswered(
    data: Path,
) -> None:
    names = ["answer-lost", "double-clicked", "redelivered"]
    async with open_plant(data, names) as plant:
        secret, port = plant.workspace.app.signing_secret, free_port()
        webs = [
            await plant.bots.start("run", "--web"),
            await plant.bots.start("run", "--web", SLACK_APP_TOKEN="", SLACK_SIGNING_SECRET=secret, PORT=str(port)),
        ]
        workers = [await plant.worker() for _ in range(2)]
        await asyncio.gather(*(web.ready("bot.ready") for web in webs), *(one.ready("worker.ready") for one in workers))
        runs = await plant.propose(ON_CALL, names)
        cards = {name: await plant.card(runs[name]) or {} for name in names}

        plant.cluster.faults.lose_answers = 1
        await plant.click(APPROVER, cards["answer-lost"]["ts"], "run:approve")
        await executed_once(plant, "answer-lost", runs["answer-lost"])
        assert plant.cluster.faults.lose_answers == 0

        doubled = cards["double-clicked"]["ts"]
        await asyncio.gather(*(plant.click(who, doubled, "run:approve") for who in (APPROVER, NEXT_ON_CALL) * 4))

        value = button_value(cards["redelivered"], "run:approve")
        body = signed.click(APPROVER.id, "run:approve", value, "one-trigger")
        signature = signed.headers(secret, body, plant.workspace.clock.now())
        retries = [{"X-Slack-Retry-Num": str(n), "X-Slack-Retry-Reason": "http_timeout"} if n else {} for n in range(4)]
        url = f"http://127.0.0.1:{port}/slack/events"
        answers = await asyncio.gather(
            *(plant.client.post(url, content=body, headers=signature | retry) for retry in retries)
        )
        assert {answer.status_code for answer in answers} == {200}
        await executed_once(plant, "double-clicked", runs["double-clicked"])
        await executed_once(plant, "redelivered", runs["redelivered"])
        late = await plant.client.post(url, content=body, headers=signature | retries[-1])
        assert late.status_code == 200
        await executed_once(plant, "redelivered", runs["redelivered"])
        assert len(plant.cluster.writes) == len(names)


async def executed_once(plant: Plant, name: str, number: str) -> None:
    await comes_to_its_end(plant, Step(name, (), interrupted=False), number)
    assert plant.writes(name) == 1, name
