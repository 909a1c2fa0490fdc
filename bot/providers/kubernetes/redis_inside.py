"""A few fixed questions to Redis from inside its own pod, for when it cannot be reached from outside."""

from typing import Final, Literal, Self

from pydantic import Field, model_validator

from bot.core.errors import Denied, TargetError
from bot.core.findings import Measurement, Reading
from bot.core.operation import Read
from bot.core.text import say
from bot.providers.kubernetes.address import NAME, Address
from bot.providers.kubernetes.cluster import opened
from bot.providers.kubernetes.inside import Answer, NoProgram, ask_inside
from bot.providers.kubernetes.selection import Wanted, pods_of, running_one

LIMIT: Final = 15.0
_FIGURES: Final = {
    "used_memory_mb": "used_memory",
    "connected_clients": "connected_clients",
    "evicted_keys": "evicted_keys",
    "rejected_connections": "rejected_connections",
}
_NAMES: Final = {
    "PING": ("answers",),
    "DBSIZE": ("answers", "keys"),
    "LLEN": ("answers", "length"),
    "INFO": ("answers", *_FIGURES, "hit_rate_percent"),
}


class RedisWanted(Wanted):
    """In which pods (the first one that runs is asked), and which of the commands that only read; LLEN takes a key."""

    command: Literal["PING", "INFO", "DBSIZE", "LLEN"] = "PING"
    key: str = Field("", max_length=200, pattern=r"^$|^[\w:.{}/][\w:.{}/-]*$")
    container: str = Field("", pattern=f"{NAME}|^$")

    @model_validator(mode="after")
    def _has_its_key(self) -> Self:
        if bool(self.key) != (self.command == "LLEN"):
            raise ValueError("LLEN takes a key, the other commands take none")
        return self


async def _read(address: Address, wanted: RedisWanted) -> Reading:
    # `--` does not exist for redis-cli; a key can therefore not begin with a dash.
    argv = ("redis-cli", wanted.command, *([wanted.key] if wanted.key else []))
    async with opened(address) as cluster:
        pod = running_one(await pods_of(cluster, wanted))
        try:
            answer = await ask_inside(cluster, pod, wanted.container, argv)
        except NoProgram as error:
            return Reading(error.text, tuple(Measurement(one, None, "", error.text) for one in _NAMES[wanted.command]))
    return _told(pod["metadata"]["name"], wanted, answer)


def _told(pod: str, wanted: RedisWanted, answer: Answer) -> Reading:
    said = answer.out.strip() or answer.complaint.strip()
    if said.startswith("Could not connect"):
        reason = say("Redis in {pod} does not answer", pod=pod)
        rest = (Measurement(name, None, "", reason) for name in _NAMES[wanted.command][1:])
        return Reading(reason, (Measurement("answers", False), *rest))
    if said.startswith(("NOAUTH", "NOPERM", "WRONGPASS")):
        raise Denied(
            "Redis in {pod} wants a password. Set `REDISCLI_AUTH` in its container, or use a `redis` target.", pod=pod
        )
    if wanted.command == "INFO" and "used_memory:" in said:
        return _info(pod, said)
    figure = said.removeprefix("(integer) ")
    if wanted.command == "PING" and said == "PONG":
        return Reading(say("Redis in {pod} answers", pod=pod), (Measurement("answers", True),))
    if wanted.command in ("LLEN", "DBSIZE") and figure.isdigit():
        name = "length" if wanted.command == "LLEN" else "keys"
        what = wanted.key or "DBSIZE"
        summary = say("{what} in {pod}: {count}", what=what, pod=pod, count=int(figure))
        return Reading(summary, (Measurement("answers", True), Measurement(name, int(figure))))
    raise TargetError("Redis in {pod} answered: {reason}", pod=pod, reason=answer.short_complaint or "-")


def _info(pod: str, text: str) -> Reading:
    fields = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    figures = {name: _number(fields, field) for name, field in _FIGURES.items()}
    memory = figures["used_memory_mb"]
    figures["used_memory_mb"] = None if memory is None else round(memory / 1024**2, 1)
    hits, misses = _number(fields, "keyspace_hits") or 0.0, _number(fields, "keyspace_misses") or 0.0
    figures["hit_rate_percent"] = round(100 * hits / (hits + misses), 1) if hits + misses else None
    unreported = say("this Redis does not report it")
    measured = (Measurement(name, one, "", unreported if one is None else None) for name, one in figures.items())
    return Reading(
        say(
            "Redis in {pod}: {memory} MiB used, {clients} clients",
            pod=pod,
            memory=figures["used_memory_mb"] or 0,
            clients=round(figures["connected_clients"] or 0),
        ),
        (Measurement("answers", True), *measured),
    )


def _number(fields: dict[str, str], name: str) -> float | None:
    text = fields.get(name, "").strip()
    return float(text) if text.isdigit() else None


REDIS = Read("kubernetes.redis", Address, RedisWanted, LIMIT, _read)
