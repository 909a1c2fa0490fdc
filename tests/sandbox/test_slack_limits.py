"""Rate limits by method, app and channel, as they are without anybody asking for them (behaviour 17)."""

import pytest
from slack_office import ALERTS, INCIDENTS, Office
from slack_sdk.errors import SlackApiError


async def post(office: Office, times: int, channel: str = INCIDENTS) -> None:
    for n in range(times):
        await office.client.chat_postMessage(channel=channel, text=str(n))


async def test_a_channel_takes_a_burst_and_then_one_message_a_second(office: Office) -> None:
    await post(office, 10)
    with pytest.raises(SlackApiError) as limited:
        await post(office, 1)
    response = limited.value.response
    assert (response.status_code, response["error"], response.headers["Retry-After"]) == (429, "ratelimited", "1")
    await post(office, 1, ALERTS)
    await office.do("clock", advance=1)
    await post(office, 1)
    assert await office.error_of(post(office, 1)) == "ratelimited"
    assert len(await office.messages()) == 11


async def test_a_tier_two_method_is_limited_after_a_minutes_budget(office: Office) -> None:
    for _ in range(20):
        await office.client.conversations_list(limit=10)
    assert await office.error_of(office.client.conversations_list(limit=10)) == "ratelimited"
    assert (await office.client.users_info(user="U0ANA"))["ok"], "other methods are not affected"
    await office.do("clock", advance=60)
    assert (await office.client.conversations_list(limit=10))["ok"]


async def test_a_list_without_a_limit_costs_twice(office: Office) -> None:
    for _ in range(10):
        await office.client.conversations_list()
    assert await office.error_of(office.client.conversations_list()) == "ratelimited"


async def test_apps_have_budgets_of_their_own(office: Office) -> None:
    other = await office.install({"oauth_config": {"scopes": {"bot": ["chat:write"]}}}, channels=["incidents"])
    await post(office, 10)
    assert await office.error_of(post(office, 1)) == "ratelimited"
    assert (await other.chat_postMessage(channel=INCIDENTS, text="mine"))["ok"]


async def test_the_limits_can_be_switched_off(office: Office) -> None:
    await office.do("faults", strict_rates=False)
    await post(office, 30)
    assert len(await office.messages()) == 30


async def test_the_history_profile_gives_fifteen_messages_once_a_minute(office: Office) -> None:
    await office.do("faults", strict_rates=False, limited_history=True)
    await post(office, 20)
    page = await office.client.conversations_history(channel=INCIDENTS, limit=100)
    assert (len(page["messages"]), page["has_more"]) == (15, True)
    assert await office.error_of(office.client.conversations_history(channel=INCIDENTS)) == "ratelimited"
    await office.do("clock", advance=60)
    assert (await office.client.conversations_history(channel=INCIDENTS))["ok"]
