"""The rarer methods: channel life, marks, user groups, canvases, later messages, checks of blocks."""

import json
from typing import Any

import pytest
from slack_office import ALERTS, ANA, BRUNO, CLARA, INCIDENTS, OTTO, Office

Json = dict[str, Any]


async def test_a_channel_is_renamed_described_left_and_brought_back(office: Office) -> None:
    client = office.client
    channel = (await client.conversations_create(name="inc-1"))["channel"]["id"]
    assert await office.error_of(client.conversations_rename(channel=channel, name="alerts")) == "name_taken"
    assert await office.error_of(client.conversations_rename(channel=channel, name="!!")) == "invalid_name_punctuation"
    renamed = await client.conversations_rename(channel=channel, name="inc-1-checkout")
    assert renamed["channel"]["name"] == "inc-1-checkout"
    assert (await client.conversations_setPurpose(channel=channel, purpose="p"))["purpose"] == "p"
    assert await office.error_of(client.conversations_setPurpose(channel=channel, purpose="x" * 251)) == "too_long"
    await client.conversations_invite(channel=channel, users=ANA)
    await client.conversations_kick(channel=channel, user=ANA)
    assert await office.error_of(client.conversations_kick(channel=channel, user=ANA)) == "not_in_channel"
    assert await office.error_of(client.conversations_unarchive(channel=channel)) == "not_archived"
    await client.conversations_archive(channel=channel)
    await client.conversations_unarchive(channel=channel)
    assert (await client.conversations_leave(channel=channel))["ok"]
    assert (await client.conversations_leave(channel=channel))["not_in_channel"] is True


async def test_a_bot_that_was_put_out_can_post_no_more(office: Office) -> None:
    await office.do("kick", user="ana", channel="incidents", member="plantao")
    posting = office.client.chat_postMessage(channel=INCIDENTS, text="x")
    assert await office.error_of(posting) == "not_in_channel"
    await office.do("invite", user="ana", channel="incidents", member="plantao")
    assert (await office.client.chat_postMessage(channel=INCIDENTS, text="x"))["ok"]


async def test_a_direct_message_is_closed_once(office: Office) -> None:
    channel = (await office.client.conversations_open(users=ANA))["channel"]["id"]
    assert "already_closed" not in (await office.client.conversations_close(channel=channel)).data
    assert (await office.client.conversations_close(channel=channel))["already_closed"] is True
    closing = office.client.conversations_close(channel=INCIDENTS)
    assert await office.error_of(closing) == "method_not_supported_for_channel_type"


async def test_a_user_group_is_replaced_as_a_whole_and_never_emptied(office: Office) -> None:
    client = office.client
    await client.usergroups_users_update(usergroup="S0ONCALL", users=[BRUNO, OTTO])
    assert (await client.usergroups_users_list(usergroup="S0ONCALL"))["users"] == [BRUNO, OTTO]
    empty = client.usergroups_users_update(usergroup="S0ONCALL", users="")
    assert await office.error_of(empty) == "no_users_provided"
    strangers = client.usergroups_users_update(usergroup="S0ONCALL", users=[ANA, "U404"])
    assert await office.error_of(strangers) == "invalid_users"
    assert (await client.usergroups_users_list(usergroup="S0ONCALL"))["users"] == [BRUNO, OTTO]


@pytest.mark.parametrize("error", ["permission_denied", "plan_upgrade_required"])
async def test_the_policy_of_a_workspace_can_refuse_user_groups(office: Office, error: str) -> None:
    await office.do("faults", method="usergroups.users.update", kind="error", error=error)
    refused = office.client.usergroups_users_update(usergroup="S0ONCALL", users=[BRUNO])
    assert await office.error_of(refused) == error
    assert (await office.client.usergroups_users_list(usergroup="S0ONCALL"))["users"] == [ANA, CLARA]


async def test_a_user_group_is_made_and_described(office: Office) -> None:
    made = (await office.client.usergroups_create(name="Night Shift"))["usergroup"]
    assert (made["handle"], made["users"]) == ("night-shift", [])
    again = office.client.usergroups_create(name="Night Shift")
    assert await office.error_of(again) == "name_already_exists"
    changed = await office.client.usergroups_update(usergroup=made["id"], description="the late ones")
    assert changed["usergroup"]["description"] == "the late ones"


