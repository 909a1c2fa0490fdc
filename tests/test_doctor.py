"""`plantao doctor`: looks at a real installation against the sandbox, and says what is wrong and what to do."""

import asyncio
import os
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiohttp import ClientSession, web
from redis.asyncio import Redis

from bot.settings import HERE
from bot.store.embedded import find_binary
from sandbox import slack
from sandbox.demo import environment, open_demo
from sandbox.world.patient import Patient, open_patient

SYSTEM = """
name: Shop
language: en
timezone: UTC
channel: incidents
page_by_hand: {en: Call, pt: Ligue}
roles:
  responder: {title: {en: on-call, pt: plantonista}, members: ["@oncall"]}
rights: {respond: [responder]}
severities:
  P0: {title: {en: down, pt: fora}, acknowledge: 5m}
targets:
  cache: {provider: redis, address: {url: "env:SHOP_REDIS_URL"}}
"""
CHECKS = """
checks:
  ping: {title: {en: answers, pt: responde}, group: redis, target: cache, operation: redis.ping, limit: 3s}
"""
SILENT = "redis://:hunter2@127.0.0.1:1/0"


@dataclass(frozen=True)
class Examination:
    """What the doctor printed: the exit code, and the message and hint of each line by level and id."""

    code: int
    printed: str
    lines: dict[tuple[str, str], list[str]] = field(default_factory=dict)

    def of(self, level: str, id: str) -> str:
        """The lines of one kind, with their hints."""
        return "\n".join(self.lines.get((level, id), []))

    @property
    def failed(self) -> set[str]:
        return {id for level, id in self.lines if level == "fail"}


@dataclass(frozen=True)
class Clinic:
    """A workspace, a Redis for the record, and a catalog of one system; the doctor is called as people call it."""

    slack: slack.Sandbox
    record: Patient
    folder: Path

    def catalog(self, old: str = "", new: str = "") -> None:
        """Write the catalog, with some words changed."""
        shop = self.folder / "catalog" / "shop"
        shop.mkdir(parents=True, exist_ok=True)
        assert old in SYSTEM
        (shop / "system.yml").write_text(SYSTEM.replace(old, new))
        (shop / "checks.yml").write_text(CHECKS)

    async def examine(self, **environ: str) -> Examination:
        """Run the doctor; what is given goes before what works, and an empty value unsets."""
        working = {
            "SLACK_BOT_TOKEN": self.slack.app.bot_token,
            "SLACK_APP_TOKEN": self.slack.app.app_token,
            "SLACK_API_URL": f"{self.slack.url}/api/",
            "REDIS_URL": self.record.url,
            "PLANTAO_DATA": str(self.folder / "data"),
            "PLANTAO_CATALOG": str(self.folder / "catalog"),
            "SHOP_REDIS_URL": SILENT,
        }
        return await doctor({**working, **environ})

    async def fault(self, method: str, error: str) -> None:
        """Let Slack answer one call with an error."""
        async with ClientSession() as session:
            body = {"method": method, "kind": "error", "error": error}
            answer = await session.post(f"{self.slack.url}/control/faults", json=body)
            assert answer.status == 200


async def doctor(environ: dict[str, str]) -> Examination:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "bot", "doctor"),
        env={"PATH": os.environ["PATH"], **{name: value for name, value in environ.items() if value}},
        cwd=HERE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    printed, _ = await process.communicate()
    assert process.returncode is not None
    examination = Examination(process.returncode, printed.decode())
    rows: list[str] = []
    for line in examination.printed.splitlines():
        if line.startswith("      → "):
            rows[-1] += f"\n{line.strip()}"
        elif line.startswith(("ok ", "warn ", "fail ")):
            level, id, message = line.split(maxsplit=2)
            rows = examination.lines.setdefault((level, id), [])
            rows.append(message)
    return examination


def manifest(*without: str) -> dict[str, Any]:
    """The app manifest, lacking some scopes."""
    document: dict[str, Any] = yaml.safe_load((HERE / "manifest.yml").read_text(encoding="utf-8"))
    scopes = document["oauth_config"]["scopes"]
    scopes["bot"] = [scope for scope in scopes["bot"] if scope not in without]
    return document


