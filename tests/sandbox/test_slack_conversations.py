"""Channels, people, groups, marks and files through the SDK."""

import pytest
from slack_office import ALERTS, ANA, BRUNO, CLARA, GENERAL, INCIDENTS, OTTO, Office


async def test_channels_are_listed_page_by_page(office: Office) -> None:
    rows = [row async for page in await office.client.conversations_list(limit=2) for row in page["channels"]]
    assert [row["name"] for row in rows] == ["incidents", "alerts", "general"]
    assert [row["is_member"] for row in rows] == [True, True, False]
    assert len((await office.state())["calls"]) == 2


async def test_a_rotten_cursor_is_refused(office: Office) -> None:
    assert await office.error_of(office.client.conversations_list(cursor="%%%")) == "invalid_cursor"


async def test_members_and_info_agree(office: Office) -> None:
    members = (await office.client.conversations_members(channel=INCIDENTS))["members"]
    info = await office.client.conversations_info(channel=INCIDENTS, include_num_members=True)
    assert set(members) == {ANA, BRUNO, CLARA, OTTO, "U0PLANTAO"}
    assert info["channel"]["num_members"] == len(members)


async def test_a_channel_for_an_incident_is_made_filled_and_archived(office: Office) -> None:
    client = office.client
    made = (await client.conversations_create(name="inc-42"))["channel"]["id"]
    await client.conversations_invite(channel=made, users=[ANA, BRUNO])
    await client.conversations_setTopic(channel=made, topic="P1: checkout down")
    info = (await client.conversations_info(channel=made))["channel"]
    assert (info["name"], info["topic"]["value"]) == ("inc-42", "P1: checkout down")
    await client.conversations_archive(channel=made)
    assert await office.error_of(client.conversations_archive(channel=made)) == "already_archived"
    left = await client.conversations_list(exclude_archived=True)
    assert made not in [row["id"] for row in left["channels"]]


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("incidents", "name_taken"),
        ("", "invalid_name_required"),
        ("x" * 81, "invalid_name_maxlength"),
        ("INC-1", "invalid_name_specials"),
        ("---", "invalid_name_punctuation"),
    ],
)
async def test_a_bad_channel_name_is_refused(office: Office, name: str, error: str) -> None:
    assert await office.error_of(office.client.conversations_create(name=name)) == error


async def test_one_bad_guest_spoils_an_invitation_unless_it_is_forced(office: Office) -> None:
    made = (await office.client.conversations_create(name="inc-1"))["channel"]["id"]
    invite = office.client.conversations_invite
    assert await office.error_of(invite(channel=made, users=[ANA, "U404"])) == "user_not_found"
    await invite(channel=made, users=[ANA, "U404"], force=True)
    assert await office.error_of(invite(channel=made, users=[ANA])) == "already_in_channel"
    assert await office.error_of(invite(channel=made, users=["U0PLANTAO"])) == "cant_invite_self"


async def test_history_of_a_channel_needs_membership(office: Office) -> None:
    assert await office.error_of(office.client.conversations_history(channel=GENERAL)) == "not_in_channel"
    await office.client.conversations_join(channel=GENERAL)
    assert (await office.client.conversations_history(channel=GENERAL))["messages"] == []


async def test_history_keeps_to_its_bounds(office: Office) -> None:
    stamps = [(await office.client.chat_postMessage(channel=ALERTS, text=str(n)))["ts"] for n in range(4)]
    inside = await office.client.conversations_history(channel=ALERTS, oldest=stamps[0], latest=stamps[3])
    whole = await office.client.conversations_history(
        channel=ALERTS, oldest=stamps[0], latest=stamps[3], inclusive=True, limit=3
    )
    assert [one["text"] for one in inside["messages"]] == ["2", "1"]
    assert ([one["text"] for one in whole["messages"]], whole["has_more"]) == (["3", "2", "1"], True)


async def test_metadata_is_read_in_full_only_when_asked_for(office: Office) -> None:
    metadata = {"event_type": "incident", "event_payload": {"id": "INC-1"}}
    await office.client.chat_postMessage(channel=INCIDENTS, text="x", metadata=metadata)
    short = await office.client.conversations_history(channel=INCIDENTS)
    full = await office.client.conversations_history(channel=INCIDENTS, include_all_metadata=True)
    assert short["messages"][0]["metadata"] == {"event_type": "incident"}
    assert full["messages"][0]["metadata"] == metadata


