"""Does it answer, how fast, and how many connections are left."""

from statistics import median
from time import perf_counter
from typing import Final

from bot.core.findings import Measurement, Reading
from bot.core.operation import Parameters, Read
from bot.core.text import say
from bot.providers.mongodb.address import Address
from bot.providers.mongodb.connection import LIMIT, Client, ask, connected, in_thread

_ROUNDS: Final = 3
_LOGIN: Final = say("the right to log in to this database")
_STATUS: Final = say("`serverStatus` on the cluster (role `clusterMonitor`)")


def _ping(address: Address, _: Parameters) -> Reading:
    with connected(address, _LOGIN) as client:
        ask(client, "admin", "ping")  # pays for connection and login
        latency = round(median([_round_trip(client) for _ in range(_ROUNDS)]), 2)
    return Reading(say("answers in {latency} ms", latency=latency), (Measurement("latency_ms", latency, "ms"),))


def _round_trip(client: Client) -> float:
    begun = perf_counter()
    ask(client, "admin", "ping")
    return (perf_counter() - begun) * 1000


def _connections(address: Address, _: Parameters) -> Reading:
    with connected(address, _STATUS) as client:
        status = ask(client, "admin", "serverStatus", repl=0, metrics=0, locks=0)
    figures = status.get("connections")
    current = figures.get("current") if isinstance(figures, dict) else None
    available = figures.get("available") if isinstance(figures, dict) else None
    if not isinstance(current, int) or not isinstance(available, int):
        hidden = say("this MongoDB does not report its connections")
        names = (("current", ""), ("available", ""), ("used_percent", "%"))
        return Reading(hidden, tuple(Measurement(name, None, unit, hidden) for name, unit in names))
    percent = round(100 * current / max(current + available, 1), 1)
    return Reading(
        say("{current} of {limit} connections in use", current=current, limit=current + available),
        (
            Measurement("current", current),
            Measurement("available", available),
            Measurement("used_percent", percent, "%"),
        ),
    )


PING = Read("mongodb.ping", Address, Parameters, LIMIT, in_thread(_ping))
CONNECTIONS = Read("mongodb.connections", Address, Parameters, LIMIT, in_thread(_connections))
