"""Connections to the Redis that keeps the record: plain, TLS, unix socket, Sentinel or Cluster."""

from typing import Any, TypeAlias
from urllib.parse import SplitResult, parse_qsl, unquote, urlencode, urlsplit

from redis.asyncio import BlockingConnectionPool, Redis, Sentinel
from redis.asyncio.cluster import RedisCluster
from redis.asyncio.connection import parse_url
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisClusterException

from bot.core.errors import ConfigError

# The stubs of redis-py answer every call with a union over both protocols and both colours of function;
# what our own replies look like is checked by the tests against real servers instead.
Client: TypeAlias = Any

# An answer that got lost is asked for again inside the 1.5 s of an append: three tries of 0.4 s and the pauses
# between them fit, the library's defaults of 5 s each and pauses of up to 10 s do not.
ANSWER_LIMIT = 0.4
RETRY_DELAYS = {"base": 0.02, "cap": 0.2}
RETRIES = 3

# Only the plain pool makes callers queue for a connection; those of Sentinel and Cluster refuse, so they get room.
QUEUED = 64
UNQUEUED = 1000

# All our keys share one slot, so one MOVED puts everything right; after five redis-py would cut off all callers.
ONE_SLOT = {"reinitialize_steps": 0}


def connect(url: str, *, timeout: float = ANSWER_LIMIT) -> Client:
    """Build a client for a URL such as `redis://`, `unix://`, `redis+sentinel://host:port,host:port/service/db` or
    `redis+cluster://host:port`, with `rediss` for TLS; `timeout` is in seconds, for each connect and each answer.

    Options of redis-py may follow, as in `rediss://host?ssl_ca_certs=/etc/ssl/ours.pem`. Raises ConfigError.
    """
    parts = urlsplit(url)
    options: dict[str, Any] = {
        "socket_timeout": timeout,
        "socket_connect_timeout": timeout,
        "retry": Retry(ExponentialBackoff(**RETRY_DELAYS), RETRIES),
    }
    try:
        match parts.scheme:
            case "redis" | "rediss" | "unix":
                pool = BlockingConnectionPool.from_url(url, **{"max_connections": QUEUED, "timeout": timeout} | options)
                return Redis.from_pool(pool)
            case "redis+sentinel" | "rediss+sentinel":
                return _sentinel(parts, options)
            case "redis+cluster" | "rediss+cluster":
                plain = parts._replace(scheme=parts.scheme.removesuffix("+cluster")).geturl()
                return _Cluster.from_url(plain, **{"max_connections": UNQUEUED, **ONE_SLOT} | options)
    except (ValueError, RedisClusterException) as error:
        # What redis-py says about a malformed address quotes it, and with it perhaps a part of the password.
        raise ConfigError("REDIS_URL: not an address that can be used; see .env.example for the forms") from error
    raise ConfigError(
        f"REDIS_URL: {parts.scheme or 'no'} scheme; use redis, rediss, unix, redis+sentinel or redis+cluster"
    )


def is_cluster(client: Client) -> bool:
    """Whether the client speaks to a Redis Cluster, where WAIT and pipelines differ."""
    return isinstance(client, RedisCluster)


class _Cluster(RedisCluster):
    """A cluster of which nobody answers is, in redis-py, not even a RedisError; here it is a broken connection."""

    async def execute_command(self, *args: Any, **kwargs: Any) -> Any:
        try:
            # A command that comes before the slots are known would go to any node (seen with redis-py 8.1).
            await self.initialize()
            return await super().execute_command(*args, **kwargs)
        except RedisClusterException as error:
            raise RedisConnectionError(str(error)) from error


class _Watched(Redis):
    """The client of a master; closing it closes what redis-py leaves open, the connections to the sentinels."""

    async def aclose(self, close_connection_pool: bool | None = None) -> None:
        await super().aclose(close_connection_pool)
        pool: Any = self.connection_pool
        for sentinel in pool.sentinel_manager.sentinels:
            await sentinel.aclose()


def _sentinel(parts: SplitResult, options: dict[str, Any]) -> Redis:
    """The same grammar as docket's, which gets the same URL: sentinels have credentials of their own in the query."""
    service, _, database = parts.path.strip("/").partition("/")
    if not service:
        raise ConfigError("REDIS_URL: redis+sentinel needs the service's name: redis+sentinel://host:26379/mymaster")
    query = dict(parse_qsl(parts.query))
    secrets = {name: query.pop(f"sentinel_{name}", None) for name in ("username", "password")}
    typed = dict(parse_url(f"redis:///?{urlencode(query)}"))
    encrypted = {"ssl": True} if parts.scheme == "rediss+sentinel" else {}
    trust = {name: value for name, value in typed.items() if name.startswith("ssl_")} if encrypted else {}
    sentinel = Sentinel(  # type: ignore[no-untyped-call]
        [_address(host) for host in parts.netloc.rpartition("@")[2].split(",")],
        sentinel_kwargs={"max_connections": UNQUEUED, **options, **secrets, **encrypted, **trust},
    )
    credentials = {"username": unquote(parts.username or "") or None, "password": unquote(parts.password or "") or None}
    given = {"max_connections": UNQUEUED, **options, **typed, **credentials, **encrypted}
    master: Redis = sentinel.master_for(service, _Watched, db=int(database or 0), **given)
    return master


def _address(host: str) -> tuple[str, int]:
    address = urlsplit(f"//{host}")
    if not address.hostname:
        raise ConfigError("REDIS_URL: a sentinel has no host name")
    return address.hostname, address.port or 26379
