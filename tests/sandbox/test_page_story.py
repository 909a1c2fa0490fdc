"""The page before the real bot: one night on call, clicked through by the people who lived it."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from page_windows import (
    DESKTOP,
    INCIDENTS,
    PHONE,
    Windows,
    choose,
    composer,
    dialog,
    messages,
    needs_chromium,
    open_browser,
    press,
    type_line,
)
from playwright.async_api import Locator, Page, expect

from sandbox.demo import open_demo
from tests.house import RECORD_LIMIT
from tests.memory import memory

SLOW_MS = 40_000

pytestmark = [pytest.mark.asyncio(loop_scope="module"), needs_chromium]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def windows() -> AsyncIterator[Windows]:
    with memory() as folder:
        async with open_demo(folder, pace=0.02, record_limit=RECORD_LIMIT) as demo, open_browser() as browser:
            yield Windows(browser, demo.slack.url)


@pytest.fixture(params=[DESKTOP, PHONE], ids=["desktop", "phone"])
def size(request: pytest.FixtureRequest) -> tuple[int, int]:
    shape: tuple[int, int] = request.param
    return shape


async def seat(windows: Windows, person: str, size: tuple[int, int] = DESKTOP) -> Page:
    return await windows.open(f"as={person}&in={INCIDENTS}", size)


def card(page: Page, words: str) -> Locator:
    return messages(page).filter(has_text=words).last


async def declare(page: Page, title: str) -> None:
    """By the form that the bare command opens, in Ana's language."""
    await type_line(page, "/incident declare")
    await page.get_by_label("Qual é o problema?").fill(title)
    await choose(page, "Severidade", "P1")
    await press(page, "Declarar", dialog(page))
    await expect(card(page, title)).to_contain_text("P1")
    if await dialog(page).is_visible():
        await press(page, "Fechar", page.locator(".dialog-foot"))
    await expect(dialog(page)).to_be_hidden()


async def test_an_incident_is_declared_in_a_form_and_diagnosed(windows: Windows, size: tuple[int, int]) -> None:
    ana = await seat(windows, "ana", size)
    title = f"checkout errors at {size[0]}"
    await declare(ana, title)
    await type_line(ana, "/diag redis")
    answer = messages(ana).filter(has_text="Visível somente para você").filter(has_text="Memória do Redis")
    await expect(answer.last).to_be_visible(timeout=SLOW_MS)
    await windows.close()


async def test_a_rollback_is_proposed_by_one_and_approved_by_another(windows: Windows, size: tuple[int, int]) -> None:
    ana, bruno = await seat(windows, "ana", size), await seat(windows, "bruno", size)
    await type_line(ana, "/rollback agente-api")
    proposed = card(bruno, "aguardando aprovação").filter(has=bruno.get_by_role("button", name="Aprovar"))
    run = (await proposed.inner_text()).split("RUN-")[1].split()[0]
    await press(ana, "Aprovar", card(ana, f"RUN-{run} ·"))
    await press(ana, "Executar", dialog(ana))
    await expect(card(ana, "outra pessoa precisa aprovar")).to_contain_text("Visível somente para você")
    await press(bruno, "Aprovar", proposed)
    await press(bruno, "Executar", dialog(bruno))
    await expect(card(ana, f"RUN-{run} ·")).to_contain_text("✅", timeout=SLOW_MS)
    await expect(card(ana, f"RUN-{run} ·").get_by_role("button", name="Aprovar")).to_have_count(0)
    await windows.close()


async def test_the_shift_is_handed_over_in_a_form_and_accepted(windows: Windows, size: tuple[int, int]) -> None:
    ana, clara = await seat(windows, "ana", size), await seat(windows, "clara", size)
    await type_line(ana, "/handoff")
    await choose(ana, "Quem assume", "Clara Jones")
    remark = f"look at the queue, {size[0]}"
    await ana.get_by_label("Observações").fill(remark)
    await press(ana, "Passar", dialog(ana))
    await press(ana, "Fechar", ana.locator(".dialog-foot"))
    note = card(clara, remark)
    await press(clara, "Eu assumo", note)
    await expect(note).to_contain_text("✅")
    await windows.close()


async def test_the_inspector_shows_which_call_made_a_message_and_what_it_answered(windows: Windows) -> None:
    ana = await seat(windows, "ana")
    await declare(ana, "why is this here")
    headline = card(ana, "why is this here").filter(has=ana.get_by_role("button", name="Reconhecer"))
    await headline.hover()
    await headline.get_by_role("button", name="Mais ações").click()
    await ana.get_by_role("menuitem", name="Por que isto está aqui?").click()
    made = ana.locator("#wire .made")
    await expect(made).to_contain_text("chat.postMessage")
    await expect(made.get_by_role("group", name="Pedido")).to_contain_text("why is this here")
    await expect(made.get_by_role("group", name="Resposta")).to_contain_text('"ok": true')
    await ana.keyboard.press("Escape")
    await expect(ana.locator("#inspector")).to_be_hidden()
    await windows.close()


@pytest.mark.parametrize(("locale", "size"), [("en-US", DESKTOP), ("pt-BR", PHONE)], ids=["desktop", "phone"])
async def test_the_tour_is_walked_to_its_end(windows: Windows, locale: str, size: tuple[int, int]) -> None:
    page = await windows.open("tour", size, has_tour=True, locale=locale)
    tour = page.locator("#tour")
    for step in ("declare", "diagnose", "propose"):
        await command_of_tour(page, step)
    await act(page, "Bruno Lima")
    await page.locator(".button.tour-spot").click()
    await page.locator("dialog.confirm .primary").click()
    await at_step(page, "resolve")
    await act(page, "Ana Souza")
    await command_of_tour(page, "resolve")
    await command_of_tour(page, "handoff")
    await choose(page, "Quem assume", "Clara Jones")
    await press(page, "Passar", dialog(page))
    await press(page, "Fechar", page.locator(".dialog-foot"))
    await at_step(page, "accept")
    await act(page, "Clara Jones")
    await page.locator(".button.tour-spot").click()
    await at_step(page, "end")
    await unfold(page)
    await expect(tour).to_contain_text("Assim foi uma noite" if locale == "pt-BR" else "That was a night on call")
    await windows.close()


async def at_step(page: Page, step: str) -> None:
    await expect(page.locator("body")).to_have_attribute("data-tour", step, timeout=SLOW_MS)


async def unfold(page: Page) -> None:
    """On a phone the tour is one line until it is asked for more."""
    if await page.locator("#tour details:not([open])").count():
        await page.locator("#tour summary").click()


async def act(page: Page, name: str) -> None:
    await unfold(page)
    await page.locator("#tour").get_by_role("button", name=name).click()


async def command_of_tour(page: Page, step: str) -> None:
    await at_step(page, step)
    await unfold(page)
    await page.locator("#tour .button").click()
    await expect(composer(page)).not_to_have_value("")
    await page.locator("#main-foot .send").click()


async def test_the_tour_is_offered_once_and_comes_back_when_asked(windows: Windows) -> None:
    page = await windows.open(f"as=ana&in={INCIDENTS}", has_tour=True)
    await press(page, "Close the tour")
    await expect(page.locator("#tour")).to_be_hidden()
    await page.reload()
    await expect(page.locator("#main-title")).to_have_text("#incidents")
    await expect(page.locator("#tour")).to_be_hidden()
    await press(page, "Guided tour")
    await expect(page.locator("#tour")).to_contain_text("Step 1 of 8")
    await press(page, "Português")
    await expect(page.locator("#tour")).to_contain_text("Passo 1 de 8")
    await windows.close()
