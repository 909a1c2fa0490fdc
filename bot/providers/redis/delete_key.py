"""Deleting one key by its exact name, under an allowed prefix."""

from typing import Final

from pydantic import Field
from redis.asyncio import Redis

from bot.core.errors import TargetError, TimedOut, Unreachable
from bot.core.operation import Change, Progress
from bot.core.preview import Line, Preview
from bot.core.text import Text, say
from bot.providers.redis.allowed import Guarded, require_key
from bot.providers.redis.connection import Address, ask, connected
from bot.providers.redis.identity import Changed, identity, require_same
from bot.providers.redis.keys import shown

_LIMIT: Final = 10.0


class DeleteKey(Guarded):
    """Which key."""

    key: str = Field(min_length=1, max_length=500)


async def _preview(address: Address, wanted: DeleteKey) -> Preview:
    require_key(wanted.key, wanted.prefixes)
    async with connected(address) as client:
        state = await identity(client)
        kind = str(await ask(client, "TYPE", wanted.key))
        ttl = int(await ask(client, "TTL", wanted.key))
    name = shown(wanted.key)
    if kind == "none":
        raise TargetError("Nothing to do: {key} does not exist.", key=name)
    return Preview(
        lines=(
            Line(say("Key {key}", key=name), kind, "—"),
            Line(say("Expires by itself in"), f"{ttl} s" if ttl >= 0 else "∞", "—"),
        ),
        state={**state, "type": kind},
        arguments={"key": wanted.key, "prefixes": " ".join(wanted.prefixes)},
        warnings=(say("Nothing brings the deleted key back."),),
    )


async def _execute(address: Address, _: DeleteKey, preview: Preview, progress: Progress) -> Text:
    wanted = DeleteKey.model_validate(dict(preview.arguments))
    require_key(wanted.key, wanted.prefixes)
    async with connected(address) as client:
        await require_same(client, preview.state)
    name = shown(wanted.key)
    await progress(say("deleting {key}", key=name))
    try:
        async with connected(address) as client:
            deleted = await _unlink(client, wanted.key, preview.state["type"])
    except (Unreachable, TimedOut) as error:
        raise await _lost(address, wanted.key) from error
    return say("{key} deleted", key=name) if deleted else say("{key} had gone by itself", key=name)


async def _unlink(client: Redis, key: str, kind: str) -> bool:
    """Delete it while it is of the type that was shown; WATCH lets Redis refuse when it changes in between.

    Word by word: the vendor's pipeline calls a connection that broke at EXEC a changed key, which would be a lie.
    """
    await ask(client, "WATCH", key)
    now = str(await ask(client, "TYPE", key))
    if now not in (kind, "none"):
        raise Changed("{key} is a {now} now, not a {kind}; nothing was done.", key=shown(key), now=now, kind=kind)
    await ask(client, "MULTI")
    await ask(client, "UNLINK", key)
    answers = await ask(client, "EXEC")
    if answers is None:
        raise Changed("{key} was being written in this moment; nothing was done.", key=shown(key))
    return bool(answers[0])


async def _lost(address: Address, key: str) -> TargetError:
    try:
        async with connected(address) as client:
            kind = str(await ask(client, "TYPE", key))
    except TargetError:
        return Unreachable(
            "The connection broke while {key} was being deleted; whether it is gone is not known.", key=shown(key)
        )
    if kind == "none":
        return TargetError("The connection broke while {key} was being deleted. It is gone now.", key=shown(key))
    return TargetError("The connection broke while {key} was being deleted. It is still there.", key=shown(key))


DELETE_KEY = Change("redis.delete_key", Address, DeleteKey, _LIMIT, _preview, _execute)