async def test_reactions_pins_and_bookmarks_are_read_and_taken_back(office: Office) -> None:
    client = office.client
    ts = (await client.chat_postMessage(channel=INCIDENTS, text="x"))["ts"]
    await client.reactions_add(channel=INCIDENTS, timestamp=ts, name="fire")
    assert (await client.reactions_get(channel=INCIDENTS, timestamp=ts))["message"]["reactions"][0]["name"] == "fire"
    await client.reactions_remove(channel=INCIDENTS, timestamp=ts, name="fire")
    again = client.reactions_remove(channel=INCIDENTS, timestamp=ts, name="fire")
    assert await office.error_of(again) == "no_reaction"
    await client.pins_add(channel=INCIDENTS, timestamp=ts)
    assert [one["message"]["ts"] for one in (await client.pins_list(channel=INCIDENTS))["items"]] == [ts]
    await client.pins_remove(channel=INCIDENTS, timestamp=ts)
    assert await office.error_of(client.pins_remove(channel=INCIDENTS, timestamp=ts)) == "no_pin"
    mark = (await client.bookmarks_add(channel_id=INCIDENTS, title="a", type="link", link="https://a.example"))[
        "bookmark"
    ]
    edited = await client.bookmarks_edit(bookmark_id=mark["id"], channel_id=INCIDENTS, title="b")
    assert (edited["bookmark"]["title"], edited["bookmark"]["link"]) == ("b", "https://a.example")
    assert [one["title"] for one in (await client.bookmarks_list(channel_id=INCIDENTS))["bookmarks"]] == ["b"]
    await client.bookmarks_remove(bookmark_id=mark["id"], channel_id=INCIDENTS)
    gone = client.bookmarks_remove(bookmark_id=mark["id"], channel_id=INCIDENTS)
    assert await office.error_of(gone) == "not_found"


async def test_people_are_here_and_have_profiles_and_channels(office: Office) -> None:
    client = office.client
    assert (await client.users_getPresence(user=ANA))["presence"] == "active"
    assert (await client.users_profile_get(user=ANA))["profile"]["title"] == "on-call"
    mine = [one["name"] for one in (await client.users_conversations())["channels"]]
    assert mine == ["incidents", "alerts"]
    assert (await client.dnd_info(user=ANA))["dnd_enabled"] is False
    assert await office.error_of(client.dnd_info(user="U404")) == "user_not_found"


async def test_a_canvas_grows_section_by_section(office: Office) -> None:
    client = office.client
    content = {"type": "markdown", "markdown": "# Review\n\nWhat happened"}
    canvas = (await client.canvases_create(title="INC-1", document_content=content))["canvas_id"]
    headings = await client.canvases_sections_lookup(canvas_id=canvas, criteria={"section_types": ["any_header"]})
    (heading,) = headings["sections"]
    more = {"type": "markdown", "markdown": "Timeline"}
    change = {"operation": "insert_after", "section_id": heading["id"], "document_content": more}
    await client.canvases_edit(canvas_id=canvas, changes=[change])
    found = await client.canvases_sections_lookup(canvas_id=canvas, criteria={"contains_text": "Timeline"})
    assert len(found["sections"]) == 1
    two = client.canvases_edit(canvas_id=canvas, changes=[change, change])
    assert await office.error_of(two) == "invalid_arguments"
    lost = client.canvases_edit(canvas_id=canvas, changes=[change | {"section_id": "temp:C:404"}])
    assert await office.error_of(lost) == "canvas_editing_failed"
    await office.do("faults", method="canvases.edit", kind="error", error="canvas_editing_locked")
    locked = client.canvases_edit(canvas_id=canvas, changes=[change])
    assert await office.error_of(locked) == "canvas_editing_locked"
    await client.canvases_delete(canvas_id=canvas)
    assert await office.error_of(client.canvases_delete(canvas_id=canvas)) == "canvas_not_found"


async def test_a_channel_has_one_canvas(office: Office) -> None:
    content = {"type": "markdown", "markdown": "# Who does what"}
    made = await office.client.conversations_canvases_create(channel_id=INCIDENTS, document_content=content)
    assert made["canvas_id"]
    second = office.client.conversations_canvases_create(channel_id=INCIDENTS, document_content=content)
    assert await office.error_of(second) == "channel_canvas_already_exists"


