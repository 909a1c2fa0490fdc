"""Who would be pinged: the pure reading, and its record through the front door."""

from typing import Any

import pytest
from slack_office import ANA, BRUNO, CLARA, INCIDENTS, OTTO, Office

from sandbox.slack.notify import Audience, Notified, who_is_notified

EVERYBODY = (ANA, BRUNO, CLARA, OTTO)
GROUPS = {"S0ONCALL": (ANA, CLARA)}
AUDIENCE = Audience(EVERYBODY, lambda group: GROUPS.get(group, ()))


def mrkdwn(text: str, **more: Any) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, **more}}


def rich(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": list(elements)}]}


@pytest.mark.parametrize(
    ("text", "users", "broadcast"),
    [
        ("<@U0ANA> and <@U0BRUNO|bruno>, <@U0ANA> again", (ANA, BRUNO), ()),
        ("<!subteam^S0ONCALL|@oncall>", (ANA, CLARA), ()),
        ("<!here> look", EVERYBODY, ("here",)),
        ("<!channel|channel>", EVERYBODY, ("channel",)),
        ("&lt;@U0ANA&gt; &lt;!channel&gt;", (), ()),
        ("@ana @here @channel", (), ()),
        ("<#C0GENERAL> <https://example.org/@here|@here>", (), ()),
        ("<!date^1^{date}|@here>", (), ()),
    ],
)
def test_text_pings_by_its_entities(text: str, users: tuple[str, ...], broadcast: tuple[str, ...]) -> None:
    assert who_is_notified(text, [], AUDIENCE) == Notified(users, broadcast)


def test_bare_words_ping_when_names_are_linked() -> None:
    assert who_is_notified("hi @here", [], AUDIENCE, names_are_linked=True).broadcast == ("here",)
    assert who_is_notified("mail me@here.example", [], AUDIENCE, names_are_linked=True).broadcast == ()


@pytest.mark.parametrize(
    ("block", "notified"),
    [
        (mrkdwn("<@U0ANA>"), Notified((ANA,))),
        (mrkdwn("from an alert: @channel"), Notified(EVERYBODY, ("channel",))),
        (mrkdwn("from an alert: @channel", verbatim=True), Notified()),
        (mrkdwn("<!here>", verbatim=True), Notified(EVERYBODY, ("here",))),
        ({"type": "header", "text": {"type": "plain_text", "text": "<@U0ANA> @here"}}, Notified()),
        (rich({"type": "user", "user_id": ANA}), Notified((ANA,))),
        (rich({"type": "usergroup", "usergroup_id": "S0ONCALL"}), Notified((ANA, CLARA))),
        (rich({"type": "broadcast", "range": "channel"}), Notified(EVERYBODY, ("channel",))),
        (rich({"type": "text", "text": "<@U0ANA> @here"}), Notified()),
        ({"type": "actions", "elements": [{"confirm": {"text": {"type": "mrkdwn", "text": "<@U0ANA>"}}}]}, Notified()),
    ],
)
def test_blocks_ping_by_what_they_are(block: dict[str, Any], notified: Notified) -> None:
    assert who_is_notified("fallback", [block], AUDIENCE) == notified


async def test_a_post_records_whom_it_pings(office: Office) -> None:
    posted = await office.client.chat_postMessage(channel=INCIDENTS, text="<!subteam^S0ONCALL> and @here")
    assert (await office.state())["notified"] == [
        {"channel": INCIDENTS, "ts": posted["ts"], "user_ids": [ANA, CLARA], "broadcast": []}
    ]


async def test_linked_names_ping_the_channel(office: Office) -> None:
    await office.client.chat_postMessage(channel=INCIDENTS, text="@here", link_names=True)
    (row,) = (await office.state())["notified"]
    assert (sorted(row["user_ids"]), row["broadcast"]) == (sorted(EVERYBODY), ["here"])


async def test_escaped_text_ephemerals_and_edits_ping_nobody(office: Office) -> None:
    posted = await office.client.chat_postMessage(channel=INCIDENTS, text="&lt;!channel&gt; &lt;@U0ANA&gt;")
    await office.client.chat_update(channel=INCIDENTS, ts=posted["ts"], text="<@U0ANA>")
    await office.client.chat_postEphemeral(channel=INCIDENTS, user=ANA, text="<@U0BRUNO>")
    assert (await office.state())["notified"] == []
