"""EMULATED: a Docker engine, its containers, images and networks; what is changed here can be seen here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sandbox.world.docker import refusals
from sandbox.world.docker.container import Container
from sandbox.world.docker.documents import endpoint
from sandbox.world.docker.image import Document, Image
from sandbox.world.docker.making import container_of
from sandbox.world.docker.refusals import Refusal


@dataclass
class Exec:
    """A command to be run inside a container, once."""

    container: Container
    command: list[str]
    code: int | None = None


@dataclass
class Docker:
    """`pace` is the seconds that a container takes to stop; `socket` is where it listens."""

    pace: float = 0.0
    socket: str = ""
    containers: list[Container] = field(default_factory=list)
    images: list[Image] = field(default_factory=list)
    networks: set[str] = field(default_factory=lambda: {"none", "host", "bridge"})
    execs: dict[str, Exec] = field(default_factory=dict)

    @property
    def now(self) -> datetime:
        return datetime.now(UTC)

    def present(self) -> list[Container]:
        """All of them as they are by now, the one made last first."""
        for one in self.containers:
            one.settle(self.now)
        return sorted(self.containers, key=lambda one: one.created, reverse=True)

    def container(self, name: str) -> Container:
        """By its name, its id or the beginning of that."""
        found = self.find(name) or next((one for one in self.containers if one.id.startswith(name)), None)
        if found is None:
            raise refusals.no_container(name)
        found.settle(self.now)
        return found

    def find(self, name: str) -> Container | None:
        """By its exact name."""
        return next((one for one in self.containers if one.name == name.lstrip("/")), None)

    def image(self, name: str) -> Image:
        found = next((one for one in self.images if one.is_called(name)), None)
        if found is None:
            raise refusals.no_image(name)
        return found

    def create(self, name: str, request: Mapping[str, Any]) -> Container:
        made = container_of(name, request, self.image(str(request.get("Image", ""))), self.now)
        if holder := self.find(name):
            raise Refusal(409, refusals.taken_name(name, holder.id))
        self.containers.append(made)
        return made

    def start(self, name: str) -> None:
        """Counts its restarts from none again; 304 where it runs."""
        one = self.container(name)
        if one.is_running:
            raise refusals.unchanged()
        for network in one.endpoints:
            self._require_network(network)
        one.restarts = 0
        one.start(self.now)

    def stop(self, name: str) -> None:
        one = self.container(name)
        if one.status not in {"running", "restarting"}:
            raise refusals.unchanged()
        one.stop(self.now)

    def restart(self, name: str) -> None:
        one = self.container(name)
        one.stop(self.now)
        one.restarts = 0
        one.start(self.now)

    def rename(self, name: str, other: str) -> None:
        one, holder = self.container(name), self.find(other)
        if holder:
            raise Refusal(409, f"Error when allocating new name: {refusals.taken_name(other, holder.id)}")
        one.name = other

    def remove(self, name: str, *, is_forced: bool) -> None:
        one = self.container(name)
        if one.status in {"running", "restarting"} and not is_forced:
            raise refusals.running(one.id)
        self.containers.remove(one)

    def connect(self, network: str, request: Document) -> None:
        self._require_network(network)
        one = self.container(str(request.get("Container", "")))
        one.endpoints[network] = endpoint(network, request.get("EndpointConfig") or {}, one.id[:12])

    def tag(self, name: str, new: str) -> None:
        """The image that had the new name until now loses it."""
        whole = name if name.startswith("sha256:") or ":" in name.rpartition("/")[2] else f"{name}:latest"
        image = self.image(whole)
        for one in self.images:
            one.tags = [tag for tag in one.tags if tag != new]
        image.tags.append(new)
        image.tagged = self.now

    def _require_network(self, name: str) -> None:
        if name not in self.networks:
            raise refusals.no_network(name)
