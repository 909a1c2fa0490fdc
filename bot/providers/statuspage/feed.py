"""Reading AWS Health's public RSS feeds, one per service and region."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final
from xml.etree.ElementTree import Element, ParseError, fromstring

from bot.core.errors import TargetError
from bot.providers.statuspage.page import Page, worst
from bot.providers.web_api import Api, Request

_SHOWN: Final = 50
_STILL_OPEN: Final = timedelta(days=2)
"""An item without a later "resolved" counts this long: AWS updates a running event many times a day."""
_WORDS: Final = (
    ("disruption", "critical"),
    ("impact", "major"),
    ("degradation", "minor"),
    ("performance issues", "minor"),
    ("informational", "minor"),
)


async def rss(api: Api, _wants_components: bool) -> Page:
    """The newest item of each event says how that event stands."""
    answer = await api.ask(Request("", headers={"Accept": "application/rss+xml, application/xml, text/xml"}))
    if not answer.is_good:
        raise api.refusal(answer)
    events: dict[str, Element] = {}
    for item in list(_tree(answer.body).iter("item"))[:_SHOWN]:
        events.setdefault(_event(item), item)
    still_open = [item for item in events.values() if _indicator(_title(item)) != "none" and _is_recent(item)]
    newest = next(iter(events.values()), None)
    return Page(
        indicator=worst([_indicator(_title(item)) for item in still_open]),
        description=api.clean(_title(newest) if newest is not None else "-", 120),
        incidents=tuple(api.clean(f"{_indicator(_title(item))}  {_title(item)}") for item in still_open),
    )


def _tree(body: bytes) -> Element:
    """A feed needs no document type, and only with one can it hold entities that grow without end."""
    text = body.decode(errors="replace")
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise TargetError("The feed has a document type, which no status feed needs; it was not read.")
    try:
        return fromstring(text)  # noqa: S314
    except (ParseError, ValueError, LookupError) as error:
        raise TargetError("The page has no `{field}`; its `kind` may be another one.", field="rss") from error


def _title(item: Element) -> str:
    return (item.findtext("title") or "").strip()


def _event(item: Element) -> str:
    """Items of one event share the name in front of the time in their id (`#ec2-us-east-1_1619538460`)."""
    title = _title(item).partition(":")[2].replace("[RESOLVED]", "").strip()
    return title or (item.findtext("guid") or "")


def _indicator(title: str) -> str:
    kind = title.partition(":")[0].lower()
    if "[RESOLVED]" in title or "operating normally" in kind:
        return "none"
    return next((indicator for word, indicator in _WORDS if word in kind), "minor")


def _is_recent(item: Element) -> bool:
    try:
        at = parsedate_to_datetime(item.findtext("pubDate") or "")
    except ValueError:
        return True
    return datetime.now(UTC) - (at if at.tzinfo else at.replace(tzinfo=UTC)) < _STILL_OPEN
