"""How fast an acknowledgement is: this bot beside a bare Bolt app that only acks; same server, one run.

Prints JSON: requests per second at 16 connections, p50 and p99 in milliseconds, also at 50 requests a second,
and each of the bot's rates as a ratio of the bare app's. Everything stays on loopback and stops by itself.
"""

import argparse
import asyncio
import hashlib
import hmac
import json
import os
import statistics
import sys
import tempfile
import time
import urllib.parse
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import yaml

from bot.settings import HERE
from sandbox import slack

CONNECTIONS = 16
CROWD = 64  # Bolt looks for the acknowledgement every 10 ms: 16 connections measure that pause more than the work
STEADY_RATE = 50
BARE = Path(__file__).parent / "bare.py"


class Caller:
    """Sends signed slash commands as Slack does."""

    def __init__(self, session: aiohttp.ClientSession, url: str, secret: str, team: str) -> None:
        self._session = session
        self._url = url
        self._secret = secret
        self._team = team

    async def command(self, command: str, text: str) -> float:
        """One command; seconds until its acknowledgement, which must be a success."""
        body = urllib.parse.urlencode(
            {
                "command": command,
                "text": text,
                "team_id": self._team,
                "user_id": "U0ANA",
                "channel_id": "C0INCIDENTS",
                "trigger_id": uuid.uuid4().hex,
                "response_url": "http://127.0.0.1:9/none",
                "api_app_id": "A0",
            }
        )
        stamp = str(int(time.time()))
        digest = hmac.new(self._secret.encode(), f"v0:{stamp}:{body}".encode(), hashlib.sha256).hexdigest()
        headers = {
            "x-slack-request-timestamp": stamp,
            "x-slack-signature": f"v0={digest}",
            "content-type": "application/x-www-form-urlencoded",
        }
        began = time.perf_counter()
        async with self._session.post(self._url, data=body, headers=headers) as answer:
            words = await answer.text()
        took = time.perf_counter() - began
        if answer.status != 200 or "⚠" in words:
            raise RuntimeError(f"{command} {text}: {answer.status} {words[:200]}")
        return took


async def at_full_speed(caller: Caller, asked: tuple[str, str], seconds: float, connections: int) -> dict[str, float]:
    """As many as go through over so many connections."""
    times: list[float] = []
    deadline = time.perf_counter() + seconds

    async def keep_asking() -> None:
        while time.perf_counter() < deadline:
            times.append(await caller.command(*asked))

    await asyncio.gather(*(keep_asking() for _ in range(connections)))
    return {"rps": round(len(times) / seconds, 1), **percentiles(times)}


async def at_steady_rate(caller: Caller, command: str, text: str, seconds: float) -> dict[str, float]:
    """Fifty a second, each when its moment comes, whether or not the one before is back."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    asked: list[asyncio.Task[float]] = []
    for number in range(int(seconds * STEADY_RATE)):
        await asyncio.sleep(max(0.0, began + number / STEADY_RATE - loop.time()))
        asked.append(asyncio.create_task(caller.command(command, text)))
    return percentiles(await asyncio.gather(*asked))


def percentiles(times: list[float]) -> dict[str, float]:
    """p50 and p99 in milliseconds."""
    cuts = statistics.quantiles(times, n=100)
    return {"p50_ms": round(cuts[49] * 1000, 2), "p99_ms": round(cuts[98] * 1000, 2)}


@asynccontextmanager
async def process(arguments: list[str], environ: Mapping[str, str], port: int) -> AsyncIterator[str]:
    """A server in its own process, ready when it answers."""
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(HERE), "PORT": str(port), **environ}
    child = await asyncio.create_subprocess_exec(sys.executable, *arguments, env=env)
    try:
        url = f"http://127.0.0.1:{port}/slack/events"
        await answers(url, child)
        yield url
    finally:
        child.terminate()
        await asyncio.wait_for(child.wait(), 20)


async def answers(url: str, child: asyncio.subprocess.Process) -> None:
    """Wait until a server refuses an unsigned request, at most 40 s."""
    deadline = time.monotonic() + 40
    async with aiohttp.ClientSession() as session:
        while time.monotonic() < deadline and child.returncode is None:
            try:
                async with session.post(url, data=b""):
                    return
            except aiohttp.ClientError:
                await asyncio.sleep(0.1)
    raise RuntimeError("the server did not start")


async def measure(
    url: str, secret: str, team: str, asked: list[tuple[str, str, str]], seconds: float
) -> dict[str, Any]:
    """Both modes for each command, after a short warm-up."""
    measured: dict[str, Any] = {}
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        caller = Caller(session, url, secret, team)
        for name, command, text in asked:
            await at_full_speed(caller, (command, text), min(1.0, seconds), CONNECTIONS)
            measured[name] = await at_full_speed(caller, (command, text), seconds, CONNECTIONS)
            measured[name]["crowded"] = await at_full_speed(caller, (command, text), seconds, CROWD)
            measured[name]["at_50_per_second"] = await at_steady_rate(caller, command, text, seconds)
    return measured


async def declare_some(url: str, secret: str, team: str) -> None:
    """A workspace has a few open incidents when somebody lists them."""
    async with aiohttp.ClientSession() as session:
        for number in range(5):
            await Caller(session, url, secret, team).command("/incident", f"declare P2 open incident {number}")


async def main(seconds: float) -> dict[str, Any]:
    """Measure the bare app, then the bot, one after the other, so that they do not share the cores."""
    manifest = yaml.safe_load((HERE / "manifest.yml").read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory(prefix="plantao-bench-") as folder:
        async with slack.serve(manifest=manifest) as workspace:
            environ = {
                "SLACK_BOT_TOKEN": workspace.app.bot_token,
                "SLACK_SIGNING_SECRET": workspace.app.signing_secret,
                "SLACK_API_URL": f"{workspace.url}/api/",
                "PLANTAO_DATA": f"{folder}/data",
                "LOG_LEVEL": "error",
            }
            secret, team = workspace.app.signing_secret, workspace.workspace.team.id
            async with process([str(BARE)], environ, 18471) as url:
                bare = await measure(url, secret, team, [("ack", "/incident", "list")], seconds)
            commands = [
                ("list", "/incident", "list"),
                ("diag", "/diag", ""),
                ("declare", "/incident", "declare P3 bench"),
            ]
            async with process(["-m", "bot", "run", "--web"], environ, 18472) as url:
                await declare_some(url, secret, team)
                bot = await measure(url, secret, team, commands, seconds)
    rate = bare["ack"]["rps"]
    return {
        "seconds": seconds,
        "connections": CONNECTIONS,
        "bare_bolt": bare["ack"],
        "plantao": bot,
        "ratio_of_bare": {name: round(figures["rps"] / rate, 2) for name, figures in bot.items()},
        "ratio_of_bare_crowded": {
            name: round(figures["crowded"]["rps"] / bare["ack"]["crowded"]["rps"], 2) for name, figures in bot.items()
        },
        "aims": {"list": 0.6, "declare": 0.4, "p99_ms_at_50_per_second": 50},
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0, help="length of each measurement (5)")
    print(json.dumps(asyncio.run(main(parser.parse_args().seconds)), indent=2))
