"""The page for those who hear it, use it by keys, or read it in the dark: axe-core finds nothing to object to."""

from collections.abc import AsyncIterator
from typing import Literal

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from page_windows import (
    INCIDENTS,
    PHONE,
    Windows,
    composer,
    dialog,
    messages,
    needs_chromium,
    open_browser,
    type_line,
)
from playwright.async_api import Page, expect

from sandbox.demo import open_demo
from tests.house import RECORD_LIMIT
from tests.memory import memory

Scheme = Literal["light", "dark"]

pytestmark = [pytest.mark.asyncio(loop_scope="module"), needs_chromium]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def windows() -> AsyncIterator[Windows]:
    with memory() as folder:
        async with open_demo(folder, pace=0.02, record_limit=RECORD_LIMIT) as demo, open_browser() as browser:
            opened = Windows(browser, demo.slack.url)
            page = await opened.open(f"as=ana&in={INCIDENTS}")
            await type_line(page, "/incident declare P1 checkout errors")
            await type_line(page, "/rollback agente-api INC-1")
            await expect(messages(page).get_by_role("button", name="Aprovar")).to_be_visible()
            await opened.close()
            yield opened


@pytest.fixture(params=["light", "dark"])
def scheme(request: pytest.FixtureRequest) -> Scheme:
    chosen: Scheme = request.param
    return chosen


async def objections(page: Page) -> list[str]:
    """What axe-core finds against the page as it stands, with the first place of each."""
    results = await Axe().run(page)
    found = results.response["violations"]
    return [f"{one['id']}: {one['help']} at {one['nodes'][0]['html'][:160]}" for one in found]


async def test_channel_thread_tour_and_inspector_have_no_violations(windows: Windows, scheme: Scheme) -> None:
    page = await windows.open(f"as=bruno&in={INCIDENTS}&wire=all", scheme=scheme, has_tour=True)
    await page.locator(".replies").first.click()
    await expect(page.locator("#thread-messages .message").nth(1)).to_be_visible()
    await page.locator("#wire summary").first.click()
    await expect(page.locator("#tour")).to_be_visible()
    assert await objections(page) == []
    await windows.close()


async def test_a_modal_with_an_open_select_has_no_violations(windows: Windows, scheme: Scheme) -> None:
    page = await windows.open(f"as=ana&in={INCIDENTS}", scheme=scheme)
    await type_line(page, "/incident declare")
    await dialog(page).get_by_role("combobox", name="Severidade").click()
    await expect(page.locator(".picker-sheet")).to_be_visible()
    assert await objections(page) == []
    await page.keyboard.press("Escape")
    await page.keyboard.press("Escape")
    await expect(dialog(page)).to_be_hidden()
    await windows.close()


async def test_the_home_and_the_list_of_keys_have_no_violations(windows: Windows, scheme: Scheme) -> None:
    page = await windows.open("as=clara&in=home", scheme=scheme)
    await expect(page.locator("#home")).to_contain_text("INC-1")
    assert await objections(page) == []
    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    assert await objections(page) == []
    await windows.close()


async def test_a_phone_has_no_violations(windows: Windows, scheme: Scheme) -> None:
    page = await windows.open(f"as=bruno&in={INCIDENTS}", PHONE, scheme=scheme, has_tour=True)
    await expect(messages(page).get_by_role("button", name="Aprovar")).to_be_visible()
    assert await objections(page) == []
    await windows.close()


async def test_suggestions_are_named_for_those_who_hear_them(windows: Windows) -> None:
    page = await windows.open(f"as=clara&in={INCIDENTS}")
    await composer(page).press_sequentially("look :fir")
    await expect(page.get_by_role("option", name=":fire:")).to_have_attribute("aria-selected", "true")
    assert await objections(page) == []
    await composer(page).press("Enter")
    await expect(composer(page)).to_have_value("look :fire: ")
    await windows.close()


async def test_the_keys_lead_through_channels_messages_and_people(windows: Windows) -> None:
    page = await windows.open(f"as=clara&in={INCIDENTS}")
    await page.locator("#scroll").focus()
    await page.keyboard.press("k")
    await expect(messages(page).last).to_be_focused()
    await page.keyboard.press("w")
    await expect(page.locator("#wire .made")).to_contain_text("chat.postMessage")
    await page.keyboard.press("Escape")
    await expect(page.locator("#inspector")).to_be_hidden()
    await page.keyboard.press("Alt+ArrowDown")
    await expect(page.locator("#main-title")).to_have_text("#railway-chroma")
    await page.keyboard.press("Alt+ArrowUp")
    await expect(page.locator("#main-title")).to_have_text("#incidents")
    await page.keyboard.press("Alt+2")
    await expect(page.locator("#act-as")).to_have_value("bruno")
    await page.keyboard.press("/")
    await expect(composer(page)).to_have_value("/")
    await windows.close()


async def test_the_colours_chosen_outlast_a_reload(windows: Windows) -> None:
    page = await windows.open(f"as=clara&in={INCIDENTS}", scheme="light")
    ground = "getComputedStyle(document.body).backgroundColor"
    light = await page.evaluate(ground)
    for label in ("Colours: as the system has them", "Colours: light"):
        await page.get_by_role("button", name=label).click()
    assert await page.evaluate(ground) != light
    await page.reload()
    await expect(page.get_by_role("button", name="Colours: dark")).to_be_visible()
    assert await page.evaluate(ground) != light
    await windows.close()
