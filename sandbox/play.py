"""Opening the demo for a person, or for a story."""

import asyncio
import sys
from pathlib import Path

from bot.core.errors import ConfigError
from bot.logs import configure
from sandbox.demo import open_demo
from sandbox.story import Player, read_story

WELCOME = """
Plantão is on duty: {url}

Open it in a browser, choose who you are at the top left, and try in #incidents:

  /incident declare P1 checkout errors     then click Acknowledge, Update, Resolve
  /diag all                                everything at once; /diag alone lists what there is
  /rollback agente-api                     proposed by Ana, approved by Bruno with the button
  /handoff                                 the form is filled in from the record

The other systems are in #railway-chroma, #harven, #customer-support and #etp-express; /diag all works there too.

Make the small world ill (POST {world} with JSON):

  {{"redis": "kill"}}
  {{"deploy": {{"deployment": "agente-api", "image": "agente-api:2.4.1-bad"}}}}
  {{"railway": {{"railway-chroma": "crashed"}}}}
  {{"vendors": {{"openai": "down"}}}}
  {{"reset": true}}

Stop with Ctrl-C. {data}
"""


async def demo(data: Path, port: int, *, http: bool, keep: bool) -> None:
    """Serve the demo until cancelled."""
    configure("warning")
    try:
        async with open_demo(data, port=port, http=http) as opened:
            kept = f"The record is kept in {data}." if keep else "Nothing is kept; --data DIR keeps the record."
            sys.stdout.write(WELCOME.format(url=opened.slack.url, world=opened.world.control_url, data=kept))
            sys.stdout.flush()
            await opened.world.neighbours.postgres.warm()
            await asyncio.Event().wait()
    except OSError as error:
        raise ConfigError(f"port {port} cannot be used: {error.strerror}; choose another with --port") from error


async def story(file: Path, data: Path, *, http: bool = False) -> int:
    """Play one story; 0 when all its expectations hold."""
    configure("error")
    told = read_story(file)
    async with open_demo(data, http=http, pace=0.4) as opened:
        player = Player(opened.slack.url, opened.world, sys.stdout.write)
        return 0 if await player.play(told) else 1
