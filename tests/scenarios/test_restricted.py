"""The restricted channel: who asks from there reads addresses in full, alone; everywhere else they are masked."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from aiohttp import web

from bot.core.family import REVEALS
from bot.core.reveal import Reveal
from tests.house import House, buttons
from tests.people import NEXT_ON_CALL, ON_CALL, OUTSIDER, SECOND_APPROVER, Somebody
from tests.processes import plantao
from tests.proof import signed
from tests.proof.office import Office
from tests.scenarios.test_masking import record

ADDRESS, MASKED = "203.0.113.77", "203.0.113.x"
SECRET = "sk-abc123def456ghi789jkl"
ASK = "/diag top-addresses"
HERE, PRIVATE = "C0RESTRICTED", "privategroup"


@pytest.fixture
async def attacked(house: House) -> House:
    """The house in which one address fills the logs."""
    lines = [f"INFO GET /login from {ADDRESS} with key {SECRET} of maria@example.com"] * 3
    await house.demo.world.control({"logs": {"agente-api": lines}})
    return house


async def test_a_member_who_asks_from_the_restricted_channel_reads_the_address_in_full(
    attacked: House, transport: str
) -> None:
    await attacked.command(ON_CALL, ASK, "restricted")
    shown = await attacked.told(ON_CALL, "🔒")
    assert f"×9 {ADDRESS}" in shown
    assert SECRET not in shown
    assert "maria" not in shown


async def test_what_was_read_in_full_is_nowhere_else(attacked: House, capfd: pytest.CaptureFixture[str]) -> None:
    report = await _report(attacked, ON_CALL, ASK, "restricted")
    for action in ("report:more", "report:share"):
        await attacked.click(ON_CALL, report, action)
    shared = await attacked.headline("*: top-addresses")
    assert shared["channel"] == HERE
    await attacked.until(lambda: _file_under(attacked, shared))
    state = json.dumps({name: part for name, part in (await attacked.state()).items() if name != "calls"})
    private = json.dumps((await attacked.state())["ephemerals"][ON_CALL.id])
    assert state.count(ADDRESS) == private.count(ADDRESS) > 0
    assert MASKED in json.dumps(await attacked.views(ON_CALL))
    assert ADDRESS not in await record(attacked)
    assert ADDRESS not in "".join(capfd.readouterr())


async def test_elsewhere_it_is_masked_and_said_where_it_can_be_read(attacked: House) -> None:
    report = await _report(attacked, ON_CALL, ASK, "incidents")
    assert f"<#{HERE}>" in json.dumps(report)
    await attacked.click(ON_CALL, report, "report:more")
    assert f"×9 {MASKED}" in json.dumps(await attacked.views(ON_CALL), ensure_ascii=False)
    assert ADDRESS not in json.dumps(await attacked.state())
    assert await reveals(attacked) == []


async def test_in_the_thread_of_an_incident_it_is_masked_even_when_asked_from_the_restricted_channel(
    attacked: House,
) -> None:
    await attacked.command(ON_CALL, "/incident declare P1 flooded")
    await attacked.command(ON_CALL, f"{ASK} INC-1", "restricted")
    assert ADDRESS in await attacked.told(ON_CALL, "🔒")
    await attacked.replied("INC-1", "🩺")
    assert ADDRESS not in json.dumps(await attacked.messages())
    assert ADDRESS not in await record(attacked)


async def test_a_mention_shows_nothing_in_full(attacked: House) -> None:
    await attacked.post("message", user="ana", channel="restricted", text=f"<@U0PLANTAO> {ASK.removeprefix('/')}")
    assert ADDRESS not in await attacked.told(ON_CALL, "🔒")
    assert await reveals(attacked) == []


async def test_a_member_without_the_right_to_diagnose_reads_nothing(attacked: House) -> None:
    assert "You may not run diagnostics" in await attacked.command(OUTSIDER, ASK, "restricted")
    assert await reveals(attacked) == []


async def test_two_who_ask_at_once_share_a_run_and_only_one_reads_in_full(attacked: House) -> None:
    await asyncio.gather(attacked.command(ON_CALL, ASK, "restricted"), attacked.command(NEXT_ON_CALL, ASK))
    assert ADDRESS in await attacked.told(ON_CALL, "🔒")
    assert ADDRESS not in await attacked.told(NEXT_ON_CALL, "*: top-addresses")


@pytest.mark.environ(AGENTE_RESTRICTED_CHANNEL="")
async def test_without_a_restricted_channel_it_is_masked_everywhere(attacked: House) -> None:
    await attacked.command(ON_CALL, ASK, "restricted")
    shown = await attacked.told(ON_CALL, "🔒")
    assert ADDRESS not in shown
    assert "Nenhum canal restrito está configurado" in shown


async def test_a_channel_that_was_made_public_shows_nothing_in_full(attacked: House) -> None:
    attacked.demo.slack.workspace.channels[HERE].is_private = False
    await attacked.command(ON_CALL, ASK, "restricted")
    assert ADDRESS not in await attacked.told(ON_CALL, "🔒")
    assert await reveals(attacked) == []


PLACES = (
    (HERE, PRIVATE),
    (HERE, "restricted"),
    (HERE.lower(), PRIVATE),
    ("C0OTHER", PRIVATE),
    ("C0OTHER", HERE),
    ("D0ANA", "directmessage"),
    ("", PRIVATE),
    ("", ""),
)


@pytest.mark.usefixtures("signed_http")
async def test_only_the_id_of_the_channel_counts_and_only_while_slack_calls_it_private(attacked: House) -> None:
    told = {}
    async with ears() as (url, heard):
        for number, place in enumerate(PLACES):
            heard.clear()
            await Office(attacked).send(asked(place, signed.TEAM, url, f"place-{number}"))
            told[place] = await attacked.until(lambda: final(heard))
    assert [place for place, words in told.items() if ADDRESS in words] == [PLACES[0]]
    assert [one.granted.channel for one in await reveals(attacked)] == [HERE]


@pytest.mark.usefixtures("signed_http")
async def test_somebody_of_another_workspace_gets_no_report_at_all(attacked: House) -> None:
    body = asked(PLACES[0], "T0OTHER", "http://127.0.0.1:9/", "elsewhere")
    url = str(attacked.demo.slack.app.request_url)
    answer = await attacked.client.post(url, content=body, headers=Office(attacked).signature(body))
    assert answer.json()["text"].startswith("Só quem é deste workspace")
    assert await reveals(attacked) == []


async def test_whoever_reads_in_full_reads_who_did_before(attacked: House) -> None:
    await attacked.command(ON_CALL, ASK, "restricted")
    first = await attacked.told(ON_CALL, ADDRESS)
    await attacked.command(SECOND_APPROVER, ASK, "restricted")
    second = await attacked.told(SECOND_APPROVER, ADDRESS)
    assert "REV-1" in first
    assert "@" not in first
    assert "REV-2" in second
    assert "@ana" in second
    assert "(top-addresses)" in second


async def test_the_record_can_be_exported_with_who_read_what_in_full_and_holds_no_value(attacked: House) -> None:
    await attacked.command(ON_CALL, ASK, "restricted")
    await attacked.told(ON_CALL, ADDRESS)
    await attacked.quiet()
    (verified, whole), (_, every), (_, event), (_, alone), (_, runs) = await asyncio.gather(
        audit(attacked, "verify"),
        audit(attacked, "export"),
        audit(attacked, "export", "--stream", "REV-1"),
        audit(attacked, "export", "--reveals"),
        audit(attacked, "export", "--runs"),
    )
    assert (verified, "streams 1, events 1;" in whole) == (0, True)
    line, at = json.loads(every), json.loads(event)["at"]
    assert line.pop("hash") == json.loads(event)["hash"]
    said = {"reveal": "REV-1", "system": "agente-ia", "checks": ["top-addresses"], "channel": HERE}
    assert line == said | {"at": at, "what": "reveal.granted", "who": ON_CALL.id, "via": "command"}
    assert ADDRESS not in every + event
    assert (alone, runs) == (every, "")


async def test_a_reveal_that_somebody_removed_from_the_record_is_found_out(attacked: House) -> None:
    await attacked.command(ON_CALL, ASK, "restricted")
    await attacked.told(ON_CALL, ADDRESS)
    await attacked.demo.bot.store.delete("{plantao}:stream:REV-1", "{plantao}:rows:REV")
    code, told = await audit(attacked, "verify")
    assert (code, "REV-1 is gone" in told) == (1, True)


async def test_what_cannot_be_recorded_is_not_shown(attacked: House) -> None:
    await attacked.post("invite", user="ana", channel="restricted", member="clara")
    pid = int((attacked.demo.bot.settings.plantao_data / "redis.pid").read_text())
    os.kill(pid, signal.SIGSTOP)
    try:
        await attacked.command(NEXT_ON_CALL, ASK, "restricted")
        await attacked.told(NEXT_ON_CALL, "what is not recorded is not shown")
    finally:
        os.kill(pid, signal.SIGCONT)
    assert ADDRESS not in json.dumps(await attacked.state())
    await attacked.command(NEXT_ON_CALL, ASK, "restricted")
    assert "REV-1" in await attacked.told(NEXT_ON_CALL, ADDRESS)


@pytest.mark.usefixtures("signed_http")
async def test_a_command_that_slack_delivers_twice_is_recorded_and_shown_in_full_once(attacked: House) -> None:
    async with ears() as (url, heard):
        body = asked(PLACES[0], signed.TEAM, url, "twice")
        await asyncio.gather(Office(attacked).send(body), Office(attacked).send(body))
        finals = await attacked.until(lambda: both(heard))
    assert sorted(ADDRESS in words for words in finals) == [False, True]
    assert len(await reveals(attacked)) == 1


@pytest.mark.usefixtures("signed_http")
async def test_a_forged_request_records_nothing(attacked: House) -> None:
    office = Office(attacked)
    body = asked(PLACES[0], signed.TEAM, "http://127.0.0.1:9/", "forged")
    for headers in (office.signature(body, secret="guessed"), office.signature(body, age=600), {}):
        assert await office.send(body, headers) in {400, 401, 403}
    assert await reveals(attacked) == []


async def reveals(house: House) -> list[Reveal]:
    """What the record says about reading in full, latest first."""
    return await house.demo.bot.ports.record.listing(REVEALS, only_open=False, limit=10)


async def audit(house: House, *words: str) -> tuple[int, str]:
    """What `plantao audit` says of the record of this house."""
    return await plantao("audit", *words, PLANTAO_DATA=str(house.demo.bot.settings.plantao_data))


async def both(heard: list[str]) -> list[str]:
    """The reports that were said, once there are two."""
    finals = [said for said in heard if "report:more" in said]
    return finals if len(finals) == 2 else []


def asked(place: tuple[str, str], team: str, url: str, trigger: str) -> bytes:
    """The body of the command, as it would come from this place."""
    form = dict(parse_qsl(signed.command(ON_CALL.id, ASK, trigger, team=team).decode()))
    return urlencode({**form, "channel_id": place[0], "channel_name": place[1], "response_url": url}).encode()


@asynccontextmanager
async def ears() -> AsyncIterator[tuple[str, list[str]]]:
    """A response_url, and what was said to it."""
    heard: list[str] = []

    async def hear(request: web.Request) -> web.Response:
        heard.append(await request.text())
        return web.Response(text="ok")

    app = web.Application()
    app.router.add_post("/", hear)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/", heard
    finally:
        await runner.cleanup()


async def final(heard: list[str]) -> str:
    """All that was said, once the report is there."""
    return "".join(heard) if any("report:more" in said for said in heard) else ""


async def _report(house: House, who: Somebody, text: str, channel: str) -> dict[str, Any]:
    """The private report itself, to be clicked."""
    await house.command(who, text, channel)

    async def there() -> dict[str, Any] | None:
        shown = (await house.state())["ephemerals"].get(who.id, [])
        return next((m for m in shown if m.get("blocks") and "report:share" in buttons(m)), None)

    found: dict[str, Any] = await house.until(there)
    return found


async def _file_under(house: House, head: dict[str, Any]) -> bool:
    return any(m.get("files") for m in await house.messages() if m.get("thread_ts") == head["ts"] != m["ts"])
