"""Commands a second through the emulated Slack, beside a bare endpoint that takes the same requests in the same run.

Everything runs on one core (this process pins itself and its children where the system can): the emulator in
a process of its own, the app that acknowledges and the typists here. Prints JSON. The aim is 200 a second.
"""

import argparse
import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

ROOT = Path(__file__).parents[1]
TYPISTS = 16
AIM = 200


async def acknowledge(request: web.Request) -> web.Response:
    """The bare endpoint, and the app behind the emulator: reads the request and answers."""
    await request.read()
    return web.json_response({"text": "done"})


@asynccontextmanager
async def endpoint() -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_post("/", acknowledge)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def emulator() -> AsyncIterator[str]:
    """`plantao sandbox` as its users start it."""
    command = [sys.executable, "-m", "bot", "sandbox", "--port", "0"]
    child = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    assert child.stdout is not None
    try:
        async with asyncio.timeout(30):
            told = (await child.stdout.readuntil(b"Nothing is kept.")).decode()
        yield told.split("A Slack workspace of your own: ")[1].split()[0]
    finally:
        child.terminate()
        await child.wait()


async def rate(session: aiohttp.ClientSession, url: str, seconds: float, check: Callable[[Any], bool]) -> float:
    """Requests answered soundly a second, by a few typists who do not pause."""
    body = {"user": "ana", "channel": "incidents", "text": "/incident list"}
    ends = time.perf_counter() + seconds

    async def type_on() -> int:
        done = 0
        while time.perf_counter() < ends:
            async with session.post(url, json=body) as response:
                assert check(await response.json())
            done += 1
        return done

    started = time.perf_counter()
    done = sum(await asyncio.gather(*(type_on() for _ in range(TYPISTS))))
    return round(done / (time.perf_counter() - started), 1)


async def main(seconds: float, *, one_core: bool) -> dict[str, Any]:
    """The bare endpoint first, then the same endpoint behind the emulator."""
    async with endpoint() as app, emulator() as sandbox, aiohttp.ClientSession() as session:
        async with session.post(f"{sandbox}/control/app", json={"request_url": app}) as response:
            assert response.status == 200
        bare = await rate(session, app, seconds, lambda told: told["text"] == "done")
        through = await rate(session, f"{sandbox}/control/command", seconds, lambda told: told["error"] is None)
    return {
        "seconds": seconds,
        "typists": TYPISTS,
        "one_core": one_core,
        "bare_endpoint_per_second": bare,
        "commands_per_second": through,
        "ratio_of_bare": round(through / bare, 3),
        "aim_per_second": AIM,
        "aim_is_met": through >= AIM,
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0)
    options = parser.parse_args()
    pinned = hasattr(os, "sched_setaffinity")
    if pinned:
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    print(json.dumps(asyncio.run(main(options.seconds, one_core=pinned)), indent=2))
