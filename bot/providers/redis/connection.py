"""One bounded connection to the patient, and what its refusals mean."""

import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final
from urllib.parse import urlsplit

from pydantic import ConfigDict, SecretStr, field_validator
from redis import exceptions as vendor
from redis.asyncio import Redis
from redis.asyncio.connection import parse_url
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from bot.core.errors import Denied, TargetError, TimedOut, Unreachable
from bot.core.operation import Parameters

LIMIT: Final = 3.0
_CONNECT_LIMIT: Final = 1.2
_ANSWER_LIMIT: Final = 1.5
_FORBIDDEN_COMMAND = re.compile(r"'([\w|.-]+)' command")


class Address(Parameters):
    """Where the Redis is: `redis://`, `rediss://` (TLS) or `unix://`, with user and password if it wants them."""

    # Without it pydantic quotes the whole URL in its error.
    model_config = ConfigDict(hide_input_in_errors=True)

    url: SecretStr

    @field_validator("url")
    @classmethod
    def _is_redis_url(cls, url: SecretStr) -> SecretStr:
        try:
            parse_url(url.get_secret_value())
        except ValueError:
            # The vendor's message can quote a part of the password.
            raise ValueError(
                "not a Redis URL such as redis://user:password@host:6379/0 (a password with / # ? or @ must be "
                "percent-encoded)"
            ) from None
        return url


@asynccontextmanager
async def connected(address: Address, odd_bytes: str = "replace") -> AsyncIterator[Redis]:
    """A client of one connection without retries; vendor errors leave this block as ours.

    Who sends back names that Redis told wants `odd_bytes="surrogateescape"`, which loses nothing.
    """
    client = Redis.from_url(
        address.url.get_secret_value(),
        single_connection_client=True,
        socket_connect_timeout=_CONNECT_LIMIT,
        socket_timeout=_ANSWER_LIMIT,
        retry=Retry(NoBackoff(), 0),
        # Neither HELLO nor CLIENT SETINFO: a user that may only INFO is refused both.
        protocol=2,
        driver_info=None,
        decode_responses=True,
        encoding_errors=odd_bytes,
    )
    try:
        yield client
    except (vendor.RedisError, OSError) as error:
        raise _translated(error, address) from error
    finally:
        await client.aclose()


async def ask(client: Redis, *words: str | int) -> Any:
    """The answer to one command; what type it has is the vendor's secret."""
    return await client.execute_command(*words)  # type: ignore[no-untyped-call]


async def info(client: Redis, section: str) -> dict[str, Any]:
    """One section of INFO; sections are asked one by one, since Redis before 7 takes only one."""
    fields: dict[str, Any] = await ask(client, "INFO", section)
    return fields


def number(fields: dict[str, Any], name: str) -> float:
    """A field of INFO that every Redis has; its absence means that something else answered."""
    value = fields.get(name)
    if not isinstance(value, int | float):
        raise TargetError("Redis did not report `{field}`; it may be a proxy that hides INFO.", field=name)
    return value


def _translated(error: Exception, address: Address) -> TargetError:
    where, user = _named(address)
    words = str(error)
    match error:
        case vendor.AuthenticationError():
            return Denied(
                "Redis at {where} refuses the user `{user}` or its password. Check the secret behind this target.",
                where=where,
                user=user,
            )
        case vendor.NoPermissionError():
            return _no_permission(words, user)
        case vendor.BusyLoadingError():
            return TargetError("Redis at {where} has restarted and is still loading its data.", where=where)
        case vendor.TimeoutError():
            return TimedOut(
                "Redis at {where} did not answer within {seconds} s.",
                where=where,
                seconds=_CONNECT_LIMIT if "connecting" in words else _ANSWER_LIMIT,
            )
        case vendor.ResponseError():
            return _refused(words, where)
        case _:
            return _broken(error, where)


def _no_permission(words: str, user: str) -> Denied:
    found = _FORBIDDEN_COMMAND.search(words)
    if found is None and "access" in words and "key" in words:
        return Denied(
            "Redis does not let the user `{user}` touch these keys. Grant it their prefix: `ACL SETUSER {user} ~…:*`",
            user=user,
        )
    if found is None:
        return Denied(
            "Redis does not let the user `{user}` read its state. Grant it INFO, PING and SLOWLOG.", user=user
        )
    return Denied(
        "Redis does not let the user `{user}` run `{command}`. Grant it: `ACL SETUSER {user} +{command}`",
        user=user,
        command=found[1],
    )


def _refused(words: str, where: str) -> TargetError:
    if words.startswith("BUSY"):
        return TargetError(
            "Redis at {where} is stuck in a script. `SCRIPT KILL` ends it if it has not written anything yet.",
            where=where,
        )
    if words.startswith("READONLY"):
        return TargetError("Redis at {where} is a replica and takes no changes; name its primary.", where=where)
    if words.startswith("unknown command"):
        return TargetError("Redis at {where} does not know this command; a managed Redis may hide it.", where=where)
    return TargetError("Redis at {where} answered with an error ({code}).", where=where, code=words.split(" ")[0])


def _broken(error: Exception, where: str) -> TargetError:
    if "max number of clients" in str(error):
        return TargetError("Redis at {where} accepts no more connections: `maxclients` is reached.", where=where)
    if isinstance(error.__context__, ssl.SSLError):
        return Unreachable(
            "Redis at {where} could not agree on TLS: {reason}.",
            where=where,
            reason=error.__context__.reason or type(error.__context__).__name__,
        )
    return Unreachable(
        "Redis at {where} cannot be reached: nothing listens there or the connection broke.", where=where
    )


def _named(address: Address) -> tuple[str, str]:
    """Host and user for messages; never the password."""
    parts = urlsplit(address.url.get_secret_value())
    where = f"{parts.hostname}:{parts.port or 6379}" if parts.hostname else parts.path or "localhost:6379"
    return where, parts.username or "default"
