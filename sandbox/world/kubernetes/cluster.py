"""The emulated cluster as its API and the world see it."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from sandbox.world.kubernetes.access import Access
from sandbox.world.kubernetes.faults import Faults
from sandbox.world.kubernetes.images import Fate, Images
from sandbox.world.kubernetes.inside import Inside
from sandbox.world.kubernetes.pod_logs import Outage, Said
from sandbox.world.kubernetes.pod_states import image_of
from sandbox.world.kubernetes.resources import Document, Resource
from sandbox.world.kubernetes.store import Store


@dataclass(frozen=True)
class Write:
    """A change that came through the API and was stored; a test proves by it what was executed, and how often."""

    verb: str
    resource: str
    name: str
    user: str

    def describe(self) -> dict[str, Any]:
        return {"verb": self.verb, "resource": self.resource, "name": self.name, "user": self.user}


@dataclass
class Cluster:
    """The parts of the control plane that requests touch."""

    store: Store
    access: Access
    images: Images
    faults: Faults = field(default_factory=Faults)
    writes: list[Write] = field(default_factory=list)
    outages: list[Outage] = field(default_factory=list)
    exposed: list[str] = field(default_factory=list)
    """Secrets whose contents were sent to somebody."""
    said: list[Said] = field(default_factory=list)
    inside: Inside = field(default_factory=Inside)
    usage: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Processor time and memory by pod, where they are not what its image makes of them."""

    def fate_of(self, workload: Document) -> Fate:
        return self.images.fate(image_of(workload))

    def forget(self) -> None:
        """Nothing was written, said or changed inside pods yet."""
        self.images.forget()
        self.inside = Inside()
        for kept in (self.writes, self.outages, self.exposed, self.said, self.usage):
            kept.clear()

    def count_write(self, verb: str, resource: Resource, name: str, user: str) -> None:
        self.writes.append(Write(verb, resource.plural, name, user))

    def patches(self) -> Counter[str]:
        """Stored patches, replacements and scalings per Deployment."""
        return Counter(write.name for write in self.writes if write.resource == "deployments")


CLUSTER = web.AppKey("cluster", Cluster)
