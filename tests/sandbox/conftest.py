"""The emulated Slack as a fixture: fresh for each test, on a port of its own."""

from collections.abc import AsyncIterator

import aiohttp
import pytest
from slack_office import MANIFEST, WORKSPACE, Office
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack import serve


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    async with serve(WORKSPACE, manifest=MANIFEST) as sandbox, aiohttp.ClientSession() as session:
        yield Office(sandbox, AsyncWebClient(token=sandbox.app.bot_token, base_url=f"{sandbox.url}/api/"), session)
