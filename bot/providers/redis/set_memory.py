"""More room, or another way to make room: `maxmemory` and its policy, while it runs."""

from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from pydantic import Field
from redis.asyncio import Redis

from bot.core.errors import TargetError, TimedOut, Unreachable
from bot.core.operation import Change, Parameters, Progress
from bot.core.preview import Line, Preview
from bot.core.text import Text, say
from bot.providers.redis.connection import Address, ask, connected, info, number
from bot.providers.redis.identity import Changed, identity, require_same

_LIMIT: Final = 15.0
_MIB: Final = 1024 * 1024
_TIGHT: Final = 0.8  # of the machine's memory: a fork for saving needs room too
Policy: TypeAlias = Literal[
    "noeviction",
    "allkeys-lru",
    "allkeys-lfu",
    "allkeys-random",
    "volatile-lru",
    "volatile-lfu",
    "volatile-random",
    "volatile-ttl",
]


class SetMemory(Parameters):
    """The new limit in MiB, between the catalog's `min` and `max`; without `policy` it stays as it is."""

    maxmemory_mb: float = Field(gt=0)
    policy: Policy | None = None
    min: float = Field(gt=0)
    max: float = Field(gt=0)


@dataclass(frozen=True, slots=True)
class _Setting:
    """`size` in bytes; 0 is no limit."""

    size: int
    policy: str

    @property
    def words(self) -> str:
        return f"{self.size / _MIB:g} MB" if self.size else "∞"


async def _preview(address: Address, wanted: SetMemory) -> Preview:
    async with connected(address) as client:
        state = await identity(client)
        now = await _setting(client)
        fields = await info(client, "memory")
    after = _Setting(round(wanted.maxmemory_mb * _MIB), wanted.policy or now.policy)
    used, total = number(fields, "used_memory"), fields.get("total_system_memory") or None
    _require_sensible(wanted, now, after, used, total)
    undo = _undo(wanted, now)
    return Preview(
        lines=(
            Line(say("Memory limit"), now.words, after.words),
            Line(say("Eviction policy"), now.policy, after.policy),
        ),
        state={**state, "maxmemory": str(now.size), "policy": now.policy},
        arguments={
            "maxmemory_mb": repr(wanted.maxmemory_mb),
            "policy": after.policy,
            "min": repr(wanted.min),
            "max": repr(wanted.max),
        },
        warnings=tuple(_warnings(now, after, total, bool(undo))),
        undo=undo,
    )


def _require_sensible(wanted: SetMemory, now: _Setting, after: _Setting, used: float, total: float | None) -> None:
    if not wanted.min <= wanted.maxmemory_mb <= wanted.max:
        raise TargetError(
            "Refused: {wanted} MB is outside of what is allowed, {min} to {max} MB.",
            wanted=f"{wanted.maxmemory_mb:g}",
            min=f"{wanted.min:g}",
            max=f"{wanted.max:g}",
        )
    if after == now:
        raise TargetError("Nothing to do: it is {size} with {policy} already.", size=now.words, policy=now.policy)
    if after.size < used:
        raise TargetError(
            "Refused: {used} MB are in use; a limit of {wanted} MB would throw out keys, or refuse writes, at once.",
            used=round(used / _MIB, 1),
            wanted=f"{wanted.maxmemory_mb:g}",
        )
    if total is not None and after.size > total:
        raise TargetError(
            "Refused: the machine has only {total} MB; the kernel would kill Redis before it reaches {wanted} MB.",
            total=round(total / _MIB),
            wanted=f"{wanted.maxmemory_mb:g}",
        )


def _warnings(now: _Setting, after: _Setting, total: float | None, is_undoable: bool) -> list[Text]:
    found = [say("It holds until Redis restarts; change its configuration too, or the old limit comes back.")]
    if total is not None and after.size > _TIGHT * total:
        found.append(say("That is more than {percent}% of the machine's memory.", percent=round(100 * _TIGHT)))
    if after.policy != now.policy and after.policy.startswith("allkeys"):
        found.append(say("With {policy} Redis may throw out any key: queues and sessions too.", policy=after.policy))
    if not is_undoable:
        found.append(
            say("The limit of now ({size}) is outside the allowed range: no button undoes it.", size=now.words)
        )
    return found


def _undo(wanted: SetMemory, now: _Setting) -> dict[str, str]:
    size = now.size / _MIB
    if not wanted.min <= size <= wanted.max:
        return {}
    return {"maxmemory_mb": repr(size), "policy": now.policy, "min": repr(wanted.min), "max": repr(wanted.max)}


async def _execute(address: Address, _: SetMemory, preview: Preview, progress: Progress) -> Text:
    wanted = SetMemory.model_validate(dict(preview.arguments))
    after = _Setting(round(wanted.maxmemory_mb * _MIB), str(wanted.policy))
    before = _Setting(int(preview.state["maxmemory"]), preview.state["policy"])
    async with connected(address) as client:
        await require_same(client, preview.state)
        now = await _setting(client)
    if now != before:
        raise Changed("The limit is {size} with {policy} now; nothing was done.", size=now.words, policy=now.policy)
    await progress(say("setting the limit to {size}", size=after.words))
    try:
        async with connected(address) as client:
            await _set(client, now, after)
    except (Unreachable, TimedOut) as error:
        found = await _look(address, error)
    except TargetError as error:
        found = await _look(address, error)
        if found == now:
            raise
        raise TargetError(
            "Only a part is done: the limit is {size} with {policy} now. {reason}",
            size=found.words,
            policy=found.policy,
            reason=error.text,
        ) from error
    else:
        found = await _look(address, None)
    if found != after:
        raise TargetError(
            "It was sent, but the limit is {size} with {policy} now.", size=found.words, policy=found.policy
        )
    return say("the limit is {size} with {policy}", size=after.words, policy=after.policy)


async def _set(client: Redis, now: _Setting, after: _Setting) -> None:
    """Two commands: before version 7 Redis takes only one pair in each."""
    if after.policy != now.policy:
        await ask(client, "CONFIG", "SET", "maxmemory-policy", after.policy)
    if after.size != now.size:
        await ask(client, "CONFIG", "SET", "maxmemory", after.size)


async def _look(address: Address, lost: Exception | None) -> _Setting:
    try:
        async with connected(address) as client:
            return await _setting(client)
    except (Unreachable, TimedOut) as error:
        raise Unreachable("The connection broke while the limit was being set; whether it was is not known.") from (
            lost or error
        )


async def _setting(client: Redis) -> _Setting:
    values: dict[str, Any] = {}
    for name in ("maxmemory", "maxmemory-policy"):
        answer = await ask(client, "CONFIG", "GET", name)
        values.update(answer if isinstance(answer, dict) else dict(zip(answer[::2], answer[1::2], strict=False)))
    try:
        return _Setting(int(values["maxmemory"]), str(values["maxmemory-policy"]))
    except (KeyError, ValueError) as error:
        raise TargetError("This Redis does not show its configuration; a managed one hides it.") from error


SET_MEMORY = Change("redis.set_memory", Address, SetMemory, _LIMIT, _preview, _execute)
