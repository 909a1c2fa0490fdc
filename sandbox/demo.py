"""The demo: the emulated Slack, the small world, and the real bot between them, opened through its own wiring."""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import uvicorn
import yaml
from pydantic import SecretStr

from bot.catalog.load import load
from bot.settings import HERE, Settings
from bot.store.embedded import find_binary
from bot.wiring import Bot, Parts, open_bot
from sandbox import slack
from sandbox.environment import environment
from sandbox.world import World, open_world

PAGE = Path(__file__).parent / "page"


class SandboxClock:
    """The bot's clock, moved together with the sandbox's."""

    def __init__(self, clock: slack.Clock) -> None:
        self._clock = clock

    def now(self) -> datetime:
        """The present moment of the sandbox in UTC."""
        return datetime.fromtimestamp(self._clock.now(), UTC)


@dataclass(frozen=True)
class Demo:
    """Everything that runs in a demo."""

    slack: slack.Sandbox
    world: World
    bot: Bot
    environ: Mapping[str, str]


@asynccontextmanager
async def open_demo(
    data: Path,
    *,
    port: int = 0,
    http: bool = False,
    pace: float = 0.7,
    strict_rates: bool = True,
    environ: Mapping[str, str] | None = None,
    catalog: Path | None = None,
    drain: float = Parts.drain,
    record_limit: float = Parts.record_limit,
) -> AsyncIterator[Demo]:
    """Open a demo; `http` lets Slack deliver over signed HTTP instead of Socket Mode, `pace` is seconds per pod,
    `environ` replaces some of what the catalog's references find, `catalog` is a folder other than the product's,
    `drain` and `record_limit` are those of the bot's parts. Without `strict_rates` Slack limits nothing, and the bot
    posts without a pause.
    """
    manifest = yaml.safe_load((HERE / "manifest.yml").read_text(encoding="utf-8"))
    async with AsyncExitStack() as stack:
        workspace = await stack.enter_async_context(
            slack.serve(manifest=manifest, port=port, page=PAGE, strict_rates=strict_rates)
        )
        world = await stack.enter_async_context(open_world(redis_binary=find_binary(), pace=pace))
        settings = demo_settings(workspace, data)
        if catalog is not None:
            settings = settings.model_copy(update={"plantao_catalog": catalog})
        evidence = data / "evidence"
        evidence.mkdir(parents=True, exist_ok=True)
        known = {**environment(world), "AGENTE_EVIDENCE_FOLDER": str(evidence), **(environ or {})}
        read = _read_once(settings.plantao_catalog)
        parts = Parts(SandboxClock(workspace.clock), known, read, strict_rates, drain, record_limit)
        bot = await stack.enter_async_context(open_bot(settings, parts))
        await stack.enter_async_context(bot.working())
        if http:
            url = await stack.enter_async_context(serve_http(bot))
            workspace.app.request_url = f"{url}/slack/events"
        else:
            await stack.enter_async_context(bot.socket())
        stack.callback(workspace.clock.on_advance(lambda _: bot.desk.errands.start(bot.sweep())))
        yield Demo(workspace, world, bot, known)


# Reading the five systems takes a quarter of a second, and tests open hundreds of demos.
_read_once = cache(load)


def demo_settings(workspace: slack.Sandbox, data: Path) -> Settings:
    """Settings that point the bot at the sandbox."""
    return Settings(
        slack_bot_token=SecretStr(workspace.app.bot_token),
        slack_app_token=SecretStr(workspace.app.app_token),
        slack_signing_secret=SecretStr(workspace.app.signing_secret),
        slack_api_url=f"{workspace.url}/api/",
        redis_url=None,  # the environment may name the record of a real installation
        plantao_data=data,
    )


@asynccontextmanager
async def serve_http(bot: Bot, port: int = 0) -> AsyncIterator[str]:
    """The bot's HTTP application on a loopback port, until the block ends."""
    config = uvicorn.Config(bot.web(), host="127.0.0.1", port=port, log_config=None, lifespan="off")
    server = uvicorn.Server(config)
    listening = config.bind_socket()
    # asyncio does so itself only where a socket names its protocol; otherwise a body waits 40 ms behind its headers.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    task = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        await task
        listening.close()