@asynccontextmanager
async def open_clinic(folder: Path, *without: str, workspace: Path | None = None) -> AsyncIterator[Clinic]:
    async with open_patient(find_binary()) as record, slack.serve(workspace, manifest=manifest(*without)) as served:
        clinic = Clinic(served, record, folder)
        clinic.catalog()
        yield clinic


@pytest.fixture
async def clinic(tmp_path: Path) -> AsyncIterator[Clinic]:
    async with open_clinic(tmp_path) as opened:
        yield opened


@asynccontextmanager
async def redis(patient: Patient) -> AsyncIterator[Redis]:
    client = Redis.from_url(patient.url)
    try:
        yield client
    finally:
        await client.aclose()


async def keep_well(patient: Patient) -> None:
    """Make a Redis fit to keep the record."""
    async with redis(patient) as client:
        await client.config_set("appendonly", "yes")
        await client.config_set("appendfsync", "always")


async def test_a_running_demo_is_found_well_and_no_secret_is_told(tmp_path: Path, data: Path) -> None:
    async with open_demo(data) as demo:
        async with demo.bot.docket.redis() as client:
            await client.hset(demo.bot.docket.key("aside"), "execute:RUN-7:2", "its worker died each time")
        secrets = [demo.slack.app.bot_token, demo.slack.app.app_token, demo.world.kubernetes_token]
        found = await doctor(
            {
                "SLACK_BOT_TOKEN": secrets[0],
                "SLACK_APP_TOKEN": secrets[1],
                "SLACK_API_URL": f"{demo.slack.url}/api/",
                "PLANTAO_DATA": str(data),
                **environment(demo.world),
                "AGENTE_EVIDENCE_FOLDER": str(tmp_path),
            }
        )

    # What the demo has not, such as machines and AWS, is not configured; everything that it has is well.
    assert (found.code, found.failed) == (1, {"target"}), found.printed
    missing = [line for line in found.lines["fail", "target"] if "is not set where the bot runs" not in line]
    assert missing == []
    assert "agente-ia/redis-change: configured; only actions use it" in found.of("ok", "target")
    assert "agente-ia/cluster-evidence: configured; only actions use it" in found.of("ok", "target")
    assert "agente-ia/redis: reachable" in found.of("ok", "target")
    assert "agente-ia/cluster: reachable" in found.of("ok", "target")
    assert found.of("ok", "jobs.workers").startswith("1, last seen")
    assert "execute:RUN-7:2: its worker died each time" in found.of("warn", "jobs.aside")
    assert [secret for secret in secrets if secret in found.printed] == []


async def test_a_revoked_token_is_told_and_the_rest_is_looked_at_nevertheless(clinic: Clinic) -> None:
    await clinic.fault("auth.test", "token_revoked")

    found = await clinic.examine(SHOP_REDIS_URL="")

    assert found.code == 1
    assert "Slack says token_revoked" in found.of("fail", "slack.token")
    assert "→ Copy the Bot User OAuth Token" in found.of("fail", "slack.token")
    assert found.of("ok", "record.reachable") == "Redis answers"
    assert "the variable SHOP_REDIS_URL is not set" in found.of("fail", "target")


async def test_a_system_of_which_nothing_is_configured_is_one_line(clinic: Clinic) -> None:
    shutil.copytree(HERE / "catalog" / "harven", clinic.folder / "catalog" / "harven")

    unused = await clinic.examine()
    begun = await clinic.examine(HARVEN_REDIS_URL=SILENT)

    assert "harven: not in use, none of its 21 targets is configured" in unused.of("warn", "target")
    assert "harven/redis" not in unused.printed
    assert "the variable HARVEN_API_URL is not set" in begun.of("fail", "target")
    assert "not in use" not in begun.printed


async def test_a_slack_that_cannot_be_reached_is_no_wrong_token(clinic: Clinic) -> None:
    found = await clinic.examine(SLACK_API_URL="http://127.0.0.1:1/api/")

    assert "Slack does not answer at http://127.0.0.1:1/api/" in found.of("fail", "slack.token")
    assert "Slack does not answer: ClientConnectorError" in found.of("fail", "slack.app_token")


