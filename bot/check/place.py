"""Where the record of this installation is, for the commands that look at it from outside."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pydantic import SecretStr, ValidationError
from redis.exceptions import RedisError

from bot.core.errors import ConfigError
from bot.logs import configure
from bot.settings import Settings
from bot.store.connect import Client, connect
from bot.store.visit import visited

READ_LIMIT = 10.0  # seconds for one answer; a long stream may take a moment


def settings_without_slack() -> Settings:
    """The settings, of which nothing calls Slack; raises ConfigError naming what is wrong."""
    try:
        return Settings(slack_bot_token=SecretStr("never used"))
    except ValidationError as error:
        wrong = [f"{str(detail['loc'][0]).upper()}: {detail['msg']}" for detail in error.errors(include_input=False)]
        raise ConfigError("\n".join(wrong)) from error


@asynccontextmanager
async def record_of(settings: Settings) -> AsyncIterator[Client]:
    """A connection to the record, also while a bot runs on it; raises ConfigError where it cannot be read."""
    configure("error")
    url = settings.redis_url.get_secret_value() if settings.redis_url else None
    if url is None and not settings.plantao_data.is_dir():
        raise ConfigError(f"PLANTAO_DATA: there is no folder {settings.plantao_data}, and REDIS_URL is not set")
    async with visited(url, settings.plantao_data) as address:
        client = connect(address, timeout=READ_LIMIT)
        try:
            yield client
        except (RedisError, OSError) as error:
            raise ConfigError(
                f"the record cannot be read: {type(error).__name__}; `plantao doctor` says more"
            ) from error
        finally:
            await client.aclose()
