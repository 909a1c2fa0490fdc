"""Grafana: the dashboard of an incident as a link with its time range, and a picture where a renderer is installed."""

from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from typing import Final

import httpx
from pydantic import Field, TypeAdapter

from bot.core.errors import TargetError
from bot.core.findings import Link, Measurement, Reading
from bot.core.operation import Parameters, Read
from bot.core.redaction import mask
from bot.core.text import Text, plain, say
from bot.providers.http.address import ApiAddress
from bot.providers.http.api import Api, Declined, Query, Shape, bearer, opened

_LIMIT: Final = 20.0
_RENDER_LIMIT_MS: Final = 12_000
_VENDOR: Final = "Grafana"
_GRANT: Final = say("Grant the service account `dashboards:read` on this dashboard, or the role Viewer.")
_TITLE_LIMIT: Final = 120
_PICTURE_LIMIT: Final = 2 * 1024 * 1024
_PNG: Final = b"\x89PNG\r\n"


class Address(ApiAddress):
    """Where Grafana is; `public_url` is where people open it, if that is another address than the bot's."""

    public_url: str = Field("", pattern=r"^(https?://[^\s@]+)?$")


class Wanted(Parameters):
    """Which dashboard, by its uid; `panel` is an id or a title, and only a panel is drawn as a picture."""

    uid: str = Field(pattern=r"^[\w-]{1,40}$")
    panel: str = ""
    from_minutes: int = Field(60, ge=1, le=31 * 24 * 60)
    variables: dict[str, str] = Field(default_factory=dict)
    picture: bool = True


class _Panel(Shape):
    id: int | None = None
    title: str = ""
    panels: tuple["_Panel", ...] = ()


class _Model(Shape):
    title: str
    panels: tuple[_Panel, ...] = ()


class _Dashboard(Shape):
    dashboard: _Model


class _Frontend(Shape):
    rendererAvailable: bool = False


_DASHBOARD: Final = TypeAdapter(_Dashboard)
_FRONTEND: Final = TypeAdapter(_Frontend)


async def _read(address: Address, wanted: Wanted) -> Reading:
    end = datetime.now(UTC)
    async with _reached(address) as api:
        try:
            found = (await api.get(_DASHBOARD, f"/api/dashboards/uid/{wanted.uid}")).dashboard
        except Declined as error:
            if error.status == 404:
                return _absent(wanted)
            raise
        panel = _panel(found, wanted)
        query = _time_and_variables(wanted, end)
        picture, reason = await _picture(api, wanted, panel, query)
    title = mask(found.title)[:_TITLE_LIMIT]
    return Reading(
        say("“{title}”, the last {minutes} min", title=title, minutes=wanted.from_minutes),
        (Measurement("found", True), Measurement("picture", True if picture else None, missing=reason)),
        links=(Link(plain(title), _link(address, wanted, panel, query)),),
        picture=picture,
    )


def _absent(wanted: Wanted) -> Reading:
    why = say("Grafana has no dashboard `{uid}`, or does not show it to us", uid=wanted.uid)
    return Reading(why, (Measurement("found", False), Measurement("picture", None, missing=why)))


def _panel(found: _Model, wanted: Wanted) -> int | None:
    """The panel's id; raises TargetError naming the panels there are."""
    if not wanted.panel:
        return None
    panels = [panel for panel in _all_panels(found.panels) if panel.id is not None]
    for panel in panels:
        if wanted.panel in (str(panel.id), panel.title) or wanted.panel.lower() == panel.title.lower():
            return panel.id
    known = mask(", ".join(panel.title or str(panel.id) for panel in panels[:12]))[:300]
    raise TargetError("The dashboard has no panel “{panel}”. It has: {known}.", panel=wanted.panel, known=known)


def _all_panels(panels: tuple[_Panel, ...]) -> Iterator[_Panel]:
    """Collapsed rows hold panels of their own."""
    for panel in panels:
        yield panel
        yield from _all_panels(panel.panels)


def _time_and_variables(wanted: Wanted, end: datetime) -> list[tuple[str, str]]:
    """Fixed times, so that the link shows the same hour tomorrow."""
    begin = end - timedelta(minutes=wanted.from_minutes)
    times = [(name, str(int(at.timestamp() * 1000))) for name, at in (("from", begin), ("to", end))]
    return times + [(f"var-{name}", value) for name, value in wanted.variables.items()]


def _link(address: Address, wanted: Wanted, panel: int | None, query: Query) -> str:
    base = address.public_url or address.url.get_secret_value()
    url = httpx.URL(base.rstrip("/") + f"/d/{wanted.uid}").copy_with(userinfo=b"", query=None)
    view = [("viewPanel", str(panel))] if panel is not None else []
    return str(url.copy_merge_params([*query, *view]))


async def _picture(api: Api, wanted: Wanted, panel: int | None, query: Query) -> tuple[bytes, Text | None]:
    """The panel as PNG, or why there is none; a picture never makes the check fail."""
    if panel is None or not wanted.picture:
        return b"", say("no picture was asked for")
    drawn = [*query, ("panelId", str(panel)), ("width", "1000"), ("height", "500"), ("tz", "UTC")]
    try:
        # Without the plugin Grafana draws a picture that says so, with status 200.
        if not (await api.get(_FRONTEND, "/api/frontend/settings")).rendererAvailable:
            return b"", say("Grafana draws no pictures: its image renderer is not installed")
        answer = await api.page(f"/render/d-solo/{wanted.uid}/_", drawn, _RENDER_LIMIT_MS)
    except TargetError:
        return b"", say("Grafana did not draw the picture in time, or refused it")
    if not answer.body.startswith(_PNG) or len(answer.body) > _PICTURE_LIMIT:
        return b"", say("Grafana answered no usable picture")
    return answer.body, None


def _reached(address: Address) -> AbstractAsyncContextManager[Api]:
    return opened(address, _VENDOR, bearer(address), {403: _GRANT})


DASHBOARD = Read("grafana.dashboard", Address, Wanted, _LIMIT, _read)
