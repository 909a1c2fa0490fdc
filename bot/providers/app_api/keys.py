"""`app_api.keys`: who holds a key and when it was last used; the values never come into this process's words."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from bot.core.findings import Measurement, Reading
from bot.core.operation import Parameters, Read
from bot.core.text import say
from bot.providers.app_api.address import LIMIT, Address, FieldPath, Path, api_of, listed
from bot.providers.web_answers import dug, number_of
from bot.providers.web_api import Api

_SHOWN: Final = 20
_DEAD: Final = frozenset({"revoked", "inactive", "disabled", "deleted", "expired"})


class KeyList(Parameters):
    """Where the keys are listed and what their fields are called; `items` where the list is inside the answer."""

    path: Path = "/api/keys"
    items: str = ""
    id: FieldPath = "key_id"
    company: FieldPath = "company_id"
    used: FieldPath = "last_used_at"
    created: FieldPath = "created_at"


@dataclass(frozen=True, slots=True)
class Key:
    """One key, without its value."""

    id: str
    company: str
    used: str
    created: str
    is_alive: bool

    @property
    def unused_days(self) -> int | None:
        """Days since it was last used; None when never or unknown."""
        at = moment(self.used)
        return None if at is None else max(0, (datetime.now(UTC) - at).days)


async def keys(api: Api, wanted: KeyList) -> list[Key]:
    """All keys there are, dead ones too."""
    return [_key(api, item, wanted) for item in listed(api, await api.read(wanted.path), wanted.items)]


async def _keys(address: Address, wanted: KeyList) -> Reading:
    alive = [key for key in await keys(api_of(address), wanted) if key.is_alive]
    longest_first = sorted(alive, key=lambda key: -1 if key.unused_days is None else key.unused_days, reverse=True)
    days = [key.unused_days for key in alive if key.unused_days is not None]
    unknown = say("no key tells when it was last used") if not days else None
    return Reading(
        say("{count} keys are valid", count=len(alive)),
        (
            Measurement("keys", len(alive)),
            Measurement("unused_days", max(days, default=None), "d", unknown),
            Measurement("never_used", sum(moment(key.used) is None for key in alive)),
        ),
        tuple(f"{key.id}  {key.company}  last used {key.used}" for key in longest_first[:_SHOWN]),
    )


def _key(api: Api, item: dict[str, Any], wanted: KeyList) -> Key:
    used, created = dug(item, wanted.used), dug(item, wanted.created)
    return Key(
        id=api.clean(dug(item, wanted.id) or "-", 100),
        company=api.clean(dug(item, wanted.company) or "-", 100),
        used=api.clean(used, 40) if used else "never",
        created=api.clean(created, 40) if created else "-",
        is_alive=_is_alive(item),
    )


def _is_alive(item: dict[str, Any]) -> bool:
    is_off = item.get("active") is False or item.get("is_active") is False or item.get("revoked") is True
    return not (is_off or item.get("revoked_at") or str(item.get("status")).lower() in _DEAD)


def moment(told: object) -> datetime | None:
    """A time as ISO 8601 or in seconds since 1970; without a zone it is UTC."""
    seconds = number_of(told)
    try:
        found = datetime.fromtimestamp(seconds, UTC) if seconds is not None else datetime.fromisoformat(str(told))
    except (ValueError, OverflowError, OSError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


KEYS = Read("app_api.keys", Address, KeyList, LIMIT, _keys)