async def test_a_scope_that_is_missing_is_named_by_the_call_that_needs_it(tmp_path: Path) -> None:
    async with open_clinic(tmp_path, "usergroups:read") as clinic:
        found = await clinic.examine(SLACK_APP_TOKEN="xapp-wrong")

    assert "the scope usergroups:read is missing" in found.of("fail", "slack.group")
    assert "SLACK_APP_TOKEN: Slack says invalid_auth" in found.of("fail", "slack.app_token")


@asynccontextmanager
async def telling_scopes(upstream: str, *scopes: str) -> AsyncIterator[str]:
    """Slack as seen through a relay that adds the header in which it tells what is granted."""

    async def relay(request: web.Request) -> web.Response:
        headers = {name: request.headers[name] for name in ("Authorization", "Content-Type") if name in request.headers}
        url = f"{upstream}{request.path}"
        async with ClientSession() as session, session.post(url, data=await request.read(), headers=headers) as answer:
            body = await answer.read()
            told = {"x-oauth-scopes": ",".join(scopes), "Content-Type": answer.headers["Content-Type"]}
            return web.Response(body=body, status=answer.status, headers=told)

    app = web.Application()
    app.router.add_post("/api/{method}", relay)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/api/"
    finally:
        await runner.cleanup()


async def test_scopes_are_compared_with_those_that_slack_says_are_granted(clinic: Clinic) -> None:
    async with telling_scopes(clinic.slack.url, "chat:write", "commands", "users:read", "channels:read") as url:
        found = await clinic.examine(SLACK_API_URL=url)

    assert "not granted: app_mentions:read, chat:write.public, files:write, usergroups:read" in found.of(
        "fail", "slack.scopes"
    )
    assert "→ Give the app the scopes of manifest.yml" in found.of("fail", "slack.scopes")


@pytest.mark.parametrize(
    ("channel", "level", "told"),
    [
        ("warroom", "fail", "I see no channel #warroom"),
        ("attic", "fail", "#attic is archived"),
        ("general", "ok", "#general is public, so the bot may post there"),
        ("incidents", "ok", "the bot is a member of #incidents"),
    ],
)
async def test_a_channel_is_judged_by_whether_the_bot_may_post_there(
    clinic: Clinic, channel: str, level: str, told: str
) -> None:
    clinic.catalog("channel: incidents", f"channel: {channel}")
    clinic.slack.workspace.channel("alerts").is_archived = True
    clinic.slack.workspace.channel("alerts").name = "attic"

    assert told in (await clinic.examine()).of(level, "slack.channel")


@pytest.mark.parametrize(
    ("channel", "level", "told"),
    [
        ("", "warn", "details are masked everywhere\n→ Set SHOP_RESTRICTED_CHANNEL to the id"),
        ("#security", "fail", "SHOP_RESTRICTED_CHANNEL: not the id of a channel"),
        ("C0INCIDENTS", "fail", "C0INCIDENTS is public, so nothing is shown in full there"),
        ("C0NOWHERE", "warn", "I see no channel C0NOWHERE"),
    ],
)
async def test_a_restricted_channel_that_shows_nothing_in_full_is_told(
    clinic: Clinic, channel: str, level: str, told: str
) -> None:
    clinic.catalog("channel: incidents", "channel: incidents\nrestricted_channel: env:SHOP_RESTRICTED_CHANNEL")

    found = await clinic.examine(SHOP_RESTRICTED_CHANNEL=channel)

    assert told in found.of(level, "slack.restricted")


async def test_roles_that_nobody_holds_are_found(tmp_path: Path) -> None:
    workspace = yaml.safe_load((HERE / "sandbox" / "workspace.yml").read_text(encoding="utf-8"))
    workspace["usergroups"].append({"id": "S0EMPTY", "handle": "empty", "name": "Empty", "users": []})
    file = tmp_path / "workspace.yml"
    file.write_text(yaml.safe_dump(workspace))
    async with open_clinic(tmp_path, workspace=file) as clinic:
        clinic.catalog('["@oncall"]', '["@oncall", "@empty", "@gone", U0ANA, U0NOBODY]')
        found = await clinic.examine()

    assert found.of("ok", "slack.group") == "shop: responder: @oncall has 2"
    assert "nobody is in @empty" in found.of("fail", "slack.group")
    assert "there is no user group @gone" in found.of("fail", "slack.group")
    assert found.of("ok", "slack.person") == "shop: responder: U0ANA is here"
    assert "nobody here has the id U0NOBODY" in found.of("fail", "slack.person")


