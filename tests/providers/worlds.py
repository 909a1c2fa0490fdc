"""The emulated cluster, as the bot addresses it and as others change it behind the bot's back."""

import json

import httpx
from readings import Settings

from sandbox.world import World

NAME = "agente-api"


def cluster(world: World, **other: object) -> Settings:
    """The address of the world's cluster, with the token that may change things."""
    address = {"server": world.kubernetes_url, "token": world.kubernetes_token, "namespace": world.namespace}
    return {**address, **other}


async def deploy(world: World, image: str) -> None:
    await world.control({"deploy": {"deployment": NAME, "image": image}})


async def merge(world: World, patch: object) -> None:
    """Changes the deployment as somebody with kubectl would."""
    url = f"{world.kubernetes_url}/apis/apps/v1/namespaces/{world.namespace}/deployments/{NAME}"
    headers = {"Authorization": f"Bearer {world.kubernetes_token}", "Content-Type": "application/merge-patch+json"}
    async with httpx.AsyncClient(trust_env=False) as client:
        (await client.patch(url, headers=headers, content=json.dumps(patch))).raise_for_status()
