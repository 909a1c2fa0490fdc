"""Starting the sandbox again on the port it had."""

import httpx
from slack_office import MANIFEST

from sandbox.slack import serve


async def test_the_same_port_can_be_used_again_at_once() -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        async with serve(manifest=MANIFEST) as first:
            port = int(first.url.rpartition(":")[2])
            assert (await client.get(f"{first.url}/control/state")).status_code == 200
        async with serve(manifest=MANIFEST, port=port) as again:
            assert again.url == first.url
