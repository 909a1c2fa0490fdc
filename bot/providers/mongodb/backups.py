"""The age of the newest backup that Atlas has finished."""

from datetime import UTC, datetime
from typing import Any, Final

from bot.core.findings import Measurement, Reading
from bot.core.operation import Parameters, Read
from bot.core.text import say
from bot.providers.mongodb.address import Address
from bot.providers.mongodb.atlas import LIMIT, ask, is_configured, not_configured, records

_READ: Final = "`Project Read Only`"
_SHOWN: Final = 5


async def _read(address: Address, _: Parameters) -> Reading:
    if not is_configured(address):
        return not_configured(("age_h", "h"), ("snapshots", ""))
    path = f"/clusters/{address.atlas_cluster}/backup/snapshots"
    snapshots = records(await ask(address, path, _READ, itemsPerPage=100), "results")
    finished = [one for one in snapshots if one.get("status") == "completed"]
    times = sorted(filter(None, map(time_of, finished)), reverse=True)
    if not times:
        none = say("Atlas has no finished backup of {cluster}", cluster=address.atlas_cluster)
        return Reading(none, (Measurement("age_h", None, "h", none), Measurement("snapshots", 0)))
    age = round((datetime.now(UTC) - times[0]).total_seconds() / 3600, 1)
    return Reading(
        say("the newest backup is {age} h old, {count} are kept", age=age, count=len(times)),
        (Measurement("age_h", age, "h"), Measurement("snapshots", len(times))),
        tuple(f"{at:%Y-%m-%d %H:%M}Z" for at in times[:_SHOWN]),
    )


def time_of(snapshot: dict[str, Any]) -> datetime | None:
    """When a snapshot was made, as far as Atlas tells."""
    try:
        at = datetime.fromisoformat(str(snapshot.get("createdAt")))
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


BACKUPS = Read("mongodb.backups", Address, Parameters, LIMIT, _read)
