"""Names and files that cannot be looked up hang in threads; the other checks of a report do not wait for them."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from sandbox.demo import open_demo
from tests.house import House
from tests.people import NEXT_ON_CALL

HUNG = 40  # more than Python's own threads on any machine
SYSTEM = """
name: Shop
language: en
timezone: UTC
channel: incidents
page_by_hand: {en: Call, pt: Ligue}
roles:
  responder: {title: {en: on-call, pt: plantonista}, members: ["@oncall"]}
rights: {declare: [anyone], respond: [responder], diagnose: [anyone]}
severities:
  P1: {title: {en: down, pt: fora}, acknowledge: 5m}
targets:
"""
CHECK = """
  {name}-answers:
    {{title: {{en: {name}, pt: {name}}}, group: g, target: {name}, operation: redis.ping, limit: 2s}}
"""


@pytest.fixture
async def shop(tmp_path: Path, data: Path) -> AsyncIterator[House]:
    """A system with one Redis whose address is in a file, and many where that is a pipe that nobody writes to."""
    pipes = [tmp_path / f"pipe{number}" for number in range(HUNG)]
    for pipe in pipes:
        os.mkfifo(pipe)
    folder, alive = tmp_path / "catalog" / "shop", tmp_path / "alive"
    folder.mkdir(parents=True)
    files = {**{f"hung{number}": pipe for number, pipe in enumerate(pipes)}, "alive": alive}
    targets = "".join(
        f'  {name}: {{provider: redis, address: {{url: "file:{file}"}}}}\n' for name, file in files.items()
    )
    (folder / "system.yml").write_text(SYSTEM + targets)
    (folder / "checks.yml").write_text("checks:\n" + "".join(CHECK.format(name=name) for name in files))
    async with open_demo(data, catalog=folder.parent) as demo:
        alive.write_text(demo.world.redis_url)
        async with httpx.AsyncClient(base_url=demo.slack.url, timeout=60, trust_env=False) as client:
            yield House(demo, client)
        for pipe in pipes:  # lets the readers go, and those that have not come yet
            writer = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)
            pipe.unlink()
            pipe.touch()
            os.close(writer)


async def test_a_check_is_answered_while_the_lookups_of_many_others_hang(shop: House) -> None:
    await shop.command(NEXT_ON_CALL, "/diag all")
    assert "🟢 *alive*" in await shop.told(NEXT_ON_CALL, f"1 of {HUNG + 1} checks ok")
