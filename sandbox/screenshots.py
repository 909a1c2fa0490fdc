"""Regenerates the pictures in docs/images: the demo plays one night on call, Chromium takes them."""

import argparse
import asyncio
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from playwright.async_api import Browser, Page, ViewportSize, async_playwright, expect

from bot.core.errors import ConfigError
from sandbox.demo import Demo, open_demo

FOLDER = Path("docs/images")
CHROMIUM = Path("/usr/bin/chromium")
ARGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--font-render-hinting=none")
LARGEST = 200_000
PATIENCE_MS = 20_000
NO_TOUR = "localStorage.setItem('sandbox-tour', JSON.stringify({ isClosed: true }))"
INCIDENTS = "C0INCIDENTS"


@dataclass(frozen=True)
class Shape:
    """How a picture is taken."""

    width: int
    height: int
    is_dark: bool = False
    scale: float = 1.0


DESKTOP = Shape(1280, 800)
PHONE = Shape(390, 844, is_dark=True, scale=1.5)


class Studio:
    """The running demo, people's hands in it, and the camera."""

    def __init__(self, demo: Demo, browser: Browser, folder: Path) -> None:
        self.demo = demo
        self._browser = browser
        self._folder = folder

    @asynccontextmanager
    async def window(self, address: str, shape: Shape = DESKTOP) -> AsyncIterator[Page]:
        """A window onto the page at an address such as `as=ana&in=C0INCIDENTS`."""
        context = await self._browser.new_context(
            viewport=ViewportSize(width=shape.width, height=shape.height),
            color_scheme="dark" if shape.is_dark else "light",
            device_scale_factor=shape.scale,
            reduced_motion="reduce",
            locale="en-US",
        )
        context.set_default_timeout(PATIENCE_MS)
        await context.add_init_script(NO_TOUR)
        page = await context.new_page()
        await page.goto(f"{self.demo.slack.url}/#{address}")
        yield page
        await context.close()

    async def take(self, page: Page, name: str) -> None:
        """Write one picture; one too large to be carried along in the repository is refused."""
        file = self._folder / f"{name}.png"
        await page.mouse.move(0, 0)
        await page.screenshot(path=file)
        if file.stat().st_size > LARGEST:
            raise ConfigError(f"{file} has {file.stat().st_size} bytes; at most {LARGEST} are wanted")

    async def types(self, who: str, line: str) -> None:
        """Somebody sends a command."""
        async with httpx.AsyncClient(base_url=self.demo.slack.url, timeout=20, trust_env=False) as client:
            body = {"user": who, "channel": INCIDENTS, "text": line}
            (await client.post("/control/command", json=body)).raise_for_status()


async def incident(studio: Studio) -> None:
    """An incident with what happened in its thread."""
    await studio.demo.world.control(
        {"deploy": {"deployment": "agente-api", "image": "agente-api:2.4.1-bad", "by": "ci", "cause": "release 2.4.1"}}
    )
    await studio.types("ana", "/incident declare P1 API responde 500 no checkout")
    await studio.types("ana", "/incident ack INC-1")
    await studio.types("ana", "/diag api INC-1")
    await studio.types("ana", "/incident update INC-1 começou com a versão 2.4.1; suspeita do pool de conexões")
    await studio.types("ana", "/rollback agente-api INC-1")
    async with studio.window(f"as=clara&in={INCIDENTS}") as page:
        await expect(page.get_by_role("button", name="Aprovar")).to_be_visible(timeout=PATIENCE_MS)
        await page.locator("#messages .replies").first.click()
        await expect(page.locator("#thread-messages .message")).to_have_count(5, timeout=PATIENCE_MS)
        await studio.take(page, "incident")


async def approval(studio: Studio) -> None:
    """The card of a rollback on the phone of the one who may approve it."""
    async with studio.window(f"as=bruno&in={INCIDENTS}", PHONE) as page:
        await expect(page.get_by_role("button", name="Aprovar")).to_be_visible()
        await studio.take(page, "approval-phone")
        await page.get_by_role("button", name="Aprovar").click()
        await page.get_by_role("dialog").get_by_role("button", name="Executar").click()
        verified = page.locator("#messages .message").filter(has_text="executada e verificada")
        await expect(verified.first).to_be_visible(timeout=PATIENCE_MS)


async def inspector(studio: Studio) -> None:
    """Why a message stands where it stands."""
    async with studio.window(f"as=clara&in={INCIDENTS}") as page:
        card = page.locator("#messages .message").filter(has_text="RUN-1 ·").last
        await card.hover()
        await card.get_by_role("button", name="More actions").click()
        await page.get_by_role("menuitem", name="Why is this here?").click()
        await expect(page.locator("#wire .made")).to_be_visible()
        await card.scroll_into_view_if_needed()
        await studio.take(page, "inspector")


async def handoff(studio: Studio) -> None:
    """The form at the end of a shift, filled in from the record."""
    await studio.types("clara", "/handoff note the e-mail queue is slow; look again at 8")
    async with studio.window(f"as=clara&in={INCIDENTS}") as page:
        await studio.types("clara", "/handoff")
        await page.get_by_role("combobox", name="Who takes over").click()
        await page.get_by_role("option", name="Ana Souza on-call").last.click()
        await expect(page.locator(".picker-sheet")).to_be_hidden()
        await studio.take(page, "handoff")


async def take_all(folder: Path, executable: str | None) -> None:
    """Play the night and take every picture, in its order."""
    with tempfile.TemporaryDirectory() as data:
        async with open_demo(Path(data), pace=0.05) as demo, async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=executable, args=ARGS)
            studio = Studio(demo, browser, folder)
            for scene in (incident, approval, inspector, handoff):
                await scene(studio)
            await browser.close()


def main(arguments: Sequence[str] | None = None) -> None:
    """`python -m sandbox.screenshots [FOLDER]`."""
    parser = argparse.ArgumentParser(description="Regenerate the pictures of the demo.")
    parser.add_argument("folder", type=Path, nargs="?", default=FOLDER)
    folder: Path = parser.parse_args(arguments).folder
    folder.mkdir(parents=True, exist_ok=True)
    asyncio.run(take_all(folder, str(CHROMIUM) if CHROMIUM.exists() else None))


if __name__ == "__main__":
    main()
