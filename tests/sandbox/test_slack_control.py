"""The control interface, the clock, the workspace file, and what the server refuses."""

import asyncio
import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from slack_office import INCIDENTS, MANIFEST, WORKSPACE, Office

from sandbox.slack import Clock, serve
from sandbox.slack.refusal import RosterError
from sandbox.slack.roster import read_roster


async def test_the_state_has_the_shape_that_the_page_draws(office: Office) -> None:
    state = await office.state()
    assert set(state) == {
        "version", "clock", "team", "app", "apps", "users", "usergroups", "commands", "shortcuts", "channels",
        "ephemerals", "views", "homes", "calls", "deliveries", "notified", "notices",
    }  # fmt: skip
    assert [row["name"] for row in state["channels"]] == ["incidents", "alerts", "general"]
    assert (state["app"]["transport"], state["app"]["base_url"]) == ("socket", office.sandbox.url)
    assert state["commands"][0]["command"] == "/incident"


async def test_the_stream_tells_of_each_change(office: Office) -> None:
    async with office.session.get(f"{office.sandbox.url}/control/stream") as stream:
        first = json.loads((await stream.content.readline()).removeprefix(b"data:"))
        await office.client.chat_postMessage(channel=INCIDENTS, text="x")
        await stream.content.readline()
        second = json.loads((await stream.content.readline()).removeprefix(b"data:"))
    assert second["version"] > first["version"]


@pytest.mark.parametrize(
    ("act", "body", "status", "sentence"),
    [
        (
            "command",
            {"user": "eve", "channel": "incidents", "text": "/incident"},
            404,
            "there is no user 'eve'; the users are ana, bruno, clara, otto, plantao",
        ),
        (
            "command",
            {"user": "ana", "channel": "#nowhere", "text": "/incident"},
            404,
            "there is no channel '#nowhere'; the channels are incidents, alerts, general",
        ),
        ("command", {"user": "ana", "text": "/incident"}, 400, "channel: Field required"),
        (
            "message",
            {"user": "plantao", "channel": "incidents", "text": "x"},
            400,
            "plantao is the bot; name one of the people",
        ),
        ("click", {"user": "ana", "action_id": "x"}, 400, "a click needs channel and ts, or view_id"),
        ("submit", {"user": "ana", "view_id": "V1"}, 404, "the view V1 is not on the screen: ana has no modal open"),
        ("clock", {"advance": -1}, 400, "advance: Input should be greater than or equal to 0"),
        ("deliver", {"again": "DLV404"}, 404, "there is no delivery 'DLV404'"),
    ],
)  # fmt: skip
async def test_wrong_input_gets_a_clear_sentence(
    office: Office, act: str, body: dict[str, Any], status: int, sentence: str
) -> None:
    assert await office.refused(act, **body) == (status, sentence)


async def test_a_request_url_elsewhere_is_refused(office: Office) -> None:
    status, _ = await office.refused("app", request_url="https://example.org/slack")
    assert status == 400
    assert (await office.state())["app"]["request_url"] is None


async def test_a_body_that_is_not_json_is_refused(office: Office) -> None:
    async with office.session.post(f"{office.sandbox.url}/control/clock", data="advance=1") as response:
        assert response.status == 415


@pytest.mark.parametrize("headers", [{"Host": "evil.example"}, {"Origin": "https://evil.example"}])
async def test_a_foreign_web_page_reaches_nothing(office: Office, headers: dict[str, str]) -> None:
    async with office.session.get(f"{office.sandbox.url}/control/state", headers=headers) as response:
        assert response.status == 403


async def test_the_page_is_served_when_there_is_one(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("<h1>Plantão</h1>", encoding="utf-8")
    (tmp_path / "page.css").write_text("h1 {}", encoding="utf-8")
    async with serve(manifest=MANIFEST, page=tmp_path) as sandbox, aiohttp.ClientSession() as session:
        async with session.get(f"{sandbox.url}/") as index:
            assert await index.text() == "<h1>Plantão</h1>"
        async with session.get(f"{sandbox.url}/page/page.css") as style:
            assert await style.text() == "h1 {}"


async def test_the_server_listens_on_loopback_only() -> None:
    with pytest.raises(ValueError, match=r"listens on 127\.0\.0\.1 only, not on '0\.0\.0\.0'"):
        async with serve(manifest=MANIFEST, host="0.0.0.0"):
            pass


async def test_the_port_is_free_again_afterwards() -> None:
    async with serve(manifest=MANIFEST) as sandbox:
        port = int(sandbox.url.rpartition(":")[2])
    async with serve(manifest=MANIFEST, port=port) as again:
        assert again.url == sandbox.url


async def test_the_clock_wakes_who_waits_and_tells_who_listens() -> None:
    heard: list[float] = []
    clock = Clock()
    stop = clock.on_advance(heard.append)
    sleeping = asyncio.create_task(clock.wait(3_600))
    await asyncio.sleep(0)
    clock.advance(3_599)
    await asyncio.sleep(0)
    assert not sleeping.done()
    clock.advance(1)
    await asyncio.wait_for(sleeping, 40)
    stop()
    clock.advance(5)
    assert heard == [3_599, 1]


async def test_a_shared_clock_is_advanced_through_the_control_interface() -> None:
    clock = Clock()
    async with (
        serve(manifest=MANIFEST, clock=clock) as sandbox,
        aiohttp.ClientSession() as session,
        session.post(f"{sandbox.url}/control/clock", json={"advance": 90}) as response,
    ):
        assert (await response.json())["offset"] == 90
    assert clock.offset == 90


def test_a_clock_never_goes_back() -> None:
    with pytest.raises(ValueError, match="only moves forward"):
        Clock().advance(-1)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("users: [bruno]", "users: [eve]", "user group tech-leads names 'eve', who is not among the people"),
        ("name: bruno,", "name: ana,", "the name 'ana' is given twice"),
        ("tz: Europe/Berlin", "tz: Europe/Bonn", "there is no time zone 'Europe/Bonn'"),
        ("id: C0ALERTS", "id: alerts", "channels.1.id"),
        ("bot_is_member: true", "bot_is_membr: true", "channels.0.bot_is_membr: Extra inputs are not permitted"),
        ("team: {", "team: }", "cannot be read as YAML"),
    ],
)
def test_a_wrong_workspace_file_is_told_in_a_sentence(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    text = WORKSPACE.read_text(encoding="utf-8")
    assert old in text
    wrong = tmp_path / "workspace.yml"
    wrong.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(RosterError) as refused:
        read_roster(wrong)
    assert sentence in str(refused.value)
