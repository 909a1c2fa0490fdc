"""The HTTP API (v2) of Alertmanager: where it is, what its documents hold, and what its answers mean."""

from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Final

from pydantic import Field, TypeAdapter

from bot.core.errors import Unreachable
from bot.core.redaction import mask
from bot.core.text import say
from bot.providers.alertmanager.matchers import Matcher
from bot.providers.http.address import ApiAddress
from bot.providers.http.api import Api, Shape, bearer, opened

LIMIT: Final = 10.0
VENDOR: Final = "Alertmanager"
_GRANT: Final = say("Let its proxy pass what docs/permissions.md lists.")
OURS: Final = "plantao"
CRITICAL: Final = frozenset({"critical", "page", "P0", "p0"})
_NAME_LIMIT: Final = 120
_REASON_LIMIT: Final = 200


class Address(ApiAddress):
    """Where Alertmanager is, without `/api/v2`."""


class _AlertStatus(Shape):
    state: str
    silencedBy: tuple[str, ...] = ()
    inhibitedBy: tuple[str, ...] = ()


class Alert(Shape):
    """One alert as Alertmanager groups it."""

    labels: dict[str, str]
    startsAt: datetime
    status: _AlertStatus

    @property
    def name(self) -> str:
        """Name and severity, which the team writes; other labels may hold anything."""
        words = f"{self.labels.get('alertname', '—')} {self.labels.get('severity', '')}"
        return mask(words.rstrip())[:_NAME_LIMIT]

    @property
    def is_critical(self) -> bool:
        return self.labels.get("severity") in CRITICAL


class _SilenceStatus(Shape):
    state: str


class _SilenceMatcher(Shape):
    name: str
    value: str
    isRegex: bool
    isEqual: bool = True


class Silence(Shape):
    """One silence; expired ones are kept for some days."""

    id: str
    status: _SilenceStatus
    matchers: tuple[_SilenceMatcher, ...]
    createdBy: str
    comment: str
    endsAt: datetime
    updatedAt: datetime

    @property
    def is_over(self) -> bool:
        return self.status.state == "expired"

    @property
    def author(self) -> str:
        return mask(self.createdBy)[:_NAME_LIMIT] or "—"

    @property
    def reason(self) -> str:
        """Its comment, masked and cut."""
        return " ".join(mask(self.comment).split())[:_REASON_LIMIT]

    @property
    def words(self) -> str:
        """Its matchers as a person reads them, patterns and negations too."""
        signs = {(True, False): "=", (False, False): "!=", (True, True): "=~", (False, True): "!~"}
        return mask(", ".join(f"{one.name}{signs[one.isEqual, one.isRegex]}{one.value}" for one in self.matchers))[
            :_REASON_LIMIT
        ]

    @property
    def pairs(self) -> tuple[Matcher, ...] | None:
        """Its matchers as name and value, sorted; None when one is a pattern or a negation."""
        if any(matcher.isRegex or not matcher.isEqual for matcher in self.matchers):
            return None
        return tuple(sorted((matcher.name, matcher.value) for matcher in self.matchers))


class _Created(Shape):
    silenceID: str = Field(min_length=1)


_ALERTS: Final = TypeAdapter(list[Alert])
SILENCES: Final = TypeAdapter(list[Silence])
SILENCE: Final = TypeAdapter(Silence)
CREATED: Final = TypeAdapter(_Created)


def reached(address: Address) -> AbstractAsyncContextManager[Api]:
    """The API; its refusals leave this block as ours."""
    return opened(address, VENDOR, bearer(address), {403: _GRANT})


async def alerts_of(api: Api, matchers: tuple[Matcher, ...]) -> list[Alert]:
    """All alerts that match, the silenced ones too."""
    return await api.get(_ALERTS, "/api/v2/alerts", [("filter", written) for written in _filters(matchers)])


async def silences_of(api: Api, matchers: tuple[Matcher, ...]) -> list[Silence]:
    """The silences of exactly these matchers that are not over."""
    found = await api.get(SILENCES, "/api/v2/silences")
    return [silence for silence in found if silence.pairs == tuple(sorted(matchers)) and not silence.is_over]


def unseen(id: str) -> Unreachable:
    """What a change comes to that was accepted and cannot be looked at afterwards."""
    return Unreachable(
        "Alertmanager accepted the change of the silence {id}, but does not answer any more. Look there.", id=id
    )


def _filters(matchers: tuple[Matcher, ...]) -> list[str]:
    return [f'{name}="{value}"' for name, value in matchers]
