"""Chromium windows onto the sandbox's page, and what people do in them."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest
from playwright.async_api import Browser, Locator, Page, ViewportSize, async_playwright, expect

CHROMIUM = Path("/usr/bin/chromium")
ARGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
INCIDENTS = "C0INCIDENTS"
DESKTOP = (1280, 800)
PHONE = (390, 844)
PATIENCE_MS = 30_000
expect.set_options(timeout=PATIENCE_MS)
NO_TOUR = "localStorage.setItem('sandbox-tour', JSON.stringify({ isClosed: true }))"

needs_chromium = pytest.mark.skipif(
    not CHROMIUM.exists() and "CI" not in os.environ, reason="Chromium is not installed"
)


@asynccontextmanager
async def open_browser() -> AsyncIterator[Browser]:
    """One Chromium, until the block ends."""
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=str(CHROMIUM), headless=True, args=ARGS)
        yield opened
        await opened.close()


@dataclass(frozen=True)
class Windows:
    """Windows onto one sandbox; each is a browser of its own, since Chromium draws one behind another once a second."""

    browser: Browser
    url: str

    async def open(
        self,
        address: str,
        size: tuple[int, int] = DESKTOP,
        *,
        scheme: Literal["light", "dark"] = "light",
        has_tour: bool = False,
        locale: str = "en-US",
    ) -> Page:
        """A window at an address such as `as=ana&in=C0INCIDENTS`."""
        viewport = ViewportSize(width=size[0], height=size[1])
        context = await self.browser.new_context(
            viewport=viewport, locale=locale, color_scheme=scheme, reduced_motion="reduce"
        )
        if not has_tour:
            await context.add_init_script(NO_TOUR)
        context.set_default_timeout(PATIENCE_MS)
        page = await context.new_page()
        await page.goto(f"{self.url}/#{address}")
        await expect(page.locator("#main")).to_have_attribute("aria-busy", "false")
        return page

    async def close(self) -> None:
        """Close them all; the browser stays."""
        for context in tuple(self.browser.contexts):
            await context.close()


def composer(page: Page) -> Locator:
    return page.locator("#main-foot").get_by_role("textbox")


def messages(page: Page) -> Locator:
    return page.locator("#messages .message")


def dialog(page: Page) -> Locator:
    return page.get_by_role("dialog")


async def type_line(page: Page, line: str) -> None:
    await composer(page).fill(line)
    await composer(page).press("Enter")


async def choose(page: Page, label: str, option: str) -> None:
    """Choose from a select with search."""
    await page.get_by_label(label).click()
    await page.locator(".picker-sheet").get_by_role("option", name=option).click()


async def press(page: Page, name: str, within: Locator | None = None) -> None:
    await (within or page).get_by_role("button", name=name, exact=True).click()
