"""Modals and Home tabs: triggers, stacks, submissions, through a real Bolt app."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from slack_office import ANA, BRUNO, Office, bolt_app, over_http


def plain(text: str) -> dict[str, str]:
    return {"type": "plain_text", "text": text}


def modal(title: str = "Declare", **more: Any) -> dict[str, Any]:
    block = {"type": "section", "text": plain("hello")}
    return {"type": "modal", "title": plain(title), "blocks": [block], **more}


FORM: dict[str, Any] = modal(
    submit=plain("Send"),
    callback_id="form",
    private_metadata="INC-1",
    blocks=[
        {
            "type": "input",
            "block_id": "summary",
            "label": plain("Summary"),
            "element": {"type": "plain_text_input", "action_id": "text", "min_length": 3, "max_length": 10},
        },
        {
            "type": "input",
            "block_id": "owner",
            "label": plain("Owner"),
            "optional": True,
            "element": {"type": "users_select", "action_id": "who"},
        },
        {
            "type": "actions",
            "block_id": "more",
            "elements": [{"type": "button", "action_id": "deeper", "text": plain("+")}],
        },
    ],
)


class Desk:
    """An app that hands out triggers and answers submissions as it is told."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.triggers: list[str] = []
        self.submitted: list[dict[str, Any]] = []
        self.closed: list[dict[str, Any]] = []
        self.answer: dict[str, Any] = {}
        self.app = bolt_app(office)
        self.app.command("/incident")(self._command)
        self.app.action("deeper")(self._command)
        self.app.view("form")(self._submitted)
        self.app.view_closed("form")(self._closed)

    async def trigger(self, user: str = "ana") -> str:
        await self.office.do("command", user=user, channel="incidents", text="/incident")
        return self.triggers[-1]

    async def open(self, view: dict[str, Any]) -> dict[str, Any]:
        opened: dict[str, Any] = (await self.office.client.views_open(trigger_id=await self.trigger(), view=view))[
            "view"
        ]
        return opened

    async def trigger_inside(self, view_id: str) -> str:
        await self.office.do("click", user="ana", view_id=view_id, action_id="deeper")
        return self.triggers[-1]

    async def stack(self, user: str = ANA) -> list[dict[str, Any]]:
        stack: list[dict[str, Any]] = (await self.office.state())["views"].get(user, [])
        return stack

    async def _command(self, ack: Any, body: dict[str, Any]) -> None:
        self.triggers.append(body["trigger_id"])
        await ack()

    async def _submitted(self, ack: Any, body: dict[str, Any]) -> None:
        self.submitted.append(body)
        await ack(**self.answer)

    async def _closed(self, ack: Any, body: dict[str, Any]) -> None:
        self.closed.append(body)
        await ack()


@pytest.fixture
async def desk(office: Office) -> AsyncIterator[Desk]:
    desk = Desk(office)
    async with over_http(office, desk.app):
        yield desk


async def test_a_trigger_opens_one_modal(office: Office, desk: Desk) -> None:
    trigger = await desk.trigger()
    opened = (await office.client.views_open(trigger_id=trigger, view=FORM))["view"]
    again = office.client.views_open(trigger_id=trigger, view=FORM)
    assert await office.error_of(again) == "exchanged_trigger_id"
    assert [view["id"] for view in await desk.stack()] == [opened["id"]]
    assert (opened["root_view_id"], opened["private_metadata"]) == (opened["id"], "INC-1")


async def test_a_trigger_ends_after_three_seconds(office: Office, desk: Desk) -> None:
    trigger = await desk.trigger()
    await office.do("clock", advance=3)
    assert await office.error_of(office.client.views_open(trigger_id=trigger, view=FORM)) == "expired_trigger_id"


async def test_an_invented_trigger_is_invalid(office: Office) -> None:
    assert await office.error_of(office.client.views_open(trigger_id="1.2.x", view=FORM)) == "invalid_trigger_id"


