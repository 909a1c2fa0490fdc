"""Running the bot against Slack: Socket Mode, HTTP or both, with or without the background work."""

import asyncio
from contextlib import AsyncExitStack

import structlog
import uvicorn

from bot.logs import configure
from bot.settings import Settings, read_settings
from bot.wiring import Bot, open_bot

log = structlog.get_logger()


async def run(*, worker: bool = True) -> None:
    """Answer Slack until cancelled; with `worker`, do the background work in the same process."""
    settings = read_settings()
    configure(settings.log_level)
    async with AsyncExitStack() as stack:
        bot = await stack.enter_async_context(open_bot(settings))
        if worker:
            await stack.enter_async_context(bot.working())
        if settings.slack_app_token is not None:
            await stack.enter_async_context(bot.socket())
        log.info("bot.ready", socket=settings.slack_app_token is not None, worker=worker)
        if settings.slack_signing_secret is not None:
            await _http(bot, settings)
        else:
            await asyncio.Event().wait()


async def work() -> None:
    """Do the background work until cancelled."""
    settings = read_settings()
    configure(settings.log_level)
    async with open_bot(settings) as bot, bot.working():
        log.info("worker.ready")
        await asyncio.Event().wait()


async def _http(bot: Bot, settings: Settings) -> None:
    config = uvicorn.Config(bot.web(), host=settings.host, port=settings.port, log_config=None, lifespan="off")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server._serve())
    try:
        await asyncio.shield(serving)
    finally:
        server.should_exit = True
        await serving
