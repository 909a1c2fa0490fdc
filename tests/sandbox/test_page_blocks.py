"""Every Block Kit element on the page, drawn from what an app posts; what is foreign stays text."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from page_windows import INCIDENTS, Windows, messages, needs_chromium, open_browser
from playwright.async_api import Browser, Locator, Page, expect
from slack_office import MANIFEST
from slack_sdk.web.async_client import AsyncWebClient
from test_page import PAGE, button, mrkdwn, plain

from sandbox.slack import serve

Json = dict[str, Any]
HOSTILE = "<img src=x onerror=\"document.title='owned'\">"

pytestmark = [pytest.mark.asyncio(loop_scope="module"), needs_chromium]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chromium() -> AsyncIterator[Browser]:
    async with open_browser() as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="module")
async def app(chromium: Browser) -> AsyncIterator[tuple[AsyncWebClient, Page]]:
    """An app that posts, and Clara's window."""
    async with serve(manifest=MANIFEST, page=PAGE) as running:
        windows = Windows(chromium, running.url)
        page = await windows.open(f"as=clara&in={INCIDENTS}")
        yield AsyncWebClient(token=running.app.bot_token, base_url=f"{running.url}/api/"), page
        await windows.close()


def options(*names: str) -> list[Json]:
    return [{"text": plain(name), "value": name.lower()} for name in names]


async def shown(app: tuple[AsyncWebClient, Page], *blocks: Json) -> Locator:
    client, page = app
    await client.chat_postMessage(channel=INCIDENTS, text="blocks", blocks=list(blocks))
    await expect(messages(page)).to_have_count(1)
    return messages(page)


async def test_pickers_and_menus_of_a_message_are_drawn_and_named(app: tuple[AsyncWebClient, Page]) -> None:
    message = await shown(
        app,
        {
            "type": "actions",
            "elements": [
                {"type": "static_select", "action_id": "s", "placeholder": plain("One"), "options": options("A", "B")},
                {"type": "users_select", "action_id": "u", "placeholder": plain("Who")},
                {"type": "conversations_select", "action_id": "c", "placeholder": plain("Where")},
                {"type": "datepicker", "action_id": "d", "placeholder": plain("Day"), "initial_date": "2026-03-10"},
                {"type": "timepicker", "action_id": "t", "placeholder": plain("Hour"), "initial_time": "18:30"},
                {"type": "overflow", "action_id": "o", "options": options("Mute", "Drop")},
                {"type": "radio_buttons", "action_id": "r", "options": options("Day", "Night")},
                {"type": "checkboxes", "action_id": "k", "options": options("Tell", "Log")},
                button("b", "Press"),
            ],
        },
    )
    for name in ("One", "Who", "Where"):
        await expect(message.get_by_role("combobox", name=name)).to_be_visible()
    await expect(message.get_by_label("Day", exact=True).first).to_have_value("2026-03-10")
    await expect(message.get_by_label("Hour")).to_have_value("18:30")
    await expect(message.get_by_role("radio", name="Night")).to_be_visible()
    await expect(message.get_by_role("checkbox", name="Log")).to_be_visible()


async def test_a_select_is_searched_without_accents_and_by_keys(app: tuple[AsyncWebClient, Page]) -> None:
    cities = options("São Paulo", "Recife", "Belém", "Natal", "Olinda", "Manaus", "Santos")
    multi = {"type": "multi_static_select", "action_id": "m", "placeholder": plain("Cities"), "options": cities}
    message = await shown(app, {"type": "section", "text": mrkdwn("Where"), "accessory": multi})
    _, page = app
    await message.get_by_role("combobox", name="Cities").press("ArrowDown")
    await page.keyboard.type("sao")
    await expect(page.locator(".picker-sheet").get_by_role("option")).to_have_text(["São Paulo"])
    await page.keyboard.press("Enter")
    await expect(message.locator(".chip")).to_have_text(["São Paulo"])
    await page.keyboard.press("Escape")
    await expect(message.get_by_role("combobox", name="Cities")).to_be_focused()


async def test_tables_cards_and_rich_text_are_drawn(app: tuple[AsyncWebClient, Page]) -> None:
    cell = {"type": "raw_text"}
    rich = {"type": "rich_text_section", "elements": [{"type": "text", "text": "bold", "style": {"bold": True}}]}
    message = await shown(
        app,
        {"type": "header", "text": plain("Shift")},
        {"type": "section", "fields": [mrkdwn("*Who*\nAna"), mrkdwn("*Until*\n08:00")]},
        {"type": "divider"},
        {"type": "rich_text", "elements": [rich]},
        {"type": "table", "rows": [[{**cell, "text": "Name"}], [{**cell, "text": "Bruno"}]]},
        {"type": "card", "title": mrkdwn("INC-7"), "body": mrkdwn("slow"), "actions": [button("open", "Open")]},
        {"type": "context", "elements": [mrkdwn("so far")]},
    )
    await expect(message.get_by_role("heading", name="Shift")).to_be_visible()
    await expect(message.locator("strong", has_text="bold")).to_be_visible()
    await expect(message.get_by_role("cell", name="Bruno")).to_be_visible()
    await expect(message.locator(".card")).to_contain_text("INC-7")


async def test_foreign_text_in_blocks_stays_text(app: tuple[AsyncWebClient, Page]) -> None:
    choice = {"type": "static_select", "action_id": "s", "placeholder": plain("Pick"), "options": options(HOSTILE)}
    message = await shown(
        app,
        {"type": "header", "text": plain(HOSTILE)},
        {"type": "section", "text": plain(HOSTILE), "accessory": choice},
        {"type": "markdown", "text": f"**{HOSTILE}** [x](javascript:alert(1))"},
        {"type": "actions", "elements": [button("b", HOSTILE)]},
    )
    _, page = app
    await message.get_by_role("combobox", name="Pick").click()
    await expect(page.get_by_role("option", name=HOSTILE)).to_be_visible()
    await expect(message.get_by_role("heading")).to_have_text(HOSTILE)
    await expect(page.locator("img")).to_have_count(0)
    assert await page.title() != "owned"
