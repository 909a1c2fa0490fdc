"""The browser page of the sandbox, used as people use it: in Chromium, before the emulator and a small Bolt app."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from page_windows import DESKTOP, INCIDENTS, PHONE, choose, composer, messages, needs_chromium, open_browser, type_line
from playwright.async_api import Browser, Page, expect
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

import sandbox
from sandbox.slack import Sandbox, serve

PAGE = Path(sandbox.__file__).parent / "page"

Json = dict[str, Any]

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    needs_chromium,
]

MANIFEST: Json = {
    "display_information": {"name": "Pager"},
    "features": {
        "app_home": {"home_tab_enabled": True},
        "bot_user": {"display_name": "pager"},
        "slash_commands": [
            {"command": "/incident", "description": "Declare an incident", "usage_hint": "declare | list"},
            {"command": "/silent", "description": "Is never answered"},
        ],
        "shortcuts": [{"name": "Keep it", "type": "message", "callback_id": "keep", "description": "Note the message"}],
    },
    "oauth_config": {"scopes": {"bot": ["commands", "chat:write", "users:read", "channels:history"]}},
    "settings": {"event_subscriptions": {"bot_events": ["app_home_opened"]}},
}


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str) -> Json:
    return {"type": "mrkdwn", "text": text}


def button(action_id: str, text: str, **more: Any) -> Json:
    return {"type": "button", "action_id": action_id, "text": plain(text), **more}


def asked(block_id: str, label: str, element: Json, **more: Any) -> Json:
    return {
        "type": "input",
        "block_id": block_id,
        "label": plain(label),
        "element": {"action_id": "a", **element},
        **more,
    }


def form() -> Json:
    severities = [{"text": plain(name), "value": name} for name in ("P1", "P2")]
    return {
        "type": "modal",
        "callback_id": "declare",
        "title": plain("Declare an incident"),
        "submit": plain("Declare"),
        "notify_on_close": True,
        "blocks": [
            asked("what", "What is wrong", {"type": "plain_text_input"}, hint=plain("One sentence")),
            asked(
                "severity",
                "Severity",
                {"type": "static_select", "options": severities, "initial_option": severities[1]},
            ),
            asked("since", "Since", {"type": "datetimepicker"}, optional=True),
            asked("lead", "Lead", {"type": "users_select"}, optional=True),
            asked(
                "also",
                "Also tell",
                {"type": "checkboxes", "options": [{"text": plain("Customers"), "value": "customers"}]},
                optional=True,
            ),
        ],
    }


def headline(what: str) -> list[Json]:
    sure = {
        "title": plain("Flush it?"),
        "text": mrkdwn("*Everything* goes."),
        "confirm": plain("Flush"),
        "deny": plain("Keep"),
    }
    return [
        {"type": "header", "text": plain(what)},
        {"type": "actions", "elements": [button("take", "Take it", value="7"), button("flush", "Flush", confirm=sure)]},
    ]


@dataclass
class Pager:
    """The app under the page: it posts, edits and answers, and remembers what it was told."""

    client: AsyncWebClient
    submitted: list[Json] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)
    flushed: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)

    def app(self) -> AsyncApp:
        app = AsyncApp(client=self.client)
        app.command("/incident")(self.incident)
        app.command("/silent")(self.silent)
        app.view("declare")(self.declare)
        app.view_closed("declare")(self.dismiss)
        app.action("take")(self.take)
        app.action("flush")(self.flush)
        app.shortcut("keep")(self.keep)
        app.event("app_home_opened")(self.home)
        return app

    async def incident(self, ack: AsyncAck, body: Json) -> None:
        if body["text"] == "declare":
            await ack()
            await self.client.views_open(trigger_id=body["trigger_id"], view=form())
        else:
            await ack(f"you asked for *{body['text']}*")

    async def silent(self) -> None:
        """Does not acknowledge."""

    async def declare(self, ack: AsyncAck, view: Json) -> None:
        values = view["state"]["values"]
        if len(values["what"]["a"]["value"]) < 5:
            await ack(response_action="errors", errors={"what": "Say more than that."})
            return
        await ack()
        self.submitted.append(values)
        what = f"{values['severity']['a']['selected_option']['value']} {values['what']['a']['value']}"
        await self.client.chat_postMessage(channel=INCIDENTS, text=f"{what} <!channel>", blocks=headline(what))

    async def dismiss(self, ack: AsyncAck, body: Json) -> None:
        await ack()
        self.closed.append(body["user"]["id"])

    async def take(self, ack: AsyncAck, body: Json) -> None:
        await ack()
        where = {"channel": body["channel"]["id"]}
        if body["user"]["name"] == "otto":
            await self.client.chat_postEphemeral(**where, user=body["user"]["id"], text="You are not on call.")
            return
        taken = [{"type": "section", "text": mrkdwn(f"taken by <@{body['user']['id']}>")}]
        await self.client.chat_update(**where, ts=body["message"]["ts"], text="taken", blocks=taken)

    async def flush(self, ack: AsyncAck, body: Json) -> None:
        await ack()
        self.flushed.append(body["user"]["name"])

    async def keep(self, ack: AsyncAck, body: Json) -> None:
        await ack()
        self.kept.append(body["message"]["text"])

    async def home(self, event: Json) -> None:
        view = {"type": "home", "blocks": [{"type": "section", "text": mrkdwn(f"hello <@{event['user']}>")}]}
        await self.client.views_publish(user_id=event["user"], view=view)


@dataclass(frozen=True)
class Desk:
    """A running sandbox with its app, and windows onto it; a person may have several."""

    sandbox: Sandbox
    pager: Pager
    browser: Browser
    requested: list[str]

    async def page(self, person: str, place: str = INCIDENTS, size: tuple[int, int] = DESKTOP) -> Page:
        """A window of its own: in one behind another, Chromium draws once a second."""
        width, height = size
        context = await self.browser.new_context(viewport={"width": width, "height": height}, locale="en-US")
        context.on("request", lambda request: self.requested.append(request.url))
        page = await context.new_page()
        await page.goto(f"{self.sandbox.url}/#as={person}&in={place}")
        await expect(page.locator("#act-as")).to_have_value(person)
        return page

    async def delivered(self) -> list[str]:
        """The kinds of what was sent to the app, oldest first."""
        answer = await self.browser.contexts[0].request.get(f"{self.sandbox.url}/control/state")
        return [row["kind"] for row in (await answer.json())["deliveries"]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with open_browser() as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="module")
async def desk(browser: Browser) -> AsyncIterator[Desk]:
    async with serve(manifest=MANIFEST, page=PAGE, strict_rates=False) as running:
        pager = Pager(AsyncWebClient(token=running.app.bot_token, base_url=f"{running.url}/api/"))
        handler = AsyncSocketModeHandler(pager.app(), running.app.app_token)
        await handler.connect_async()  # type: ignore[no-untyped-call]
        try:
            yield Desk(running, pager, browser, [])
        finally:
            for context in tuple(browser.contexts):
                await context.close()
            await handler.close_async()  # type: ignore[no-untyped-call]


async def declare(page: Page, what: str) -> None:
    await type_line(page, "/incident declare")
    await page.get_by_label("What is wrong").fill(what)
    await page.get_by_role("button", name="Declare", exact=True).click()
    await expect(page.get_by_role("dialog")).to_be_hidden()
    await expect(messages(page).filter(has_text=what)).to_be_visible()


async def test_an_incident_declared_in_the_form_is_seen_by_the_other_person(desk: Desk) -> None:
    clara, bruno = await desk.page("clara"), await desk.page("bruno")
    await type_line(clara, "/incident declare")
    await clara.get_by_label("What is wrong").fill("Checkout answers 502")
    await choose(clara, "Severity", "P1")
    await choose(clara, "Lead", "Bruno Lima")
    await clara.get_by_label("Customers").check()
    await clara.get_by_role("button", name="Declare", exact=True).click()
    await expect(bruno.get_by_role("heading", name="P1 Checkout answers 502")).to_be_visible()
    await expect(clara.get_by_role("dialog")).to_be_hidden()
    [values] = desk.pager.submitted
    assert values["lead"]["a"]["selected_user"] == "U0BRUNO"
    assert [option["value"] for option in values["also"]["a"]["selected_options"]] == ["customers"]


async def test_an_empty_required_field_is_named_and_nothing_is_sent(desk: Desk) -> None:
    page = await desk.page("clara")
    await type_line(page, "/incident declare")
    await page.get_by_role("button", name="Declare", exact=True).click()
    await expect(page.locator("#modal .error").filter(has_text="Fill this in")).to_be_visible()
    await expect(page.get_by_label("What is wrong")).to_be_focused()
    assert await desk.delivered() == ["command"]


async def test_the_apps_objection_stands_at_its_field_and_what_was_typed_is_kept(desk: Desk) -> None:
    page = await desk.page("clara")
    await type_line(page, "/incident declare")
    await page.get_by_label("What is wrong").fill("bad")
    await choose(page, "Severity", "P1")
    await page.get_by_role("button", name="Declare", exact=True).click()
    await expect(page.get_by_text("Say more than that.")).to_be_visible()
    await expect(page.get_by_label("What is wrong")).to_have_value("bad")
    await expect(page.get_by_label("Severity")).to_have_text("P1")


async def test_a_moment_is_chosen_by_the_acting_persons_own_clock(desk: Desk) -> None:
    page = await desk.page("ana")
    await type_line(page, "/incident declare")
    await page.get_by_label("What is wrong").fill("Backups are late")
    await page.get_by_label("Since").fill("2026-03-10T18:00")
    await page.get_by_role("button", name="Declare", exact=True).click()
    await expect(page.get_by_role("dialog")).to_be_hidden()
    [values] = desk.pager.submitted
    six_in_the_evening_in_sao_paulo = datetime(2026, 3, 10, 21, tzinfo=UTC)
    assert values["since"]["a"]["selected_date_time"] == six_in_the_evening_in_sao_paulo.timestamp()


async def test_escape_closes_the_form_and_the_app_hears_of_it(desk: Desk) -> None:
    page = await desk.page("clara")
    await type_line(page, "/incident declare")
    await expect(page.get_by_role("dialog", name="Declare an incident")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_be_hidden()
    assert desk.pager.closed == ["U0CLARA"]


async def test_the_button_works_for_the_on_call_and_answers_the_outsider_alone(desk: Desk) -> None:
    clara, otto = await desk.page("clara"), await desk.page("otto")
    await declare(clara, "Queue is stuck")
    await otto.get_by_role("button", name="Take it").click()
    refusal = messages(otto).filter(has_text="You are not on call.")
    await expect(refusal).to_contain_text("Only visible to you")
    await clara.get_by_role("button", name="Take it").click()
    await expect(messages(otto).filter(has_text="taken by @Clara Jones")).to_contain_text("(edited)")
    await expect(clara.get_by_text("You are not on call.")).to_have_count(0)


async def test_a_step_that_asks_first_is_taken_only_after_a_yes(desk: Desk) -> None:
    page = await desk.page("clara")
    await declare(page, "Cache is full")
    await page.get_by_role("button", name="Flush", exact=True).click()
    await page.get_by_role("button", name="Keep", exact=True).click()
    await expect(page.get_by_role("dialog")).to_be_hidden()
    assert "action" not in await desk.delivered()
    await page.get_by_role("button", name="Flush", exact=True).click()
    async with page.expect_response("**/control/click"):
        await page.get_by_role("dialog").get_by_role("button", name="Flush", exact=True).click()
    assert desk.pager.flushed == ["clara"]


async def test_a_reply_stays_in_its_thread_and_is_counted_outside(desk: Desk) -> None:
    clara, bruno = await desk.page("clara"), await desk.page("bruno")
    await type_line(clara, "who is looking at this?")
    await messages(clara).first.hover()
    await messages(clara).first.get_by_role("button", name="Reply in thread").click()
    reply = clara.locator("#thread").get_by_role("textbox")
    await reply.fill("I am")
    await reply.press("Enter")
    await bruno.get_by_role("link", name="1 resposta").click()
    await expect(bruno.locator("#thread-messages .message").last).to_contain_text("I am")
    await expect(messages(bruno)).to_have_count(1)


async def test_script_in_a_message_stays_text(desk: Desk) -> None:
    attack = "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"
    page = await desk.page("clara")
    await type_line(page, attack)
    await expect(messages(page)).to_contain_text(attack)
    await expect(messages(page).locator("script, img")).to_have_count(0)
    await expect(page).to_have_title(re.compile("#incidents"))


async def test_markup_becomes_marks_and_an_address_that_runs_code_is_no_link(desk: Desk) -> None:
    links = "<https://example.com/a_b_c|the runbook> <javascript:alert(1)|trap>"
    text = f"*bold* _it_ `a*b*c` :fire: <@U0CLARA> {links}\n&gt; said"
    page = await desk.page("clara")
    await desk.pager.client.chat_postMessage(channel=INCIDENTS, text=text)
    shown = messages(page)
    await expect(shown.locator("strong").nth(1)).to_have_text("bold")
    await expect(shown.locator("em")).to_have_text("it")
    await expect(shown.locator("code")).to_have_text("a*b*c")
    await expect(shown.get_by_role("img", name="fire")).to_have_text("🔥")
    await expect(shown.locator(".mention-mine")).to_have_text("@Clara Jones")
    await expect(shown.locator("blockquote")).to_have_text("said")
    await expect(shown.get_by_role("link", name="the runbook")).to_have_attribute("href", "https://example.com/a_b_c")
    await expect(shown).to_contain_text("trap")
    await expect(shown.get_by_role("link", name="trap")).to_have_count(0)


async def test_a_foreign_picture_is_named_and_not_fetched(desk: Desk) -> None:
    picture = {"type": "image", "image_url": "https://pictures.example/graph.png", "alt_text": "memory graph"}
    page = await desk.page("clara")
    await desk.pager.client.chat_postMessage(channel=INCIDENTS, text="a graph", blocks=[picture])
    await expect(messages(page)).to_contain_text("Picture: memory graph")
    assert desk.requested
    assert all(url.startswith(desk.sandbox.url) for url in desk.requested)


async def test_a_command_is_completed_and_sent_by_keyboard(desk: Desk) -> None:
    page = await desk.page("clara")
    await composer(page).press_sequentially("/i")
    await expect(page.get_by_role("option", name="/incident")).to_have_attribute("aria-selected", "true")
    await composer(page).press("Tab")
    await expect(composer(page)).to_have_value("/incident ")
    await expect(page.locator(".usage").first).to_have_text("/incident declare | list")
    await composer(page).press_sequentially("list")
    await composer(page).press("Enter")
    await expect(messages(page)).to_contain_text("you asked for list")
    await expect(messages(page)).to_contain_text("Only visible to you")


async def test_a_command_that_the_app_leaves_unanswered_ends_in_a_notice(desk: Desk) -> None:
    page = await desk.page("clara")
    await type_line(page, "/silent please")
    await expect(messages(page).get_by_role("status")).to_have_text("Sending /silent please")
    desk.sandbox.clock.advance(3)
    await expect(page.locator("#notices")).to_contain_text("operation_timeout")
    await expect(messages(page)).to_have_count(0)


async def test_a_command_nobody_has_is_refused_and_given_back(desk: Desk) -> None:
    page = await desk.page("clara")
    await type_line(page, "/unknown thing")
    await expect(page.locator("#notices")).to_contain_text("/unknown is not a valid command.")
    await expect(composer(page)).to_have_value("/unknown thing")


async def test_a_mention_elsewhere_shows_a_badge_until_it_is_read(desk: Desk) -> None:
    page = await desk.page("clara", "C0GENERAL")
    incidents = page.locator("#channels").get_by_role("link", name="incidents")
    await expect(incidents).to_have_text(re.compile("^#incidents$"))
    await desk.pager.client.chat_postMessage(channel=INCIDENTS, text="<@U0CLARA> look")
    await expect(incidents.locator(".badge")).to_have_text("1")
    await incidents.click()
    await expect(messages(page)).to_contain_text("look")
    await page.locator("#channels").get_by_role("link", name="general").click()
    await expect(page.locator("#main-title")).to_have_text("#general")
    await expect(incidents.locator(".badge")).to_have_count(0)


async def test_a_message_is_handed_to_the_app_by_its_shortcut(desk: Desk) -> None:
    page = await desk.page("clara")
    await type_line(page, "disk was full at 12:03")
    await messages(page).hover()
    await messages(page).get_by_role("button", name="More actions").click()
    async with page.expect_response("**/control/shortcut"):
        await page.get_by_role("menuitem", name="Keep it").click()
    assert desk.pager.kept == ["disk was full at 12:03"]


async def test_the_home_is_the_acting_persons_own_in_their_language(desk: Desk) -> None:
    page = await desk.page("ana", "home")
    await expect(page.locator("#home")).to_contain_text("hello @Ana Souza")
    await expect(page.locator("#tab-home")).to_have_text("Início")
    await page.locator("#act-as").select_option("clara")
    await expect(page.locator("#home")).to_contain_text("hello @Clara Jones")
    await expect(page.locator("#tab-home")).to_have_text("Home")


async def test_a_phone_shows_one_pane_at_a_time_and_leads_back(desk: Desk) -> None:
    page = await desk.page("clara", "", PHONE)
    await expect(page.locator("#sidebar")).to_be_visible()
    await expect(page.locator("#main")).to_be_hidden()
    await page.locator("#channels").get_by_role("link", name="incidents").click()
    await expect(page.locator("#sidebar")).to_be_hidden()
    await type_line(page, "from the phone")
    await messages(page).get_by_role("button", name="Reply in thread").click()
    await expect(page.locator("#main")).to_be_hidden()
    await page.locator("#thread-back").click()
    await page.get_by_role("button", name="Back").click()
    await expect(page.locator("#sidebar")).to_be_visible()


async def test_a_channel_opened_on_a_phone_shows_its_latest_message(desk: Desk) -> None:
    for number in range(30):
        await desk.pager.client.chat_postMessage(channel=INCIDENTS, text=f"line {number}")
    page = await desk.page("clara", "", PHONE)
    await page.locator("#channels").get_by_role("link", name="incidents").click()
    await expect(messages(page).last).to_be_in_viewport(ratio=1)
    await page.set_viewport_size({"width": 390, "height": 480})
    await expect(messages(page).last).to_be_in_viewport(ratio=1)


async def test_one_who_reads_further_up_stays_there_and_is_offered_the_way_down(desk: Desk) -> None:
    page = await desk.page("clara")
    for number in range(40):
        await desk.pager.client.chat_postMessage(channel=INCIDENTS, text=f"line {number}")
    await expect(messages(page).filter(has_text="line 39")).to_be_in_viewport()
    await page.locator("#scroll").evaluate("box => { box.scrollTop = 0; }")
    await expect(messages(page).first).to_be_in_viewport()
    await desk.pager.client.chat_postMessage(channel=INCIDENTS, text="news")
    await page.get_by_role("button", name="Jump to the latest").click()
    await expect(messages(page).filter(has_text="news")).to_be_in_viewport()
