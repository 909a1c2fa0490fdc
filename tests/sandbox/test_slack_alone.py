"""`plantao sandbox`: the emulator by itself, as a process, for people who write other bots."""

import asyncio
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from slack_sdk.web.async_client import AsyncWebClient

ROOT = Path(__file__).parents[2]
WORKSPACE = """
team: {id: T0TINY, name: Tiny, domain: tiny}
app: {id: A0TINY, bot_user_id: U0TINY, bot_id: B0TINY}
people:
  - {id: U0EVE, name: eve, real_name: Eve, email: eve@tiny.example}
channels:
  - {id: C0ONE, name: one, bot_is_member: true}
"""


async def start(*arguments: str) -> asyncio.subprocess.Process:
    command = [sys.executable, "-m", "bot", "sandbox", *arguments]
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=pipe, stderr=pipe)


@asynccontextmanager
async def running(*arguments: str) -> AsyncIterator[str]:
    """What it prints when it is up."""
    process = await start("--port", "0", *arguments)
    assert process.stdout is not None
    try:
        async with asyncio.timeout(40):
            told = (await process.stdout.readuntil(b"Nothing is kept.")).decode()
        yield told
    finally:
        process.send_signal(signal.SIGTERM)
        await process.communicate()
    assert process.returncode == 0


async def test_it_runs_alone_and_prints_where_and_with_which_tokens(tmp_path: Path) -> None:
    workspace, manifest = tmp_path / "workspace.yml", tmp_path / "manifest.yml"
    workspace.write_text(WORKSPACE)
    manifest.write_text("{display_information: {name: Tiny bot}, oauth_config: {scopes: {bot: [chat:write]}}}")
    async with running("--workspace", str(workspace), "--manifest", str(manifest)) as told:
        (url,) = re.findall(r"Web API\s+(\S+)", told)
        (token,) = re.findall(r"bot token\s+(\S+)", told)
        client = AsyncWebClient(token=token, base_url=url)
        assert (await client.auth_test())["team_id"] == "T0TINY"
        assert (await client.chat_postMessage(channel="C0ONE", text="hello"))["ok"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--host", "0.0.0.0"), "the sandbox listens on 127.0.0.1 only, not on 0.0.0.0"),
        (("--workspace", "nowhere.yml"), "nowhere.yml cannot be read as YAML"),
        (("--manifest", "nowhere.yml"), "nowhere.yml cannot be read as a manifest"),
    ],
)
async def test_what_it_cannot_do_is_told_in_a_sentence(arguments: tuple[str, ...], sentence: str) -> None:
    process = await start("--port", "0", *arguments)
    _, error = await asyncio.wait_for(process.communicate(), 40)
    assert (process.returncode, sentence in error.decode(), "Traceback" in error.decode()) == (2, True, False)
