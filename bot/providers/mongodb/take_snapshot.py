"""One on-demand snapshot of the cluster, kept by Atlas outside of it: asked for once, followed to its end."""

import asyncio
import uuid
from datetime import UTC, datetime
from typing import Any, Final

from pydantic import Field

from bot.core.errors import TargetError, TimedOut, Unreachable
from bot.core.operation import Change, Parameters, Progress
from bot.core.preview import Line, Preview
from bot.core.redaction import mask
from bot.core.text import Text, say
from bot.providers.mongodb.address import Address
from bot.providers.mongodb.atlas import ask, is_configured, records, send
from bot.providers.mongodb.backups import time_of

_GRANT: Final = "`Project Backup Creator`"
_LIMIT: Final = 3600.0
_FOLLOW_LIMIT: Final = 3500.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 15.0
_UNDER_WAY: Final = frozenset({"queued", "inProgress"})
_LOOKS: Final = (0.2, 0.4, 0.8, 1.6)
_LOST_LOOKS: Final = 20


class TakeSnapshot(Parameters):
    """How long Atlas keeps it."""

    days: int = Field(7, ge=1, le=365)


async def _preview(address: Address, wanted: TakeSnapshot) -> Preview:
    snapshots = await _all(address)
    if any(one.get("status") in _UNDER_WAY for one in snapshots):
        raise TargetError("A snapshot of {cluster} is under way; wait until it has ended.", cluster=_cluster(address))
    newest = max(filter(None, (time_of(one) for one in snapshots if one.get("status") == "completed")), default=None)
    return Preview(
        lines=(
            Line(say("newest finished snapshot"), f"{newest:%Y-%m-%d %H:%M}Z" if newest else "—", "+ 1"),
            Line(say("kept for (days)"), "", str(wanted.days)),
        ),
        state={"project": address.atlas_project, "cluster": address.atlas_cluster},
        arguments={"days": str(wanted.days)},
        warnings=(
            say("It holds the database only. The files of the volume are not in it: their snapshot is taken by hand."),
            say("Atlas deletes it after {days} days by itself; until then it costs storage.", days=wanted.days),
        ),
    )


async def _execute(address: Address, wanted: TakeSnapshot, preview: Preview, progress: Progress) -> Text:
    if any(one.get("status") in _UNDER_WAY for one in await _all(address)):
        raise TargetError("A snapshot of {cluster} is under way; wait until it has ended.", cluster=_cluster(address))
    began = datetime.now(UTC)
    done = await _followed(address, await _started(address, wanted), progress)
    size = done.get("storageSizeBytes")
    return say(
        "snapshot {id} of {cluster} is finished after {seconds} s ({size} MB) and is kept until {until}",
        id=_shown(done.get("id")),
        cluster=_cluster(address),
        seconds=round((datetime.now(UTC) - began).total_seconds()),
        size=round(size / 1024**2) if isinstance(size, int) else "?",
        until=_shown(done.get("expiresAt"))[:10] or "?",
    )


async def _started(address: Address, wanted: TakeSnapshot) -> str:
    """The id of the snapshot that was asked for, once; found by its mark when the answer is lost."""
    mark = f"plantao {uuid.uuid4().hex}"
    try:
        made = await send(address, _path(address), _GRANT, {"description": mark, "retentionInDays": wanted.days})
    except (Unreachable, TimedOut) as error:
        found = await _found(address, mark)
        if found is None:
            raise Unreachable(
                "The connection broke while the snapshot was asked for, and none has appeared; one may still come. "
                "Look at Atlas before anybody tries again."
            ) from error
        return found
    return str(made.get("id", ""))


async def _found(address: Address, mark: str) -> str | None:
    for pause in _LOOKS:
        await asyncio.sleep(pause)
        try:
            snapshots = await _all(address)
        except TargetError:
            continue
        for one in snapshots:
            if one.get("description") == mark:
                return str(one.get("id", ""))
    return None


async def _followed(address: Address, snapshot: str, progress: Progress) -> dict[str, Any]:
    told, lost, pause = "", 0, _FIRST_PAUSE
    try:
        async with asyncio.timeout(_FOLLOW_LIMIT):
            while True:
                try:
                    now, lost = await ask(address, f"{_path(address)}/{snapshot}", _GRANT), 0
                except TargetError as error:
                    lost = _counted(lost, snapshot, error)
                else:
                    if now.get("status") != told:
                        told = _shown(now.get("status"))
                        await progress(say("snapshot {id}: {status}", id=_shown(snapshot), status=told))
                    if told not in _UNDER_WAY:
                        return _finished(now, snapshot)
                await asyncio.sleep(pause)
                pause = min(_LONGEST_PAUSE, 1.5 * pause)
    except TimeoutError as error:
        raise TimedOut("Snapshot {id} was begun and is still under way.", id=_shown(snapshot)) from error


def _counted(lost: int, snapshot: str, error: TargetError) -> int:
    if lost < _LOST_LOOKS:
        return lost + 1
    raise TargetError(
        "Snapshot {id} was begun, but how it goes on cannot be seen: {reason}", id=_shown(snapshot), reason=error.text
    ) from error


def _finished(now: dict[str, Any], snapshot: str) -> dict[str, Any]:
    if now.get("status") != "completed":
        raise TargetError(
            "Snapshot {id} ended as {status}; the earlier ones are untouched.",
            id=_shown(snapshot),
            status=_shown(now.get("status")),
        )
    return now


async def _all(address: Address) -> list[dict[str, Any]]:
    if not is_configured(address):
        raise TargetError(
            "Taking a snapshot needs an Atlas API key with {grant}: `atlas_public_key`, `atlas_private_key`, "
            "`atlas_project`, `atlas_cluster`.",
            grant=_GRANT,
        )
    return records(await ask(address, _path(address), _GRANT, itemsPerPage=100), "results")


def _path(address: Address) -> str:
    return f"/clusters/{address.atlas_cluster}/backup/snapshots"


def _cluster(address: Address) -> str:
    return mask(address.atlas_cluster)


def _shown(text: object) -> str:
    return mask(str(text or ""))[:40]


TAKE_SNAPSHOT = Change("mongodb.take_snapshot", Address, TakeSnapshot, _LIMIT, _preview, _execute)
