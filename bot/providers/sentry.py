"""Sentry's issues: what is broken, what is new, what came back."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import quote

from pydantic import ConfigDict, Field, SecretStr

from bot.core.findings import Link, Measurement, Reading
from bot.core.operation import Parameters, Read
from bot.core.text import Text, say
from bot.providers.web_answers import number_of
from bot.providers.web_api import Api, BaseUrl, Credential, Request

LIMIT: Final = 6.0
_CALL_LIMIT: Final = 5.0
_PAGE: Final = 100
_SHOWN: Final = 10


class Address(Parameters):
    """An organisation by its slug, and one of its projects or (empty) all of them."""

    model_config = ConfigDict(hide_input_in_errors=True)

    url: BaseUrl = SecretStr("https://sentry.io")
    token: Credential
    organization: str = Field(pattern=r"^[\w.-]{1,100}$")
    project: str = Field("", pattern=r"^[\w.-]{0,100}$")


class Issues(Parameters):
    """Which issues: seen in the last `hours`, matching Sentry's own search.

    `is:unresolved firstRelease:latest` asks for those of the last deploy alone.
    """

    hours: int = Field(24, ge=1, le=14 * 24)
    query: str = Field("is:unresolved", max_length=300)
    environment: str = Field("", pattern=r"^[\w.-]{0,64}$")


@dataclass(frozen=True, slots=True)
class _Found:
    issues: list[dict[str, Any]]
    total: int
    new: int
    regressed: int | None
    events: int


async def _issues(address: Address, wanted: Issues) -> Reading:
    token = address.token.get_secret_value()
    api = Api(
        vendor="Sentry",
        base=address.url.get_secret_value(),
        grant=say("Its token needs the scope `event:read` in this organisation."),
        headers={"Authorization": f"Bearer {token}"},
        secrets=(token,),
        limit=_CALL_LIMIT,
    )
    answer = await api.ask(_request(address, wanted))
    found = _found(api.records(api.good(answer)), answer.headers.get("x-hits", ""), wanted.hours)
    old = say("this Sentry does not tell which issues came back")
    return Reading(
        _summary(found, wanted.hours),
        (
            Measurement("unresolved", found.total),
            Measurement("new", found.new),
            Measurement("regressed", found.regressed, missing=old if found.regressed is None else None),
            Measurement("events", found.events),
        ),
        tuple(_line(api, issue) for issue in found.issues[:_SHOWN]),
        links=_links(address),
    )


def _request(address: Address, wanted: Issues) -> Request:
    query = f"{wanted.query} project:{address.project}" if address.project else wanted.query
    asked = {"query": query, "statsPeriod": f"{wanted.hours}h", "limit": str(_PAGE), "sort": "freq"}
    if wanted.environment:
        asked["environment"] = wanted.environment
    return Request(f"/api/0/organizations/{quote(address.organization, safe='')}/issues/", query=asked)


def _found(issues: list[dict[str, Any]], hits: str, hours: int) -> _Found:
    """Of more than a hundred issues all are counted, and the hundred most frequent looked at."""
    since = datetime.now(UTC) - timedelta(hours=hours)
    knows_substatus = not issues or any("substatus" in issue for issue in issues)
    return _Found(
        issues=issues,
        total=max(len(issues), int(number_of(hits) or 0)),
        new=sum(_seen_first(issue) >= since for issue in issues),
        regressed=sum(issue.get("substatus") == "regressed" for issue in issues) if knows_substatus else None,
        events=sum(int(number_of(issue.get("count")) or 0) for issue in issues),
    )


def _seen_first(issue: dict[str, Any]) -> datetime:
    try:
        found = datetime.fromisoformat(str(issue.get("firstSeen")))
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _line(api: Api, issue: dict[str, Any]) -> str:
    state = issue.get("substatus") or issue.get("status") or "-"
    head = f"×{issue.get('count')}  {issue.get('shortId')}  {issue.get('level')}  {state}"
    return api.clean(f"{head}  {issue.get('title')}  ({issue.get('culprit') or '-'})")


def _summary(found: _Found, hours: int) -> Text:
    if not found.total:
        return say("no open issue in the last {hours} h", hours=hours)
    return say(
        "{count} open issues in the last {hours} h: {new} new, {regressed} came back, {events} events",
        count=found.total,
        hours=hours,
        new=found.new,
        regressed="?" if found.regressed is None else found.regressed,
        events=found.events,
    )


def _links(address: Address) -> tuple[Link, ...]:
    base = address.url.get_secret_value().rstrip("/")
    page = f"{base}/organizations/{address.organization}/issues/"
    return (Link(say("issues in Sentry"), page),) if base.startswith("https://") else ()


ISSUES = Read("sentry.issues", Address, Issues, LIMIT, _issues)
