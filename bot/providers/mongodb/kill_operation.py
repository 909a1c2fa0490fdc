"""Ending one operation of a client, named by its id and looked at before."""

import asyncio
from typing import Final

from pydantic import Field

from bot.core.errors import TargetError, TimedOut, Unreachable
from bot.core.operation import Change, Parameters, Progress
from bot.core.preview import Line, Preview
from bot.core.text import Text, say
from bot.providers.mongodb.address import Address
from bot.providers.mongodb.connection import ask, connected, in_thread
from bot.providers.mongodb.running import Operation, client_operations

_LIMIT: Final = 60.0
_PATIENCE: Final = 45.0
_PAUSE: Final = 0.5
_WRITING: Final = frozenset({"insert", "update", "remove"})
_BUILDING: Final = "createIndexes"
_KILL: Final = say("`inprog` and `killop` on the cluster")


class Changed(TargetError):
    """The operation is not the one that was shown; nothing was changed."""


class KillOperation(Parameters):
    """`opid` as mongodb.operations shows it; in a sharded cluster with the shard's name (`shard1:4711`)."""

    opid: str = Field(pattern=r"^([A-Za-z0-9_.-]{1,60}:)?-?\d{1,19}$")


async def _preview(address: Address, wanted: KillOperation) -> Preview:
    found = await _look(address, wanted.opid)
    if found is None:
        raise TargetError("Nothing to do: no operation of a client has the id {opid}.", opid=wanted.opid)
    return Preview(
        lines=(
            Line(say("Operation {opid}", opid=found.opid), f"{found.namespace}  {found.shape}", "—"),
            Line(say("Running for"), f"{found.seconds} s", "—"),
            Line(say("Started by"), f"{found.application or '?'} / {found.user or '?'}", "—"),
        ),
        state=_state(found),
        arguments={"opid": wanted.opid},
        warnings=tuple(_warnings(found)),
    )


def _state(found: Operation) -> dict[str, str]:
    """Ids are used again after a restart: these tell whether it is still the same work."""
    return {
        "opid": found.opid,
        "connection": found.connection,
        "kind": found.kind,
        "namespace": found.namespace,
        "shape": found.shape,
    }


def _warnings(found: Operation) -> list[Text]:
    warnings = [say("The client gets an error; it may send the same query again.")]
    if found.kind in _WRITING:
        warnings.append(say("It writes: what it has written already stays written."))
    if found.shape.startswith(_BUILDING):
        warnings.append(say("It builds an index: the work done so far is thrown away."))
    if found.is_killed:
        warnings.append(say("It was told to end before, and has not yet."))
    return warnings


async def _execute(address: Address, _: KillOperation, preview: Preview, progress: Progress) -> Text:
    opid = preview.arguments["opid"]
    found = await _look(address, opid)
    if found is None:
        return say("operation {opid} had ended by itself", opid=opid)
    if _state(found) != dict(preview.state):
        raise Changed("{opid} is another operation now; nothing was done.", opid=opid)
    is_lost = await _kill_once(address, opid)
    await progress(say("operation {opid} was told to end", opid=opid))
    try:
        return await _watch(address, preview, is_lost)
    except (Unreachable, TimedOut) as error:
        raise Unreachable(
            "Operation {opid} was told to end, then MongoDB went silent. Look before anybody tries again.", opid=opid
        ) from error


async def _kill_once(address: Address, opid: str) -> bool:
    """Whether the answer was lost; it is never sent again."""
    try:
        await _send(address, opid)
    except (Unreachable, TimedOut):
        return True
    return False


async def _watch(address: Address, preview: Preview, is_lost: bool) -> Text:
    """Wait until it is gone: MongoDB only promises to try."""
    opid = preview.arguments["opid"]
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _PATIENCE
    while loop.time() < deadline:
        found = await _look(address, opid)
        if found is None or _state(found) != dict(preview.state):
            return say("operation {opid} has ended", opid=opid)
        if is_lost and not found.is_killed:
            raise TargetError(
                "The connection broke while {opid} was told to end. It still runs and was not told.", opid=opid
            )
        await asyncio.sleep(_PAUSE)
    raise TargetError(
        "Operation {opid} was told to end but still runs after {seconds} s; it ends at its next safe point.",
        opid=opid,
        seconds=f"{_PATIENCE:g}",
    )


@in_thread
def _look(address: Address, opid: str) -> Operation | None:
    with connected(address, _KILL) as client:
        return next(iter(client_operations(client, {"opid": _id(opid)})), None)


@in_thread
def _send(address: Address, opid: str) -> None:
    with connected(address, _KILL) as client:
        ask(client, "admin", "killOp", op=_id(opid))


def _id(opid: str) -> int | str:
    return opid if ":" in opid else int(opid)


KILL_OPERATION = Change("mongodb.kill_operation", Address, KillOperation, _LIMIT, _preview, _execute)
