"""Connections to the Redis that keeps the record: plain, TLS, unix socket, Sentinel or Cluster."""

from typing import Any, TypeAlias
from urllib.parse import urlsplit

from redis.asyncio import Redis, Sentinel
from redis.asyncio.cluster import RedisCluster
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff

from bot.core.errors import ConfigError

# The stubs of redis-py answer every call with a union over both protocols and both colours of function;
# what our own replies look like is checked by the tests against real servers instead.
Client: TypeAlias = Any

# The whole append has 1.5 s; three quick tries fit into it, the library's default of up to 10 s does not.
RETRY_DELAYS = {"base": 0.02, "cap": 0.2}
RETRIES = 3


def connect(url: str, *, timeout: float = 1.5, connections: int = 64) -> Client:
    """Build a client for a URL such as `redis://`, `rediss://`, `unix://`,
    `redis+sentinel://host:port,host:port/service/db` or `redis+cluster://host:port`; `timeout` in seconds."""
    scheme = urlsplit(url).scheme
    retry = Retry(ExponentialBackoff(**RETRY_DELAYS), RETRIES)
    match scheme:
        case "redis" | "rediss" | "unix":
            return Redis.from_url(
                url, socket_timeout=timeout, socket_connect_timeout=timeout, max_connections=connections, retry=retry
            )
        case "redis+sentinel":
            return _sentinel(url, timeout)
        case "redis+cluster":
            plain = url.replace("redis+cluster://", "redis://", 1)
            return RedisCluster.from_url(plain, socket_timeout=timeout, socket_connect_timeout=timeout)
        case _:
            raise ConfigError(
                f"REDIS_URL: {scheme or 'no'} scheme; use redis, rediss, unix, redis+sentinel or redis+cluster"
            )


def _sentinel(url: str, timeout: float) -> Redis:
    rest = url.removeprefix("redis+sentinel://")
    hosts, _, path = rest.partition("/")
    service, _, database = path.partition("/")
    if not service:
        raise ConfigError("REDIS_URL: redis+sentinel needs the service's name: redis+sentinel://host:26379/mymaster")
    secret, _, addresses = hosts.rpartition("@")
    password = secret.partition(":")[2] or None
    nodes = [(host.partition(":")[0], int(host.partition(":")[2] or 26379)) for host in addresses.split(",")]
    sentinel = Sentinel(  # type: ignore[no-untyped-call]
        nodes, socket_timeout=timeout, socket_connect_timeout=timeout
    )
    master: Redis = sentinel.master_for(service, db=int(database or 0), password=password, socket_timeout=timeout)
    return master


def is_cluster(client: Client) -> bool:
    """Whether the client speaks to a Redis Cluster, where WAIT and pipelines differ."""
    return isinstance(client, RedisCluster)
