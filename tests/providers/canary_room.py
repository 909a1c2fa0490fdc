"""A cluster with a shop in two versions behind one Service: twenty pods of the stable one, none of the new one yet."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from kubernetes_room import Given, Room, eventually, execute, preview

from bot.core.preview import Preview
from bot.providers.kubernetes.canary.ladder import SINCE
from sandbox.world.entrance import service
from sandbox.world.kubernetes import documents, open_cluster
from sandbox.world.kubernetes.endpoints import serving
from sandbox.world.kubernetes.resources import DEPLOYMENTS, NAMESPACES, SERVICES, Document
from sandbox.world.kubernetes.store import Store
from sandbox.world.seed import NAMESPACE

STABLE, CANARY = "shop", "shop-canary"
BY_PODS: Given = {"stable": STABLE, "canary": CANARY, "service": STABLE}


def seed_shop(store: Store) -> None:
    store.create(NAMESPACES, {"metadata": {"name": NAMESPACE}, "status": {"phase": "Active"}})
    for name, image, count in ((STABLE, "shop:1.0.0", 20), (CANARY, "shop:1.1.0", 0)):
        template = documents.pod_template(name, image, {})
        template["metadata"]["labels"]["site"] = "shop"
        store.create(DEPLOYMENTS, documents.deployment(NAMESPACE, name, count, template))
    store.create(SERVICES, service({"name": STABLE, "namespace": NAMESPACE}, {"site": "shop"}))


class Shop(Room):
    """What tests ask of it: a step, and whose pods the Service sends requests to."""

    def behind(self) -> tuple[int, int]:
        """The ready pods behind the Service: of the stable version and of the canary."""
        apps = [pod["metadata"]["labels"]["app"] for pod in serving(self.store, NAMESPACE, STABLE)]
        return apps.count(STABLE), apps.count(CANARY)

    async def step(self, share: int, told: list[str] | None = None) -> str:
        given = {**BY_PODS, "share": share}
        return await execute("canary", self.address(), given, await self.shown(share), told)

    async def shown(self, share: int, **other: object) -> Preview:
        return await preview("canary", self.address(), {**BY_PODS, "share": share, **other})

    async def fewest_while(self, share: int) -> int:
        """The fewest pods behind the Service at any moment of this step."""
        doing, fewest = asyncio.create_task(self.step(share)), sum(self.behind())
        while not doing.done():
            fewest = min(fewest, sum(self.behind()))
            await asyncio.sleep(0)
        await doing
        return fewest

    def age(self, hours: float, name: str = CANARY) -> None:
        """As if the last step had been made so much earlier."""

        def write(deployment: Document) -> None:
            share, _, digest = deployment["metadata"]["annotations"][SINCE].split()
            since = datetime.now(UTC) - timedelta(hours=hours)
            deployment["metadata"]["annotations"][SINCE] = f"{share} {since.isoformat()} {digest}"

        self.edit(name, write)

    def selector(self, **labels: str) -> None:
        """What the Service selects from now on."""
        found = self.store.read(SERVICES, NAMESPACE, STABLE)
        found["spec"]["selector"] = labels
        self.store.replace(SERVICES, found)

    def label(self, name: str, **labels: Any) -> None:
        self.edit(name, lambda one: one["spec"]["template"]["metadata"]["labels"].update(labels))


@asynccontextmanager
async def open_shop() -> AsyncIterator[Shop]:
    async with open_cluster(NAMESPACE, seed_shop, 0.01) as opened:
        shop = Shop(opened)
        await eventually(lambda: shop.behind() == (20, 0))
        await eventually(lambda: _is_complete(shop.deployment(STABLE)) and _is_complete(shop.deployment(CANARY)))
        yield shop


def _is_complete(deployment: Document) -> bool:
    return bool(deployment["status"].get("availableReplicas", 0) == deployment["spec"]["replicas"])