async def test_a_view_that_is_refused_leaves_the_trigger_unspent(office: Office, desk: Desk) -> None:
    trigger = await desk.trigger()
    refused = await office.refusal_of(office.client.views_open(trigger_id=trigger, view=modal("t" * 25)))
    assert refused["error"] == "invalid_arguments"
    assert refused["response_metadata"]["messages"] == [
        "[ERROR] must be less than 25 characters [json-pointer:/view/title/text]"
    ]
    await office.client.views_open(trigger_id=trigger, view=FORM)
    assert len(await desk.stack()) == 1


async def test_a_view_of_more_than_250_kb_is_too_large(office: Office, desk: Desk) -> None:
    blocks = [{"type": "section", "text": plain("x" * 3_000)} for _ in range(90)]
    view = modal(blocks=blocks)
    opening = office.client.views_open(trigger_id=await desk.trigger(), view=view)
    assert await office.error_of(opening) == "view_too_large"


async def test_a_fourth_view_is_one_too_many(office: Office, desk: Desk) -> None:
    view = await desk.open(FORM)
    for _ in range(2):
        trigger = await desk.trigger_inside(view["id"])
        view = (await office.client.views_push(trigger_id=trigger, view=FORM))["view"]
    trigger = await desk.trigger_inside(view["id"])
    push = office.client.views_push(trigger_id=trigger, view=FORM)
    stack = await desk.stack()
    assert await office.error_of(push) == "push_limit_reached"
    assert [one["previous_view_id"] for one in stack] == [None, stack[0]["id"], stack[1]["id"]]


async def test_a_push_needs_a_trigger_from_inside_a_modal(office: Office, desk: Desk) -> None:
    await desk.open(FORM)
    assert await office.error_of(office.client.views_push(trigger_id=await desk.trigger(), view=FORM)) == "not_found"


async def test_an_update_with_an_old_hash_conflicts(office: Office, desk: Desk) -> None:
    view = await desk.open(FORM)
    update = office.client.views_update
    newer = await update(view_id=view["id"], hash=view["hash"], view=modal("Second"))
    stale = update(view_id=view["id"], hash=view["hash"], view=modal("Third"))
    assert await office.error_of(stale) == "hash_conflict"
    assert newer["view"]["hash"] != view["hash"]
    assert (await desk.stack())[0]["title"]["text"] == "Second"


async def test_an_external_id_names_one_view_only(office: Office, desk: Desk) -> None:
    await desk.open(modal("Loading", external_id="inc-1"))
    await office.client.views_update(external_id="inc-1", view=modal("Ready", external_id="inc-1"))
    second = office.client.views_open(trigger_id=await desk.trigger("bruno"), view=modal(external_id="inc-1"))
    assert await office.error_of(second) == "duplicate_external_id"
    assert [one["title"]["text"] for one in await desk.stack()] == ["Ready"]


async def test_a_view_that_is_closed_cannot_be_updated(office: Office, desk: Desk) -> None:
    view = await desk.open(FORM)
    await office.do("close", user="ana", view_id=view["id"])
    assert await office.error_of(office.client.views_update(view_id=view["id"], view=FORM)) == "not_found"


async def test_what_was_typed_stays_where_the_ids_stay(office: Office, desk: Desk) -> None:
    view = await desk.open(FORM)
    desk.answer = {"response_action": "update", "view": {**FORM, "title": plain("Again")}}
    await office.do("submit", user="ana", view_id=view["id"], values={"summary": "all down"})
    (shown,) = await desk.stack()
    assert (shown["title"]["text"], shown["state"]["values"]["summary"]["text"]["value"]) == ("Again", "all down")