async def test_a_scheduled_message_goes_out_when_its_time_has_come(office: Office) -> None:
    soon = int(office.sandbox.clock.now()) + 600
    made = await office.client.chat_scheduleMessage(channel=INCIDENTS, post_at=soon, text="handoff in 5 minutes")
    listed = await office.client.chat_scheduledMessages_list(channel=INCIDENTS)
    assert [one["id"] for one in listed["scheduled_messages"]] == [made["scheduled_message_id"]]
    assert await office.messages() == []
    await office.do("clock", advance=601)
    await office.until(lambda state: any(row["messages"] for row in state["channels"]))
    assert [one["text"] for one in await office.messages()] == ["handoff in 5 minutes"]
    late = office.client.chat_deleteScheduledMessage(
        channel=INCIDENTS, scheduled_message_id=made["scheduled_message_id"]
    )
    assert await office.error_of(late) == "invalid_scheduled_message_id"


async def test_a_scheduled_message_can_be_taken_back(office: Office) -> None:
    soon = int(office.sandbox.clock.now()) + 600
    made = await office.client.chat_scheduleMessage(channel=ALERTS, post_at=soon, text="never")
    await office.client.chat_deleteScheduledMessage(channel=ALERTS, scheduled_message_id=made["scheduled_message_id"])
    await office.do("clock", advance=700)
    assert (await office.client.chat_scheduledMessages_list())["scheduled_messages"] == []
    assert await office.messages(ALERTS) == []


async def test_a_message_cannot_be_scheduled_for_the_past_or_for_next_year(office: Office) -> None:
    now = int(office.sandbox.clock.now())
    for post_at, error in ((now - 1, "time_in_past"), (now + 121 * 86_400, "time_too_far")):
        late = office.client.chat_scheduleMessage(channel=INCIDENTS, post_at=post_at, text="x")
        assert await office.error_of(late) == error


async def test_thirty_messages_are_the_most_in_five_minutes(office: Office) -> None:
    soon = (int(office.sandbox.clock.now()) // 300 + 3) * 300
    for n in range(30):
        await office.client.chat_scheduleMessage(channel=INCIDENTS, post_at=soon + n, text="x")
    crowd = office.client.chat_scheduleMessage(channel=INCIDENTS, post_at=soon + 31, text="x")
    assert await office.error_of(crowd) == "restricted_too_many"
    assert (await office.client.chat_scheduleMessage(channel=INCIDENTS, post_at=soon + 300, text="x"))["ok"]


async def test_blocks_are_validated_without_being_sent(office: Office) -> None:
    client = office.client
    assert (await client.blocks_validate(blocks=json.dumps([{"type": "divider"}])))["ok"]
    bad = client.blocks_validate(blocks=json.dumps([{"type": "divider"}, {"type": "marquee"}]))
    refusal = await office.refusal_of(bad)
    assert (refusal["error"], refusal["errors"][0]["pointer"]) == ("invalid_blocks", "/blocks/1/type")
    both = client.blocks_validate(blocks="[]", message="{}")
    assert await office.error_of(both) == "invalid_arguments"
    assert await office.messages() == []


async def test_a_shared_file_is_described_and_shown(office: Office) -> None:
    done = await office.client.files_upload_v2(channel=INCIDENTS, content="line 1", filename="log.txt")
    shown = (await office.client.files_info(file=done["files"][0]["id"]))["file"]
    async with office.session.get(shown["url_private"]) as response:
        assert (response.status, await response.text()) == (200, "line 1")
        assert response.headers["X-Content-Type-Options"] == "nosniff"
    async with office.session.get(f"{office.sandbox.url}/file/F404") as response:
        assert response.status == 404
    assert await office.error_of(office.client.files_info(file="F404")) == "file_not_found"


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"limit": "many"}, "invalid_arguments"),
        ({"exclude_archived": "perhaps"}, "invalid_arguments"),
        ({"types[0]": "im"}, "invalid_array_arg"),
        ({"li-mit": "1"}, "invalid_arg_name"),
    ],
)
async def test_an_argument_of_the_wrong_kind_is_refused(office: Office, arguments: Json, error: str) -> None:
    assert await office.error_of(office.client.api_call("conversations.list", data=arguments)) == error


async def test_a_body_of_an_unknown_type_is_refused(office: Office) -> None:
    headers = {"Authorization": f"Bearer {office.client.token}", "Content-Type": "application/xml"}
    async with office.session.post(f"{office.sandbox.url}/api/auth.test", data=b"<x/>", headers=headers) as response:
        assert (await response.json())["error"] == "invalid_post_type"
