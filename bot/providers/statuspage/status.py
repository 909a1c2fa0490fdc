"""`statuspage.status`: what the vendor says of itself."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final, Literal, TypeAlias

from pydantic import ConfigDict, Field

from bot.core.findings import Link, Measurement, Reading
from bot.core.operation import Parameters, Read
from bot.core.text import Text, say
from bot.providers.statuspage.feed import rss
from bot.providers.statuspage.formats import atlassian, instatus, salesforce
from bot.providers.statuspage.page import SEVERITIES, Component, Page, worst
from bot.providers.web_api import Api, BaseUrl

LIMIT: Final = 9.0
_SHOWN: Final = 10
Kind: TypeAlias = Literal["atlassian", "instatus", "salesforce", "rss"]
_KINDS: Final[Mapping[Kind, Callable[[Api, bool], Awaitable[Page]]]] = {
    "atlassian": atlassian,
    "instatus": instatus,
    "salesforce": salesforce,
    "rss": rss,
}


class Address(Parameters):
    """The page as people open it; for Salesforce that of the instance, for RSS that of the feed."""

    model_config = ConfigDict(hide_input_in_errors=True)

    url: BaseUrl


class Status(Parameters):
    """Who hosts the page, and which components matter to us; without any, the page as a whole is judged."""

    kind: Kind = "atlassian"
    components: tuple[str, ...] = Field((), max_length=20)


def api_of(address: Address) -> Api:
    """The way to a page."""
    return Api(
        vendor=say("the status page"),
        base=address.url.get_secret_value(),
        grant=say("Status pages are public; a proxy between us and the page may ask for a login."),
    )


async def _read(address: Address, wanted: Status) -> Reading:
    url = address.url.get_secret_value()
    api = api_of(address)
    page = await _KINDS[wanted.kind](api, bool(wanted.components))
    chosen, absent = _chosen(page, wanted.components)
    return Reading(
        _summary(page, wanted.components, chosen),
        (
            Measurement("indicator", page.indicator),
            _severity("severity", page.indicator, None),
            _told("incidents", None if page.incidents is None else len(page.incidents)),
            _told("maintenances", page.maintenances),
            *_measured(page, chosen, absent, bool(wanted.components)),
        ),
        (*(page.incidents or ())[:_SHOWN], *(f"{one.indicator}  {one.name}" for one in chosen)),
        links=(Link(say("status page"), url),) if url.startswith("https://") else (),
    )


def _chosen(page: Page, names: tuple[str, ...]) -> tuple[list[Component], list[str]]:
    known = {one.name.lower(): one for one in page.components or ()}
    chosen = [known[name.lower()] for name in names if name.lower() in known]
    return chosen, [name for name in names if name.lower() not in known]


def _measured(page: Page, chosen: list[Component], absent: list[str], is_wanted: bool) -> tuple[Measurement, ...]:
    if not is_wanted:
        return ()
    reason = None
    if absent:
        reason = say(
            "the page has no component {names}; it has {known}",
            names=", ".join(absent),
            known=", ".join(one.name for one in page.components or ())[:300] or "-",
        )
    down = sum(SEVERITIES.get(one.indicator, 1) > 0 for one in chosen)
    return (
        Measurement("components_down", None if reason else down, missing=reason),
        _severity("components_severity", worst([one.indicator for one in chosen]), reason),
    )


def _severity(name: str, indicator: str, reason: Text | None) -> Measurement:
    if reason is None and indicator not in SEVERITIES:
        reason = say("the page uses a word we do not know: {word}", word=indicator[:40])
    return Measurement(name, None if reason else SEVERITIES[indicator], missing=reason)


def _told(name: str, value: int | None) -> Measurement:
    return Measurement(name, value, missing=say("the page does not tell") if value is None else None)


def _summary(page: Page, names: tuple[str, ...], chosen: list[Component]) -> Text:
    if names:
        ill = [one.name for one in chosen if one.indicator != "none"]
        if ill:
            return say("says “{words}”; not well: {names}", words=page.description, names=", ".join(ill))
        return say("says “{words}”; {count} of our components are well", words=page.description, count=len(chosen))
    if page.incidents:
        return say("says “{words}”, {count} open incidents", words=page.description, count=len(page.incidents))
    return say("says “{words}”", words=page.description)


STATUS = Read("statuspage.status", Address, Status, LIMIT, _read)
