"""What the world says about credentials and people reaches nobody: not Slack, not a log, not the record."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from redis.asyncio import Redis

from bot.core.redaction import MASKED, mask, mask_but_addresses
from sandbox.world.neighbours import Neighbours
from sandbox.world.neighbours.site import Answer
from tests.house import House
from tests.people import NEXT_ON_CALL, ON_CALL

CORPUS: list[tuple[str, str]] = [
    (text, secret) for text, secret in yaml.safe_load((Path(__file__).parent / "corpus.yml").read_text("utf-8"))
]
LINES = [text for text, _ in CORPUS]
OTHERS = ("railway-chroma", "harven", "customer-support", "etp-express")
NO_SECRETS = ("_URL", "_REPO", "_PROJECT", "_ENVIRONMENT", "_SERVER", "_NAMESPACE", "_APPLICATION", "_DATABASE")
NO_SECRETS += ("_CLUSTER", "_PATH", "_USER", "_FROM_EMAIL", "_PUBLIC_KEY", "_CHANNEL")


async def test_nothing_secret_or_personal_of_the_world_is_shown_logged_or_kept(
    house: House, capfd: pytest.CaptureFixture[str]
) -> None:
    await speak(house)
    await look_at_everything(house, "agente-ia")
    await asyncio.gather(*(look_at_everything(house, system) for system in OTHERS))
    await house.quiet()
    seen = {"Slack": await slack(house), "the record": await record(house), "the log": "".join(capfd.readouterr())}
    assert [text for text in LINES if beginning(text) not in seen["Slack"]] == [], "all of it was really met"
    secrets = [secret for _, secret in CORPUS] + sorted(credentials(house))
    leaked = [(place, secret) for place, words in seen.items() for secret in secrets if secret in words]
    assert not leaked


async def test_in_the_restricted_channel_addresses_are_all_that_is_unmasked_and_one_person_reads_them(
    house: House, capfd: pytest.CaptureFixture[str]
) -> None:
    await house.demo.world.control({"logs": {"agente-api": LINES}})
    await house.command(ON_CALL, "/diag top-addresses", "restricted")
    await house.told(ON_CALL, "🔒")
    await house.quiet()
    state = (await house.client.get("/control/state?calls=5000")).json()
    mine = json.dumps(state["ephemerals"].pop(ON_CALL.id), ensure_ascii=False)
    rest = json.dumps({**state, "users": []}, ensure_ascii=False) + await record(house) + "".join(capfd.readouterr())
    addresses = {secret for text, secret in CORPUS if secret in mask_but_addresses(text)}
    assert {secret for _, secret in CORPUS if secret in mine} == addresses == {"203.0.113.77"}
    assert not [secret for _, secret in CORPUS if secret in rest]


def beginning(text: str) -> str:
    """What may be read of a line, up to its secret."""
    return mask(text).partition(MASKED)[0].removeprefix("ERROR ").strip()


async def speak(house: House) -> None:
    """Let everybody in the world say the whole corpus."""
    world = house.demo.world
    applications = ("agente-api", "redis", "railway-chroma", "etp-express", "customer-support")
    containers = ("customer-support-api", "telegram-bot", "harven-backend", "backend")
    await world.control({"logs": dict.fromkeys((*applications, *containers), LINES)})
    await world.control({"docker": {"harven-backend": "unhealthy"}})
    poison(world.neighbours)
    async with Redis.from_url(world.redis_url) as patient:
        await patient.config_set("slowlog-log-slower-than", 0)
        for line in LINES:
            await patient.set(f"ai:{line}", line)
            await patient.set(f"rate_limit:{line}", line)
            await patient.client_setname("poison")
        await patient.config_set("slowlog-log-slower-than", 1000)


def poison(near: Neighbours) -> None:
    """What applications, platforms and vendors answer."""
    document = {"status": LINES, **{f"field{number}": line for number, line in enumerate(LINES)}}
    for name, site in near.sites.items():
        for path in list(site.answers):
            near.sites[name].answers[path] = Answer(document, status=500)
    for number, line in enumerate(LINES):
        near.vendors.sentry.happen(line, project="backend", count=100 + number)
        near.vendors.supabase.statements.append({"query": line, "calls": 9, "mean_ms": 900.0, "total_ms": 9000.0})
        near.mongo.start_operation("support.tickets", {"find": "tickets", "comment": line}, 60)
        near.vendors.app.companies["test_company"][f"note{number}"] = line
        near.vendors.app.tickets.append({"status": "escalated", "company_id": line, "category": line})
        near.vendors.github.alert("package", "critical", line)
        near.alertmanager.fire("Poisoned", note=line)
        for page in near.pages.values():
            page.break_down("API", line)
    for engine in near.docker.values():
        for container in engine.containers:
            container.last_check = " ".join(LINES)
            container.written += [f"/app/{line}" for line in LINES]
    for railway in near.railway.values():
        for service in railway.platform.services.values():
            railway.platform.deployed(service, f"dead{service.name}", " ".join(LINES), hours=0.1, status="FAILED")
            service.deployments[0].builds += [
                type(entry)(entry.at, f"npm ERR! {line}")
                for entry in service.deployments[0].builds[:1]
                for line in LINES
            ]


async def look_at_everything(house: House, system: str) -> None:
    """Every check of a system, all of its evidence, kept in an incident and shared with the channel."""
    profile = house.demo.bot.ports.catalog.systems[system].profile
    channel = system if system in profile.channels else profile.channel
    said = await house.command(ON_CALL, "/incident declare P1 something is odd", channel)
    number = next(word.strip("*:") for word in said.split() if word.startswith("*INC-"))
    await house.command(NEXT_ON_CALL, f"/diag all {number}", channel)
    report = {**await house.until(lambda: finished(house, profile.name)), "channel": channel}
    await house.click(NEXT_ON_CALL, report, "report:more")
    await house.click(NEXT_ON_CALL, report, "report:share")


async def finished(house: House, name: str) -> dict[str, Any] | None:
    """The whole report on this system, once it is there."""
    shown = [(one, house.words(one)) for one in (await house.state())["ephemerals"].get(NEXT_ON_CALL.id, [])]
    return next((one for one, words in shown if "[Show more]" in words and f"{name} · " in words), None)


async def slack(house: House) -> str:
    """Every call and delivery, every message, private or not, every form."""
    state = (await house.client.get("/control/state?calls=5000")).json()
    return json.dumps(
        {name: part for name, part in state.items() if name not in ("app", "apps", "users")}, ensure_ascii=False
    )


async def record(house: House) -> str:
    """Every key and value of the bot's own Redis."""
    store = house.demo.bot.store
    return " ".join([repr(key) + repr(await value(store, key)) async for key in store.scan_iter("*", count=1000)])


async def value(store: Any, key: Any) -> Any:
    kind = await store.type(key)
    match kind if isinstance(kind, str) else kind.decode():
        case "string":
            return await store.get(key)
        case "hash":
            return await store.hgetall(key)
        case "list":
            return await store.lrange(key, 0, -1)
        case "set":
            return await store.smembers(key)
        case "zset":
            return await store.zrange(key, 0, -1)
        case _:
            return await store.xrange(key)


def credentials(house: House) -> Iterator[str]:
    """What the bot and the emulators know each other by."""
    near = house.demo.world.neighbours
    yield from (one for name, one in house.demo.environ.items() if not name.endswith(NO_SECRETS))
    yield near.mongo.url.partition("root:")[2].partition("@")[0]
    for container in (one for engine in near.docker.values() for one in engine.containers):
        yield from (one for name, one in container.env.items() if name.endswith(("SECRET", "KEY", "PASSWORD", "TOKEN")))
    for railway in near.railway.values():
        for service in railway.platform.services.values():
            yield from (one for name, one in service.variables.items() if name.endswith(("SECRET", "KEY", "PASSWORD")))