async def test_a_submission_brings_the_state_and_closes_the_view(office: Office, desk: Desk) -> None:
    view = await desk.open(FORM)
    await office.do("submit", user="ana", view_id=view["id"], values={"summary": "all down", "owner": {"who": "bruno"}})
    payload = desk.submitted[0]
    assert (payload["type"], payload["user"]["id"]) == ("view_submission", ANA)
    assert (payload["view"]["callback_id"], payload["view"]["private_metadata"]) == ("form", "INC-1")
    assert payload["view"]["state"]["values"] == {
        "summary": {"text": {"type": "plain_text_input", "value": "all down"}},
        "owner": {"who": {"type": "users_select", "selected_user": BRUNO}},
    }
    assert await desk.stack() == []


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({}, "a value is required"),
        ({"summary": "no"}, "at least 3 characters are required"),
        ({"summary": "much too long"}, "at most 10 characters are allowed"),
    ],
)
async def test_the_client_does_not_submit_a_form_that_is_not_filled_in(
    office: Office, desk: Desk, values: dict[str, str], reason: str
) -> None:
    view = await desk.open(FORM)
    status, told = await office.post("submit", user="ana", view_id=view["id"], values=values)
    assert (status, told["blocks"]) == (400, {"summary": reason})
    assert desk.submitted == []
    assert len(await desk.stack()) == 1


async def test_errors_stay_with_their_blocks_and_the_view_stays_open(office: Office, desk: Desk) -> None:
    view = await desk.open(FORM)
    desk.answer = {"response_action": "errors", "errors": {"summary": "too vague"}}
    await office.do("submit", user="ana", view_id=view["id"], values={"summary": "hmmm"})
    assert (await desk.stack())[0]["errors"] == {"summary": "too vague"}


async def test_errors_for_a_block_that_is_no_input_are_trouble(office: Office, desk: Desk) -> None:
    view = await desk.open(FORM)
    desk.answer = {"response_action": "errors", "errors": {"nowhere": "?"}}
    told = await office.do("submit", user="ana", view_id=view["id"], values={"summary": "hmmm"})
    assert told["error"] == "invalid_errors"
    assert "trouble connecting" in (await office.state())["notices"][0]["text"]
    assert len(await desk.stack()) == 1


async def test_a_submission_can_push_and_clear(office: Office, desk: Desk) -> None:
    view = await desk.open(FORM)
    desk.answer = {"response_action": "push", "view": FORM}
    await office.do("submit", user="ana", view_id=view["id"], values={"summary": "first"})
    first, second = await desk.stack()
    assert (first["id"], second["previous_view_id"]) == (view["id"], view["id"])
    status, _ = await office.refused("submit", user="ana", view_id=view["id"], values={"summary": "hidden"})
    assert status == 404
    desk.answer = {"response_action": "clear"}
    await office.do("submit", user="ana", view_id=second["id"], values={"summary": "second"})
    assert await desk.stack() == []


async def test_closing_is_told_only_when_the_view_asks_for_it(office: Office, desk: Desk) -> None:
    quiet = await desk.open(FORM)
    await office.do("close", user="ana", view_id=quiet["id"])
    talking = await desk.open({**FORM, "notify_on_close": True})
    await office.do("close", user="ana", view_id=talking["id"], all=True)
    assert [(one["type"], one["view"]["id"], one["is_cleared"]) for one in desk.closed] == [
        ("view_closed", talking["id"], True)
    ]


async def test_a_home_tab_is_published_for_one_person_and_updated_by_hash(office: Office) -> None:
    home = {"type": "home", "blocks": [{"type": "section", "text": plain("calm")}]}
    first = (await office.client.views_publish(user_id=ANA, view=home))["view"]
    await office.client.views_publish(user_id=ANA, view=home, hash=first["hash"])
    stale = office.client.views_publish(user_id=ANA, view=home, hash=first["hash"])
    assert await office.error_of(stale) == "hash_conflict"
    assert list((await office.state())["homes"]) == [ANA]


async def test_a_home_tab_that_is_off_cannot_be_published(office: Office) -> None:
    app = office.sandbox.app
    app.manifest = type(app.manifest)(**{**vars(app.manifest), "home_is_enabled": False})
    home = {"type": "home", "blocks": [{"type": "divider"}]}
    assert await office.error_of(office.client.views_publish(user_id=ANA, view=home)) == "not_enabled"
