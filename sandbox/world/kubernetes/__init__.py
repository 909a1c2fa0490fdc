"""A stateful emulator of a Kubernetes control plane, true to a real one where an operator would notice."""

import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from sandbox.world.background import running
from sandbox.world.kubernetes.access import READ_VERBS, WRITE_VERBS, Access, Account, Rule
from sandbox.world.kubernetes.cluster import Cluster
from sandbox.world.kubernetes.images import Images
from sandbox.world.kubernetes.kubelet import Kubelet
from sandbox.world.kubernetes.more_controllers import MoreControllers
from sandbox.world.kubernetes.rollout import DeploymentController
from sandbox.world.kubernetes.server import application
from sandbox.world.kubernetes.store import Store
from sandbox.world.listening import listen

_SEES_NODES = (Rule(frozenset({""}), frozenset({"nodes", "pods"}), frozenset({"list"})),)


@dataclass(frozen=True)
class OpenCluster:
    """A running cluster and how to reach it."""

    cluster: Cluster
    url: str
    token: str
    readonly_token: str


@asynccontextmanager
async def open_cluster(namespace: str, seed: Callable[[Store], None], pace: float) -> AsyncIterator[OpenCluster]:
    """Serves a seeded cluster on a free loopback port, with one account that may change things and one that may not."""
    token, readonly_token = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
    access = Access(
        {
            token: Account("plantao", namespace, READ_VERBS | WRITE_VERBS, everywhere=_SEES_NODES),
            readonly_token: Account("plantao-reader", namespace, READ_VERBS, everywhere=_SEES_NODES),
        }
    )
    cluster = Cluster(Store(lambda: datetime.now(UTC)), access, Images())
    seed(cluster.store)
    kubelet = Kubelet(cluster.store, cluster.images)
    others = MoreControllers(cluster.store, kubelet, cluster.images)
    controller = DeploymentController(cluster.store, kubelet, others, pace)
    async with running(controller.run), listen(application(cluster)) as url:
        yield OpenCluster(cluster, url, token, readonly_token)
