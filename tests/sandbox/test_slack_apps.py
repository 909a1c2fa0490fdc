"""Several apps side by side, and the life of an installation (behaviours 15 and 25)."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from slack_bolt.async_app import AsyncApp
from slack_office import ANA, INCIDENTS, Office, served
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

OTHER: dict[str, Any] = {
    "display_information": {"name": "Clerk"},
    "features": {
        "bot_user": {"display_name": "clerk"},
        "app_home": {"home_tab_enabled": True},
        "slash_commands": [{"command": "/incident", "description": "Mine now"}],
    },
    "oauth_config": {"scopes": {"bot": ["commands", "chat:write", "users:read"], "bot_optional": ["channels:read"]}},
    "settings": {
        "event_subscriptions": {"bot_events": ["message.channels", "app_uninstalled", "tokens_revoked"]},
        "token_rotation_enabled": True,
        "org_deploy_enabled": True,
    },
}


async def test_an_app_is_installed_beside_the_first_with_secrets_of_its_own(office: Office) -> None:
    app = (await office.do("apps", manifest=OTHER))["app"]
    first = (await office.state())["app"]
    own = ("bot_token", "app_token", "signing_secret", "client_secret", "app_id", "bot_user_id")
    assert [name for name in own if app[name] == first[name]] == []
    client = AsyncWebClient(token=app["bot_token"], base_url=f"{office.sandbox.url}/api/")
    assert (await client.auth_test())["user_id"] == app["bot_user_id"]
    assert [one["name"] for one in (await office.state())["apps"]] == ["Plantão", "Clerk"]


async def test_the_last_installed_app_takes_the_command_and_answers_it_over_http(office: Office) -> None:
    app = (await office.do("apps", manifest=OTHER, channels=["incidents"]))["app"]
    client = AsyncWebClient(token=app["bot_token"], base_url=f"{office.sandbox.url}/api/")
    bolt = AsyncApp(client=client, signing_secret=app["signing_secret"])

    @bolt.command("/incident")
    async def incident(ack: Any, respond: Any) -> None:
        await ack("filed")
        await respond("twice")

    async with served(bolt.web_app(path="/slack/events")) as url:
        await office.do("app", app="Clerk", request_url=f"{url}/slack/events")
        told = await office.do("command", user="ana", channel="incidents", text="/incident")
        assert (told["ack"], told["delivery"]["app_id"]) == ("filed", app["app_id"])
        state = await office.until(lambda state: len(state["ephemerals"].get(ANA, [])) == 2)
    assert {one["bot_id"] for one in state["ephemerals"][ANA]} == {app["bot_id"]}
    assert state["app"]["transport"] == "socket", "the first app stays where it was"


async def test_each_app_hears_the_channels_its_bot_is_in(office: Office) -> None:
    app = (await office.do("apps", manifest=OTHER, channels=["general"]))["app"]
    await office.do("message", user="ana", channel="incidents", text="for the first")
    await office.do("message", user="ana", channel="general", text="for the second")
    state = await office.until(lambda state: len({one["app_id"] for one in state["deliveries"]}) == 2)
    first = {one["app_id"] for one in state["deliveries"]} - {app["app_id"]}
    assert first == {"A0PLANTAO"}


async def test_a_button_speaks_to_the_app_that_posted_it(office: Office) -> None:
    other = await office.install(OTHER, channels=["incidents"])
    blocks = [{"type": "actions", "elements": [{"type": "button", "action_id": "go", "text": text("Go")}]}]
    ts = (await other.chat_postMessage(channel=INCIDENTS, text="x", blocks=blocks))["ts"]
    told = await office.do("click", user="ana", channel="incidents", ts=ts, action_id="go")
    assert told["delivery"]["app_id"] == (await office.state())["apps"][1]["app_id"]
    assert await office.error_of(office.client.chat_delete(channel=INCIDENTS, ts=ts)) == "cant_delete_message"


async def test_each_app_publishes_a_home_tab_of_its_own(office: Office) -> None:
    other = await office.install(OTHER)
    for client in (office.client, other):
        await client.views_publish(user_id=ANA, view={"type": "home", "blocks": [{"type": "divider"}]})
    homes = [one["homes"][ANA]["app_id"] for one in (await office.state())["apps"]]
    assert len(set(homes)) == 2


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({}, "manifest: Field required"),
        ({"manifest": {"features": []}}, "manifest.features: "),
        ({"manifest": OTHER, "request_url": "https://example.org"}, "request_url: String should match"),
    ],
)
async def test_an_app_that_makes_no_sense_is_not_installed(office: Office, body: dict[str, Any], sentence: str) -> None:
    status, told = await office.refused("apps", **body)
    assert (status, told[: len(sentence)]) == (400, sentence)
    assert len((await office.state())["apps"]) == 1


async def test_a_code_is_exchanged_once_for_a_token_that_rotates(office: Office) -> None:
    app = (await office.do("apps", manifest=OTHER))["app"]
    code = (await office.do("authorize", user="ana", app="Clerk"))["code"]
    granted = await exchange(office, app, code=code)
    assert (granted["token_type"], granted["expires_in"], granted["app_id"]) == ("bot", 43_200, app["app_id"])
    assert await office.error_of(exchange(office, app, code=code)) == "invalid_code"
    assert await office.error_of(exchange(office, app, code="x", client_secret="guess")) == "bad_client_secret"

    bearer = AsyncWebClient(token=granted["access_token"], base_url=f"{office.sandbox.url}/api/")
    assert (await bearer.auth_test())["ok"]
    await office.do("clock", advance=43_200)
    assert await office.error_of(bearer.auth_test()) == "token_expired"

    refresh = {"grant_type": "refresh_token", "refresh_token": granted["refresh_token"]}
    racing = await asyncio.gather(*(exchange(office, app, **refresh) for _ in range(2)), return_exceptions=True)
    (renewed,) = [one for one in racing if not isinstance(one, BaseException)]
    (loser,) = [one for one in racing if isinstance(one, SlackApiError)]
    assert loser.response["error"] == "invalid_refresh_token"
    bearer.token = renewed["access_token"]
    assert (await bearer.auth_test())["ok"]


async def test_a_scope_that_was_declined_is_missing(office: Office) -> None:
    app = (await office.do("apps", manifest=OTHER))["app"]
    client = AsyncWebClient(token=app["bot_token"], base_url=f"{office.sandbox.url}/api/")
    assert (await client.conversations_list())["ok"]
    code = (await office.do("authorize", user="ana", app="Clerk", declined=["channels:read"]))["code"]
    await exchange(office, app, code=code)
    refusal = await office.refusal_of(client.conversations_list())
    assert (refusal["error"], refusal["provided"]) == ("missing_scope", "chat:write,commands,users:read")
    status, sentence = await office.refused("authorize", user="ana", app="Clerk", declined=["chat:write"])
    assert (status, sentence) == (400, "only optional scopes can be declined, not chat:write")


async def test_an_org_wide_token_must_name_the_workspace(office: Office) -> None:
    app = (await office.do("apps", manifest=OTHER))["app"]
    code = (await office.do("authorize", user="ana", app="Clerk", org=True))["code"]
    granted = await exchange(office, app, code=code)
    assert (granted["is_enterprise_install"], granted["team"]) == (True, None)
    client = AsyncWebClient(token=granted["access_token"], base_url=f"{office.sandbox.url}/api/")
    assert await office.error_of(client.conversations_list()) == "missing_argument"
    assert (await client.conversations_list(team_id="T0PLANTAO"))["ok"]


async def test_an_uninstalled_app_hears_of_it_and_is_gone(office: Office) -> None:
    app = (await office.do("apps", manifest=OTHER, channels=["general"]))["app"]
    client = AsyncWebClient(token=app["bot_token"], base_url=f"{office.sandbox.url}/api/")
    heard: list[str] = []
    bolt = AsyncApp(client=client, signing_secret=app["signing_secret"])

    for kind in ("message", "app_uninstalled", "tokens_revoked"):
        bolt.event(kind)(hearing(heard))

    async with served(bolt.web_app(path="/slack/events")) as url:
        await office.do("app", app="Clerk", request_url=f"{url}/slack/events")
        await office.do("message", user="ana", channel="general", text="x")
        await office.until(lambda _: heard == ["message"])
        await office.do("uninstall", app="Clerk")
        state = await office.until(lambda _: len(heard) == 3)
    assert set(heard) == {"message", "app_uninstalled", "tokens_revoked"}
    assert await office.error_of(client.auth_test()) == "token_revoked"
    assert [one["command"] for one in state["commands"]] == ["/incident", "/plain"]
    assert state["apps"][1]["is_installed"] is False


async def test_an_app_can_end_its_own_installation(office: Office) -> None:
    app = (await office.do("apps", manifest=OTHER))["app"]
    client = AsyncWebClient(token=app["bot_token"], base_url=f"{office.sandbox.url}/api/")
    assert (await client.auth_revoke(test=True))["revoked"] is False
    first = office.sandbox.app
    foreign = client.apps_uninstall(client_id=first.client_id, client_secret=first.client_secret)
    assert await office.error_of(foreign) == "client_id_token_mismatch"
    await office.do("clock", advance=60)
    await client.apps_uninstall(client_id=app["client_id"], client_secret=app["client_secret"])
    assert await office.error_of(client.auth_test()) == "token_revoked"


async def test_revoked_tokens_and_a_deactivated_bot_are_told_apart(office: Office) -> None:
    await office.do("revoke")
    assert await office.error_of(office.client.auth_test()) == "token_revoked"
    await office.do("deactivate")
    assert await office.error_of(office.client.auth_test()) == "account_inactive"


def hearing(heard: list[str]) -> Callable[..., Awaitable[None]]:
    async def hear(event: dict[str, Any]) -> None:
        heard.append(event["type"])

    return hear


def exchange(office: Office, app: dict[str, Any], **more: str) -> Awaitable[Any]:
    """The synchronous client: the other one warns of its own way to authenticate."""
    client = WebClient(base_url=f"{office.sandbox.url}/api/")
    who = {"client_id": app["client_id"], "client_secret": app["client_secret"]}
    return asyncio.to_thread(client.oauth_v2_access, **(who | more))


def text(words: str) -> dict[str, str]:
    return {"type": "plain_text", "text": words}
