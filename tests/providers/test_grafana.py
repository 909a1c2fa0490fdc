"""`grafana.dashboard` against an emulated Grafana: the link of an incident, and a picture where one can be drawn."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from data_changes import granted
from pydantic import ValidationError
from readings import Settings, measured, missing, read, refusal, rendered, spoken, summary

from bot.core.errors import Denied
from sandbox.world.observability.grafana import Dashboard, Grafana, open_grafana


@pytest.fixture
async def grafana() -> AsyncIterator[Grafana]:
    """A Grafana whose service account may do exactly what the permissions page says."""
    async with open_grafana() as grafana:
        permissions = json.loads(granted("json grafana"))["permissions"]
        grafana.front.tokens = {grafana.token: frozenset(one["action"] for one in permissions)}
        grafana.dashboards["api-overview"] = Dashboard("API Overview", {2: "Latency p95"}, collapsed={7: "Memory"})
        yield grafana


def address(grafana: Grafana, **other: object) -> Settings:
    return {"url": grafana.url, "token": grafana.token, **other}


async def test_a_dashboard_is_linked_with_fixed_times_and_variables(grafana: Grafana) -> None:
    variables = {"pod": "agente-api-1 & 2"}
    reading = await read(
        "grafana.dashboard", address(grafana), uid="api-overview", from_minutes=90, variables=variables
    )
    assert measured(reading) == {"found": True, "picture": None}
    assert summary(reading) == "“API Overview”, the last 90 min"
    [link] = reading.links
    assert rendered(link.title) == "API Overview"
    parts, query = urlsplit(link.url), parse_qs(urlsplit(link.url).query)
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == f"{grafana.url}/d/api-overview"
    assert query["var-pod"] == ["agente-api-1 & 2"]
    begin, end = (datetime.fromtimestamp(int(query[name][0]) / 1000, UTC) for name in ("from", "to"))
    assert end - begin == timedelta(minutes=90)
    assert abs(datetime.now(UTC) - end) < timedelta(seconds=60)


async def test_people_get_the_public_address_and_never_credentials(grafana: Grafana) -> None:
    secret = grafana.url.replace("://", "://ana:s3same@")
    reading = await read("grafana.dashboard", address(grafana, url=secret), uid="api-overview")
    assert "s3same" not in repr(reading)
    assert reading.links[0].url.startswith(f"{grafana.url}/d/api-overview?")
    public = address(grafana, public_url="https://grafana.example.com/ops/")
    reading = await read("grafana.dashboard", public, uid="api-overview", panel="2", picture=False)
    assert reading.links[0].url.startswith("https://grafana.example.com/ops/d/api-overview?from=")
    assert reading.links[0].url.endswith("&viewPanel=2")
    with pytest.raises(ValidationError):
        await read("grafana.dashboard", address(grafana, public_url="https://ana:x@grafana"), uid="api-overview")


@pytest.mark.parametrize(("panel", "id"), [("2", "2"), ("latency P95", "2"), ("Memory", "7")])
async def test_a_panel_is_drawn_for_the_same_hour(grafana: Grafana, panel: str, id: str) -> None:
    reading = await read("grafana.dashboard", address(grafana), uid="api-overview", panel=panel)
    assert reading.picture.startswith(b"\x89PNG")
    assert measured(reading)["picture"] is True
    [drawn] = grafana.drawn
    assert drawn["panelId"] == id
    query = parse_qs(urlsplit(reading.links[0].url).query)
    assert (drawn["from"], drawn["to"]) == (query["from"][0], query["to"][0])


async def test_without_the_renderer_the_link_is_all_there_is(grafana: Grafana) -> None:
    grafana.has_renderer = False
    reading = await read("grafana.dashboard", address(grafana), uid="api-overview", panel="2")
    assert "image renderer is not installed" in missing(reading, "picture")
    assert reading.picture == b""
    assert len(reading.links) == 1
    assert grafana.drawn == []


@pytest.mark.parametrize("failing", ["settings_status", "render_status"])
@pytest.mark.parametrize("status", [500, 403, 0])
async def test_a_picture_that_cannot_be_drawn_does_not_cost_the_link(
    grafana: Grafana, failing: str, status: int
) -> None:
    setattr(grafana, failing, status)
    reading = await read("grafana.dashboard", address(grafana), uid="api-overview", panel="2")
    assert "did not draw the picture" in missing(reading, "picture")
    assert len(reading.links) == 1


async def test_a_panel_that_is_not_there_is_told_with_those_that_are(grafana: Grafana) -> None:
    error = await refusal("grafana.dashboard", address(grafana), uid="api-overview", panel="Errors")
    assert spoken(error) == "The dashboard has no panel “Errors”. It has: Latency p95, more, Memory."


async def test_a_dashboard_that_is_not_there_is_not_found(grafana: Grafana) -> None:
    reading = await read("grafana.dashboard", address(grafana), uid="gone")
    assert measured(reading) == {"found": False, "picture": None}
    assert summary(reading) == "Grafana has no dashboard `gone`, or does not show it to us"
    assert reading.links == ()


async def test_an_account_without_the_permission_is_told_what_to_grant(grafana: Grafana) -> None:
    grafana.front.tokens = {grafana.token: frozenset()}
    error = await refusal("grafana.dashboard", address(grafana), uid="api-overview")
    assert isinstance(error, Denied)
    assert "Grant the service account `dashboards:read`" in spoken(error)


async def test_titles_from_outside_are_masked(grafana: Grafana) -> None:
    grafana.dashboards["x"] = Dashboard("maria@example.com token=abcd1234efgh5678")
    reading = await read("grafana.dashboard", address(grafana), uid="x")
    assert summary(reading).startswith("“***@example.com token=***”")
    assert "maria" not in repr(reading)
