"""What people do with runs, as steps that the tests share."""

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from redis.asyncio import Redis

from bot.core import run
from bot.core.family import RUNS
from bot.core.run import Phase, Run
from tests.house import House, button_value
from tests.people import NEXT_ON_CALL, Somebody

API, WORKER = "agente-api", "agente-worker"


async def proposed(house: House, words: str, who: Somebody = NEXT_ON_CALL, number: str = "RUN-1") -> dict[str, Any]:
    """Type `/run <words>` and wait for the card; clara proposes, since she reads English."""
    await house.command(who, f"/run {words}")
    card: dict[str, Any] = await house.headline(number)
    return card


async def state_of(house: House, number: str = "RUN-1") -> Run:
    state: Run = await house.demo.bot.ports.record.load(RUNS, number)
    return state


async def reached(house: House, *phases: Phase, number: str = "RUN-1") -> Run:
    """Wait until a run is in one of these phases."""

    async def there() -> Run | None:
        state = await state_of(house, number)
        return state if state.phase in phases else None

    state: Run = await house.until(there)
    return state


async def settled(house: House, number: str = "RUN-1") -> Run:
    """Wait until a run has come to its end."""
    return await reached(house, *run.SETTLED, number=number)


async def verified(house: House, number: str = "RUN-1") -> Run:
    """Wait until a run has come to its end, which must be a good one."""
    state = await settled(house, number)
    assert state.phase is Phase.VERIFIED, (state.phase, state.outcome)
    return state


async def proposed_only(house: House, number: str = "RUN-1") -> None:
    """Once everything is told, the run still waits for approval."""
    await house.quiet()
    assert (await state_of(house, number)).phase is Phase.PROPOSED


async def runs_there_are(house: House) -> list[str]:
    return [state.number for state in await house.demo.bot.ports.record.listing(RUNS, only_open=False, limit=20)]


async def facts_of(house: House, kind: type, number: str = "RUN-1") -> list[Any]:
    events = await house.demo.bot.ports.record.events(number)
    return [event for event in events if isinstance(event.fact, kind)]


def replicas(house: House, name: str = API) -> int:
    return int(house.demo.world.state()["deployments"][name]["replicas"])


def patches(house: House, name: str = API) -> int:
    return int(house.demo.world.state()["deployments"][name]["patches"])


async def cached_answers(house: House) -> int:
    """How many keys the destructive action would delete."""
    async with Redis.from_url(house.demo.world.redis_url) as redis:
        return len([key async for key in redis.scan_iter("cache:llm:*")])


async def memory_limit(house: House) -> int:
    """The limit of the patient's memory in MiB."""
    async with Redis.from_url(house.demo.world.redis_url) as redis:
        return int((await redis.config_get("maxmemory"))["maxmemory"]) // 1024 // 1024


async def stuck(house: House, name: str = WORKER) -> None:
    """From now on new pods of this deployment never get ready."""
    image = f"{name}:stuck"
    await house.demo.world.control({"drift": {"deployment": name, "image": image, "fate": "missing"}})


async def moved_to(house: House, hour: int) -> None:
    """Move the clock to the next Wednesday at this hour in São Paulo."""
    now = datetime.fromtimestamp(house.demo.slack.clock.now(), UTC).astimezone(ZoneInfo("America/Sao_Paulo"))
    then = now.replace(hour=hour, minute=0, second=0, microsecond=0) + timedelta(days=(2 - now.weekday()) % 7)
    if then <= now:
        then += timedelta(days=7)
    await house.post("clock", advance=(then - now).total_seconds())


async def joined(house: House, group: str, *people: str) -> None:
    """Somebody changes who is in a user group."""
    await house.post("usergroup", user="bruno", usergroup=group, users=list(people))


async def forged_click(house: House, who: Somebody, action: str, value: str) -> int:
    """A signed click with a value of our own; the status of its acknowledgement."""
    payload = {
        "type": "block_actions",
        "team": {"id": "T0PLANTAO"},
        "user": {"id": who.id, "team_id": "T0PLANTAO"},
        "channel": {"id": "C0INCIDENTS"},
        "trigger_id": f"{action}:{value}:{who.id}",
        "actions": [{"type": "button", "action_id": action, "block_id": "b", "value": value}],
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


def fingerprint(card: dict[str, Any], action: str = "run:approve") -> str:
    return button_value(card, action).partition(":")[2]


def readable(words: str) -> str:
    """Without the marks for bold and code."""
    return words.replace("*", "").replace("`", "")