async def test_http_needs_a_signing_secret_and_no_app_token(clinic: Clinic) -> None:
    found = await clinic.examine(SLACK_APP_TOKEN="", SLACK_SIGNING_SECRET="hunter2")

    assert found.of("ok", "slack.signing_secret").startswith("set;")
    assert ("fail", "slack.app_token") not in found.lines
    assert "hunter2" not in found.printed


async def test_settings_that_are_missing_are_named_before_anything_is_looked_at(clinic: Clinic) -> None:
    found = await clinic.examine(SLACK_BOT_TOKEN="")

    assert (found.code, found.lines) == (2, {})
    assert "SLACK_BOT_TOKEN: Field required" in found.printed


async def test_a_redis_that_forgets_is_no_place_for_the_record(clinic: Clinic) -> None:
    async with redis(clinic.record) as client:
        await client.config_set("maxmemory-policy", "allkeys-lru")

    found = await clinic.examine()

    assert found.code == 1
    assert "the append-only file is off" in found.of("fail", "record.appendonly")
    assert "→ Set `appendonly yes`" in found.of("fail", "record.appendonly")
    assert "everysec: a power cut may cost a second" in found.of("warn", "record.appendfsync")
    assert "allkeys-lru: a full Redis would throw" in found.of("fail", "record.eviction")
    assert found.of("warn", "jobs.workers").startswith("none")


async def test_a_managed_redis_that_hides_its_settings_is_unknown_and_no_failure(clinic: Clinic) -> None:
    await keep_well(clinic.record)
    async with redis(clinic.record) as client:
        await client.acl_setuser("default", enabled=True, nopass=True, commands=["+@all", "-config"], keys=["*"])

    found = await clinic.examine()

    assert "unknown: this Redis does not let the bot read its settings" in found.of("warn", "record.appendfsync")
    assert found.of("ok", "record.eviction") == "noeviction"
    assert found.failed == {"target"}


async def test_a_replica_is_no_place_for_the_record(clinic: Clinic) -> None:
    async with open_patient(find_binary()) as replica, redis(replica) as client:
        await client.replicaof("127.0.0.1", clinic.record.port)
        found = await clinic.examine(REDIS_URL=replica.url, SHOP_REDIS_URL=replica.url)

    assert "this Redis is a replica" in found.of("fail", "record.role")


@pytest.mark.parametrize(
    ("url", "told"),
    [
        (SILENT, "Redis does not answer"),
        ("redis://:hunter2/3@redis:6379/0", "REDIS_URL: not an address that can be used"),
        ("https://:hunter2@redis:6379/0", "REDIS_URL: https scheme"),
    ],
)
async def test_a_record_that_cannot_be_reached_is_told_without_its_password(
    clinic: Clinic, url: str, told: str
) -> None:
    found = await clinic.examine(REDIS_URL=url)

    assert told in found.of("fail", "record.reachable")
    assert "hunter2" not in found.printed


async def test_the_record_must_not_live_in_a_target_whatever_that_is_called(clinic: Clinic) -> None:
    await keep_well(clinic.record)

    same = await clinic.examine(SHOP_REDIS_URL=clinic.record.url.replace("127.0.0.1", "localhost"))
    async with open_patient(find_binary()) as other:
        apart = await clinic.examine(SHOP_REDIS_URL=other.url)

    assert "the bot watches as a target: shop/cache" in same.of("fail", "record.independent")
    assert (same.code, apart.code) == (1, 0)
    assert apart.of("ok", "record.independent") == "no target of the catalog is the Redis of the record"


async def test_a_dead_target_is_told_with_its_reason(clinic: Clinic) -> None:
    found = await clinic.examine()

    assert "shop/cache: Redis at 127.0.0.1:1 cannot be reached" in found.of("fail", "target")
    assert "→ See that it runs" in found.of("fail", "target")


async def test_a_broken_catalog_does_not_hide_the_rest(clinic: Clinic) -> None:
    clinic.catalog("language: en", "language: fr")

    found = await clinic.examine()

    assert "system.yml:3: language" in found.of("fail", "catalog")
    assert found.of("ok", "slack.token") == "the bot token belongs to U0PLANTAO in T0PLANTAO"
    assert found.of("ok", "record.reachable") == "Redis answers"
