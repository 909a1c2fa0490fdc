"""Does it answer, how fast, and how many connections are left."""

from statistics import median
from time import perf_counter
from typing import Any, Final

from pydantic import Field
from pymongo.errors import OperationFailure

from bot.core.findings import Measurement, Reading
from bot.core.operation import Parameters, Read
from bot.core.text import say
from bot.providers.mongodb.address import Address
from bot.providers.mongodb.connection import ANSWER_MS, LIMIT, Client, ask, connected, in_thread, is_forbidden

_ROUNDS: Final = 3
_APPLICATIONS: Final = 1000
_BY_APPLICATION: Final[list[dict[str, Any]]] = [
    {"$currentOp": {"allUsers": True, "idleConnections": True, "idleSessions": False}},
    {"$match": {"connectionId": {"$exists": True}}},
    {"$group": {"_id": "$appName", "connections": {"$sum": 1}}},
]
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


class Connections(Parameters):
    """`app` is what the application calls itself when it connects (`appName`): then those of all others are counted."""

    app: str = Field("", pattern=r"^[\w .:/-]{0,128}$")


def _connections(address: Address, wanted: Connections) -> Reading:
    with connected(address, _STATUS) as client:
        status = ask(client, "admin", "serverStatus", repl=0, metrics=0, locks=0)
        others = (_others(client, wanted.app),) if wanted.app else ()
    figures = status.get("connections")
    current = figures.get("current") if isinstance(figures, dict) else None
    available = figures.get("available") if isinstance(figures, dict) else None
    if not isinstance(current, int) or not isinstance(available, int):
        hidden = say("this MongoDB does not report its connections")
        names = (("current", ""), ("available", ""), ("limit", ""), ("used_percent", "%"))
        return Reading(hidden, (*(Measurement(name, None, unit, hidden) for name, unit in names), *others))
    percent = round(100 * current / max(current + available, 1), 1)
    return Reading(
        say("{current} of {limit} connections in use", current=current, limit=current + available),
        (
            Measurement("current", current),
            Measurement("available", available),
            Measurement("limit", current + available),
            Measurement("used_percent", percent, "%"),
            *others,
        ),
    )


def _others(client: Client, app: str) -> Measurement:
    """The connections of everybody else, idle ones too; not known where nobody goes by this name."""
    try:
        cursor = client["admin"].aggregate(_BY_APPLICATION, maxTimeMS=ANSWER_MS)
        held = {one["_id"]: int(one["connections"]) for one in cursor.to_list(_APPLICATIONS)}
    except OperationFailure as error:
        untold = say("this MongoDB does not tell whose connections they are")
        denied = say("MongoDB does not tell whose connections they are. Grant `inprog` (role `clusterMonitor`).")
        return Measurement("others", None, missing=denied if is_forbidden(error) else untold)
    if app not in held:
        nobody = say("no connection calls itself {app}: give the application this `appName`", app=app)
        return Measurement("others", None, missing=nobody)
    return Measurement("others", sum(held.values()) - held[app])


PING = Read("mongodb.ping", Address, Parameters, LIMIT, in_thread(_ping))
CONNECTIONS = Read("mongodb.connections", Address, Connections, LIMIT, in_thread(_connections))