async def test_a_direct_message_opens_once(office: Office) -> None:
    first = (await office.client.conversations_open(users=[ANA]))["channel"]["id"]
    again = await office.client.conversations_open(users=[ANA], return_im=True)
    assert (again["channel"]["id"], again["channel"]["user"]) == (first, ANA)
    assert await office.error_of(office.client.api_call("conversations.open")) == "users_list_not_supplied"


async def test_people_have_a_locale_when_asked_and_an_address(office: Office) -> None:
    ana = (await office.client.users_info(user=ANA, include_locale=True))["user"]
    found = (await office.client.users_lookupByEmail(email="Ana@plantao-demo.example"))["user"]
    short = (await office.client.users_info(user=ANA))["user"]
    assert (ana["locale"], ana["tz"], ana["tz_offset"]) == ("pt-BR", "America/Sao_Paulo", -10_800)
    assert found["id"] == ANA
    assert "locale" not in short
    assert await office.error_of(office.client.users_lookupByEmail(email="x@y.z")) == "users_not_found"


async def test_everybody_is_listed_the_bot_too(office: Office) -> None:
    pages = await office.client.users_list(limit=2, include_locale=True)
    people = {row["name"]: row async for page in pages for row in page["members"]}
    assert list(people) == ["ana", "bruno", "clara", "otto", "plantao"]
    assert (people["plantao"]["is_bot"], people["otto"]["locale"]) == (True, "en-US")


async def test_user_groups_tell_their_members_when_asked(office: Office) -> None:
    full = (await office.client.usergroups_list(include_users=True))["usergroups"]
    short = (await office.client.usergroups_list())["usergroups"]
    assert {row["handle"]: row["users"] for row in full} == {"oncall": [ANA, CLARA], "tech-leads": [BRUNO]}
    assert "users" not in short[0]
    assert (await office.client.usergroups_users_list(usergroup="S0LEADS"))["users"] == [BRUNO]
    assert await office.error_of(office.client.usergroups_users_list(usergroup="S404")) == "no_such_subteam"


async def test_reactions_pins_and_bookmarks_are_kept_once(office: Office) -> None:
    client = office.client
    ts = (await client.chat_postMessage(channel=INCIDENTS, text="x"))["ts"]
    await client.reactions_add(channel=INCIDENTS, timestamp=ts, name="fire")
    await client.pins_add(channel=INCIDENTS, timestamp=ts)
    await client.bookmarks_add(channel_id=INCIDENTS, title="Runbook", type="link", link="https://example.org")
    again = client.reactions_add(channel=INCIDENTS, timestamp=ts, name="fire")
    assert await office.error_of(again) == "already_reacted"
    assert await office.error_of(client.pins_add(channel=INCIDENTS, timestamp=ts)) == "already_pinned"
    row = next(row for row in (await office.state())["channels"] if row["id"] == INCIDENTS)
    assert row["messages"][0]["reactions"] == [{"name": "fire", "users": ["U0PLANTAO"], "count": 1}]
    assert (row["pins"], row["bookmarks"][0]["title"]) == ([ts], "Runbook")


async def test_a_file_is_uploaded_in_three_steps_and_shared(office: Office) -> None:
    done = await office.client.files_upload_v2(
        channel=INCIDENTS, content="line 1\nline 2", filename="log.txt", title="The log", initial_comment="evidence"
    )
    (shown,) = await office.messages()
    assert (shown["text"], shown["files"][0]["title"], shown["files"][0]["size"]) == ("evidence", "The log", 13)
    assert shown["files"][0]["id"] == done["files"][0]["id"]


async def test_a_file_that_was_never_sent_cannot_be_shared(office: Office) -> None:
    announced = await office.client.files_getUploadURLExternal(filename="a.txt", length=3)
    async with office.session.post(announced["upload_url"], data=b"four") as response:
        assert response.status == 400
    complete = office.client.files_completeUploadExternal(files=[{"id": announced["file_id"]}], channel_id=INCIDENTS)
    assert await office.error_of(complete) == "file_not_found"


async def test_the_team_and_the_bot_introduce_themselves(office: Office) -> None:
    assert (await office.client.team_info())["team"]["domain"] == "plantao-demo"
    assert (await office.client.bots_info(bot="B0PLANTAO"))["bot"]["user_id"] == "U0PLANTAO"
    assert await office.error_of(office.client.bots_info(bot="B404")) == "bot_not_found"
