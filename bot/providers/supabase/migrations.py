"""`supabase.migrations`: the newest migrations, and how many were written after a moment such as a deployment's."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from pydantic import AwareDatetime

from bot.core.errors import TargetError
from bot.core.findings import Measurement, Reading
from bot.core.operation import Parameters, Read
from bot.core.text import Text, say
from bot.providers.supabase.project import LIMIT, Address, Management, without_token

# The version is the time (UTC) at which a migration was written; when it was applied, Supabase does not keep.
NEWEST: Final = """
select version, to_jsonb(m) ->> 'name' as name from supabase_migrations.schema_migrations m
order by version desc limit 50
"""
_VERSION: Final = "%Y%m%d%H%M%S"
_LENGTH: Final = 14
_SHOWN: Final = 10


class Migrations(Parameters):
    """The moment after which migrations count; now, where none is given, so that they are only told."""

    since: AwareDatetime | None = None


@dataclass(frozen=True, slots=True)
class _Migration:
    written: datetime
    name: str

    @property
    def words(self) -> str:
        return f"{_minute(self.written)} {self.name}".strip()


async def _read(address: Address, wanted: Migrations) -> Reading:
    if address.access_token is None:
        return without_token(("after", "newest_age_h"), say("migrations unknown"))
    management = Management(address, address.access_token)
    rows = await management.rows(NEWEST)
    found = [_Migration(_written(row), management.api.clean(row.get("name") or "", 60)) for row in rows]
    now = datetime.now(UTC)
    after = sum(one.written > (wanted.since or now) for one in found)
    return Reading(
        _summary(found, wanted.since, after),
        (Measurement("after", after), _age(found, now)),
        tuple(one.words for one in found[:_SHOWN]),
    )


def _written(row: dict[str, Any]) -> datetime:
    version = str(row.get("version"))
    try:
        if len(version) != _LENGTH:
            raise ValueError("another length")
        return datetime.strptime(version, _VERSION).replace(tzinfo=UTC)
    except ValueError as error:
        raise TargetError(
            "The version of a migration is no time ({version}), so that its age is not known.", version=version[:40]
        ) from error


def _age(found: list[_Migration], now: datetime) -> Measurement:
    if not found:
        return Measurement("newest_age_h", None, "h", say("there is no migration"))
    return Measurement("newest_age_h", round((now - found[0].written).total_seconds() / 3600, 1), "h")


def _summary(found: list[_Migration], since: datetime | None, after: int) -> Text:
    if not found:
        return say("there is no migration")
    newest = found[0].words
    if since is None:
        return say("the newest migration is {newest}", newest=newest)
    if not after:
        return say("no migration was written after {at}; the newest is {newest}", at=_minute(since), newest=newest)
    return say(
        "migrations written after {at}, when that code went live: {count}, the newest {newest}. They would stay: "
        "take them back by a reviewed migration first, or repair forwards.",
        count=after,
        at=_minute(since),
        newest=newest,
    )


def _minute(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M}Z"


MIGRATIONS = Read("supabase.migrations", Address, Migrations, LIMIT, _read)
