"""Block Kit's limits, met through chat.postMessage and views.publish."""

from typing import Any

import pytest
from slack_office import ANA, INCIDENTS, Office

from sandbox.slack.blockkit import message_problems, view_problems


def plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": text}


def section(text: str = "x", **more: Any) -> dict[str, Any]:
    return {"type": "section", "text": mrkdwn(text), **more}


def button(**more: Any) -> dict[str, Any]:
    return {"type": "button", "text": plain("Go"), **more}


def actions(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"type": "actions", "elements": list(elements)}


def accessory(element: dict[str, Any]) -> dict[str, Any]:
    return section(accessory=element)


def options(count: int) -> list[dict[str, Any]]:
    return [{"text": plain(str(n)), "value": str(n)} for n in range(count)]


def select(**more: Any) -> dict[str, Any]:
    return {"type": "static_select", "options": options(1), **more}


def confirm(**more: Any) -> dict[str, Any]:
    return {"title": plain("t"), "text": mrkdwn("t"), "confirm": plain("y"), "deny": plain("n"), **more}


def field(element: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "input", "label": plain("L"), "element": element, **more}


def rich(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": list(elements)}]}


TEXT_INPUT = {"type": "plain_text_input"}
CELL = {"type": "raw_text", "text": "x"}
TABLE = {"type": "table", "rows": [[CELL, CELL]], "column_settings": [{"align": "right"}, None]}
IMAGE = {"type": "image", "image_url": "https://example.org/a.png", "alt_text": "a"}

SOUND: list[list[dict[str, Any]]] = [
    [section("x" * 3_000)],
    [{"type": "section", "fields": [mrkdwn("x" * 2_000)] * 10}],
    [{"type": "header", "text": plain("x" * 150)}],
    [{"type": "divider"}] * 50,
    [{"type": "context", "elements": [mrkdwn("x"), {**IMAGE}]}],
    [actions(*[button(action_id=str(n), value="v" * 2_000, style="danger", confirm=confirm()) for n in range(25)])],
    [actions(select(options=options(100)), {"type": "overflow", "options": options(5)})],
    [accessory({"type": "multi_users_select", "max_selected_items": 3})],
    [accessory({"type": "checkboxes", "options": [{"text": mrkdwn("*a*"), "value": "a"}]})],
    [actions({"type": "radio_buttons", "options": options(10)}, {"type": "datepicker", "initial_date": "2026-01-31"})],
    [field({**TEXT_INPUT, "multiline": True, "min_length": 0, "max_length": 3_000}, optional=True, hint=plain("h"))],
    [IMAGE],
    [rich({"type": "text", "text": "a", "style": {"bold": True}}, {"type": "user", "user_id": ANA})],
    [TABLE],
    [{"type": "markdown", "text": "# hi"}],
    [{"type": "card", "title": mrkdwn("t"), "actions": [button()]}],
    [{"type": "carousel", "elements": [{"type": "card", "body": mrkdwn("b"), "actions": [button()]}]}],
    [{"type": "container", "title": plain("t"), "child_blocks": [section()], "is_collapsible": True}],
    [
        {
            "type": "plan",
            "title": "p",
            "tasks": [{"type": "task_card", "task_id": "1", "title": "t", "status": "complete"}],
        }
    ],
    [{"type": "context_actions", "elements": [{"type": "icon_button", "icon": "trash", "text": plain("t")}]}],
]

REFUSED: list[tuple[list[Any], str]] = [
    ([{"type": "divider"}] * 51, "no more than 50 items allowed [json-pointer:/blocks]"),
    (["x"], "must provide an object [json-pointer:/blocks/0]"),
    ([{"type": "banner"}], "unsupported type: banner [json-pointer:/blocks/0/type]"),
    ([{"text": "x"}], "missing required field: type [json-pointer:/blocks/0]"),
    ([section("x" * 3_001)], "must be less than 3001 characters [json-pointer:/blocks/0/text/text]"),
    ([section("")], "must be more than 0 characters [json-pointer:/blocks/0/text/text]"),
    ([{"type": "section"}], "must define at least one of text, fields [json-pointer:/blocks/0]"),
    (
        [{"type": "section", "fields": [mrkdwn("x")] * 11}],
        "no more than 10 items allowed [json-pointer:/blocks/0/fields]",
    ),
    (
        [{"type": "section", "fields": [mrkdwn("x" * 2_001)]}],
        "must be less than 2001 characters [json-pointer:/blocks/0/fields/0/text]",
    ),
    ([section(colour="red")], "invalid additional property: colour [json-pointer:/blocks/0]"),
    (
        [{"type": "header", "text": plain("x" * 151)}],
        "must be less than 151 characters [json-pointer:/blocks/0/text/text]",
    ),
    ([{"type": "header", "text": mrkdwn("x")}], "unsupported type: mrkdwn [json-pointer:/blocks/0/text/type]"),
    (
        [{"type": "context", "elements": [mrkdwn("x")] * 11}],
        "no more than 10 items allowed [json-pointer:/blocks/0/elements]",
    ),
    ([actions(*[button()] * 26)], "no more than 25 items allowed [json-pointer:/blocks/0/elements]"),
    ([actions()], "no fewer than 1 items allowed [json-pointer:/blocks/0/elements]"),
    (
        [actions(button(text=plain("x" * 76)))],
        "must be less than 76 characters [json-pointer:/blocks/0/elements/0/text/text]",
    ),
    (
        [actions(button(value="x" * 2_001))],
        "must be less than 2001 characters [json-pointer:/blocks/0/elements/0/value]",
    ),
    ([actions(button(url="x" * 3_001))], "must be less than 3001 characters [json-pointer:/blocks/0/elements/0/url]"),
    (
        [actions(button(style="warning"))],
        "must be a valid enum value: primary, danger [json-pointer:/blocks/0/elements/0/style]",
    ),
    ([actions(button(disabled=True))], "invalid additional property: disabled [json-pointer:/blocks/0/elements/0]"),
    ([actions({"type": "button"})], "missing required field: text [json-pointer:/blocks/0/elements/0]"),
    (
        [actions(button(action_id="x" * 256))],
        "must be less than 256 characters [json-pointer:/blocks/0/elements/0/action_id]",
    ),
    ([section(block_id="x" * 256)], "must be less than 256 characters [json-pointer:/blocks/0/block_id]"),
    (
        [actions(button(confirm=confirm(text=mrkdwn("x" * 301))))],
        "must be less than 301 characters [json-pointer:/blocks/0/elements/0/confirm/text/text]",
    ),
    (
        [actions({"type": "multi_static_select", "options": options(1)})],
        "unsupported type: multi_static_select [json-pointer:/blocks/0/elements/0/type]",
    ),
    (
        [actions(select(options=options(101)))],
        "no more than 100 items allowed [json-pointer:/blocks/0/elements/0/options]",
    ),
    (
        [actions(select(options=[{"text": plain("x"), "value": "x" * 151}]))],
        "must be less than 151 characters [json-pointer:/blocks/0/elements/0/options/0/value]",
    ),
    (
        [actions(select(option_groups=[{"label": plain("g"), "options": options(1)}]))],
        "must define exactly one of options, option_groups [json-pointer:/blocks/0/elements/0]",
    ),
    (
        [actions({"type": "overflow", "options": options(6)})],
        "no more than 5 items allowed [json-pointer:/blocks/0/elements/0/options]",
    ),
    (
        [accessory({"type": "checkboxes", "options": options(11)})],
        "no more than 10 items allowed [json-pointer:/blocks/0/accessory/options]",
    ),
    (
        [field({**TEXT_INPUT, "max_length": 3_001})],
        "must be less than or equal to 3000 [json-pointer:/blocks/0/element/max_length]",
    ),
    ([field(button())], "unsupported type: button [json-pointer:/blocks/0/element/type]"),
    ([{"type": "image", "alt_text": "a"}], "must define exactly one of image_url, slack_file [json-pointer:/blocks/0]"),
    ([{**IMAGE, "alt_text": "a" * 2_001}], "must be less than 2001 characters [json-pointer:/blocks/0/alt_text]"),
    ([rich({"type": "shout"})], "unsupported type: shout [json-pointer:/blocks/0/elements/0/elements/0/type]"),
    ([{**TABLE, "rows": [[CELL]] * 101}], "no more than 100 items allowed [json-pointer:/blocks/0/rows]"),
    ([{**TABLE, "rows": [[CELL] * 21]}], "no more than 20 items allowed [json-pointer:/blocks/0/rows/0]"),
    ([TABLE, TABLE], "no more than 1 table allowed [json-pointer:/blocks]"),
    ([{"type": "markdown", "text": "x" * 12_001}], "must be less than 12001 characters [json-pointer:/blocks/0/text]"),
    ([{"type": "markdown", "text": "x" * 7_000}] * 2, "must be less than 12001 characters [json-pointer:/blocks]"),
    (
        [{"type": "card", "body": mrkdwn("x" * 201)}],
        "must be less than 201 characters [json-pointer:/blocks/0/body/text]",
    ),
    ([{"type": "plan", "title": plain("p")}], "must be a string [json-pointer:/blocks/0/title]"),
    ([{"type": "video"}], "unsupported type: video [json-pointer:/blocks/0/type]"),
    ([{"type": "alert", "text": mrkdwn("x")}], "unsupported type: alert [json-pointer:/blocks/0/type]"),
    (
        [section(block_id="same"), section(block_id="same")],
        "`block_id` same already exists [json-pointer:/blocks/1/block_id]",
    ),
    (
        [actions(button(action_id="go"), button(action_id="go"))],
        "`action_id` go already exists in this block [json-pointer:/blocks/0/elements/1]",
    ),
]


@pytest.mark.parametrize("blocks", SOUND, ids=lambda blocks: str(blocks[0]["type"]))
async def test_blocks_within_the_limits_are_taken(office: Office, blocks: list[dict[str, Any]]) -> None:
    await office.client.chat_postMessage(channel=INCIDENTS, text="x", blocks=blocks)
    assert len((await office.messages())[0]["blocks"]) == len(blocks)


@pytest.mark.parametrize(("blocks", "problem"), REFUSED, ids=[problem for _, problem in REFUSED])
def test_blocks_beyond_the_limits_have_a_problem_with_a_place(blocks: list[Any], problem: str) -> None:
    assert message_problems(blocks) == [problem]


async def test_a_message_with_bad_blocks_is_refused_and_stored_nowhere(office: Office) -> None:
    blocks = [section("x" * 3_001), {"type": "header", "text": plain("")}]
    refused = await office.refusal_of(office.client.chat_postMessage(channel=INCIDENTS, text="x", blocks=blocks))
    assert refused["error"] == "invalid_blocks"
    assert refused["response_metadata"]["messages"] == [
        "[ERROR] must be less than 3001 characters [json-pointer:/blocks/0/text/text]",
        "[ERROR] must be more than 0 characters [json-pointer:/blocks/1/text/text]",
    ]
    assert await office.messages() == []


async def test_bad_blocks_leave_the_old_message_as_it_was(office: Office) -> None:
    posted = await office.client.chat_postMessage(channel=INCIDENTS, text="x", blocks=[section("good")])
    update = office.client.chat_update(channel=INCIDENTS, ts=posted["ts"], text="y", blocks=[{"type": "banner"}])
    assert await office.error_of(update) == "invalid_blocks"
    (shown,) = await office.messages()
    assert (shown["text"], shown["blocks"][0]["text"]["text"], shown["edits"]) == ("x", "good", 0)


@pytest.mark.parametrize(
    ("view", "problem"),
    [
        ("x", "must provide an object [json-pointer:/view]"),
        ({"type": "home", "blocks": [section()]}, "unsupported type: home [json-pointer:/view/type]"),
        ({"type": "modal", "blocks": [section()]}, "missing required field: title [json-pointer:/view]"),
        (
            {"type": "modal", "title": plain("t"), "blocks": []},
            "no fewer than 1 items allowed [json-pointer:/view/blocks]",
        ),
        (
            {"type": "modal", "title": plain("t"), "blocks": [{"type": "divider"}] * 101},
            "no more than 100 items allowed [json-pointer:/view/blocks]",
        ),
        (
            {"type": "modal", "title": plain("t"), "blocks": [section()], "private_metadata": "x" * 3_001},
            "must be less than 3001 characters [json-pointer:/view/private_metadata]",
        ),
        (
            {"type": "modal", "title": plain("t"), "blocks": [field(TEXT_INPUT)]},
            "missing required field: submit [json-pointer:/view]",
        ),
        (
            {"type": "modal", "title": plain("t"), "blocks": [TABLE]},
            "unsupported type: table [json-pointer:/view/blocks/0/type]",
        ),
        (
            {"type": "modal", "title": plain("t"), "blocks": [section(block_id="a"), section(block_id="a")]},
            "`block_id` a already exists [json-pointer:/view/blocks/1/block_id]",
        ),
    ],
)
def test_a_modal_that_slack_refuses_has_a_problem_with_a_place(view: Any, problem: str) -> None:
    assert view_problems(view, "modal") == [problem]


async def test_a_home_tab_takes_an_alert_which_a_message_does_not(office: Office) -> None:
    alert = {"type": "alert", "text": mrkdwn("x"), "level": "error"}
    await office.client.views_publish(user_id=ANA, view={"type": "home", "blocks": [alert]})
    refused = office.client.chat_postMessage(channel=INCIDENTS, text="x", blocks=[alert])
    assert await office.error_of(refused) == "invalid_blocks"
