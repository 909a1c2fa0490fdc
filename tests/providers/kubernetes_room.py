"""The emulated cluster alone, with its databases, reached with exactly the Roles of docs/permissions.md."""

import asyncio
import re
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
import yaml
from aiohttp import ClientSession, web
from readings import Settings, measured, read, rendered, spoken

from bot.core.errors import TargetError
from bot.core.findings import Reading
from bot.core.operation import Change
from bot.core.preview import Preview
from bot.core.text import Text
from bot.providers import operation
from sandbox.world.kubernetes import OpenCluster, open_cluster
from sandbox.world.kubernetes.resources import DEPLOYMENTS, PODS, Document
from sandbox.world.listening import listen
from sandbox.world.seed import NAMESPACE, seed

Given = dict[str, Any]
NAME = "agente-api"
PERMISSIONS = Path(__file__).parents[2] / "docs" / "permissions.md"


def role_rules(*names: str, kind: str = "Role") -> list[dict[str, Any]]:
    """The rules of these Roles (or ClusterRoles), as the section Kubernetes of the document writes them."""
    section = PERMISSIONS.read_text(encoding="utf-8").split("\n## Kubernetes\n")[1].split("\n## ")[0]
    blocks = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", section, re.DOTALL)]
    roles = {block["metadata"]["name"]: block["rules"] for block in blocks if block["kind"] == kind}
    return [rule for name in names for rule in roles[name]]


class Room:
    """The cluster with what tests need of it: an address for some rights, its documents, its pods."""

    def __init__(self, opened: OpenCluster) -> None:
        self.cluster = opened.cluster
        self.store = opened.cluster.store
        self.url = opened.url

    def address(self, *roles: str, without: Callable[[dict[str, Any]], bool] = lambda rule: False) -> Settings:
        """Of an account with these Roles (all, with the ClusterRole, where none is named), but for some rules."""
        own = [role for role in roles if role != "plantao-nodes"]
        rules = role_rules(*(own or ("plantao-read", "plantao-exec", "plantao-change", "plantao-copy")))
        everywhere = role_rules("plantao-nodes", kind="ClusterRole") if "plantao-nodes" in roles or not roles else []
        token = secrets.token_urlsafe(12)
        kept = [rule for rule in rules if not without(rule)]
        self.cluster.access.admit(token, "plantao", NAMESPACE, kept, everywhere)
        return {"server": self.url, "token": token, "namespace": NAMESPACE}

    def pods(self, app: str = NAME) -> list[Document]:
        found = self.store.listing(PODS, NAMESPACE)
        return [pod for pod in found if pod["metadata"]["labels"].get("app") == app]

    def pod_names(self, app: str = NAME) -> list[str]:
        return [pod["metadata"]["name"] for pod in self.pods(app)]

    def deployment(self, name: str = NAME) -> Document:
        return self.store.read(DEPLOYMENTS, NAMESPACE, name)

    def container(self, name: str = NAME) -> Document:
        found: Document = self.deployment(name)["spec"]["template"]["spec"]["containers"][0]
        return found

    def edit(self, name: str, change: Callable[[Document], object]) -> None:
        """Somebody changes a deployment behind the bot's back."""
        deployment = self.deployment(name)
        change(deployment)
        self.store.replace(DEPLOYMENTS, deployment)

    def deploy(self, image: str, name: str = NAME) -> None:
        def set_image(deployment: Document) -> None:
            deployment["spec"]["template"]["spec"]["containers"][0]["image"] = image

        self.edit(name, set_image)

    def writes(self) -> list[tuple[str, str, str]]:
        return [(write.verb, write.resource, write.name) for write in self.cluster.writes]


@asynccontextmanager
async def open_room(pace: float = 0.03) -> AsyncIterator[Room]:
    async with open_cluster(NAMESPACE, seed, pace) as opened:
        yield Room(opened)


async def until(ask: Callable[[], Awaitable[Reading]], holds: Callable[[dict[str, object]], bool]) -> Reading:
    """The first reading whose measurements are as wanted."""
    deadline = monotonic() + 40
    while not holds(measured(reading := await ask())):
        assert monotonic() < deadline, reading
    return reading


async def settled(room: Room, name: str = NAME) -> None:
    """Every pod of the deployment is ready and of its newest template."""
    address = room.address("plantao-read")
    await until(lambda: read("kubernetes.rollout", address, name=name), lambda one: one["done"] is True)


@asynccontextmanager
async def overtaken(room: Room, at_write: Callable[[], object]) -> AsyncIterator[Settings]:
    """A way to the cluster on which somebody else is faster at each real change: it happens right before."""

    async def forward(request: web.Request) -> web.Response:
        if _is_real_change(request):
            at_write()
        return await _passed_on(room, request)

    async with _between(room, forward) as address:
        yield address


@asynccontextmanager
async def late(room: Room, looks: int) -> AsyncIterator[Settings]:
    """A way to the cluster that cuts the connection of each real change, which arrives only after so many looks."""
    held: list[web.Request] = []
    seen = 0

    async def forward(request: web.Request) -> web.Response:
        nonlocal seen
        if _is_real_change(request):
            await request.read()
            held.append(request)
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        if held and (seen := seen + 1) > looks:
            await _passed_on(room, held.pop())
        return await _passed_on(room, request)

    async with _between(room, forward) as address:
        yield address


@asynccontextmanager
async def _between(room: Room, forward: Callable[[web.Request], Awaitable[web.Response]]) -> AsyncIterator[Settings]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", forward)
    async with listen(app) as url:
        yield {**room.address(), "server": url}


def _is_real_change(request: web.Request) -> bool:
    return request.method not in ("GET", "HEAD") and "dryRun" not in request.query


async def _passed_on(room: Room, request: web.Request) -> web.Response:
    headers = {name: request.headers[name] for name in ("Authorization", "Content-Type") if name in request.headers}
    url, body = f"{room.url}{request.rel_url}", await request.read()
    async with ClientSession() as session, session.request(request.method, url, data=body, headers=headers) as got:
        return web.Response(body=await got.read(), status=got.status, content_type=got.content_type)


def change(name: str) -> Change:
    found = operation(f"kubernetes.{name}")
    assert isinstance(found, Change)
    return found


async def preview(name: str, address: Settings, given: Given) -> Preview:
    found = change(name)
    return await found.preview(found.address.model_validate(address), found.parameters.model_validate(given))


async def execute(name: str, address: Settings, given: Given, shown: Preview, told: list[str] | None = None) -> str:
    async def progress(text: Text) -> None:
        (told if told is not None else []).append(rendered(text))

    found = change(name)
    wanted = found.parameters.model_validate(given)
    return rendered(await found.execute(found.address.model_validate(address), wanted, shown, progress))


async def do(name: str, room: Room, given: Given) -> str:
    address = room.address()
    return await execute(name, address, given, await preview(name, address, given))


async def refusal(doing: Awaitable[object]) -> TargetError:
    with pytest.raises(TargetError) as caught:
        await doing
    return caught.value


async def refused(name: str, room: Room, given: Given) -> str:
    before = room.writes()
    error = await refusal(preview(name, room.address(), given))
    assert room.writes() == before
    return spoken(error)


def lines(shown: Preview) -> dict[str, tuple[str, str]]:
    return {rendered(line.label): (line.before, line.after) for line in shown.lines}


def warnings(shown: Preview) -> list[str]:
    return [rendered(warning) for warning in shown.warnings]


async def eventually(holds: Callable[[], bool]) -> None:
    deadline = monotonic() + 40
    while not holds():
        assert monotonic() < deadline
        await asyncio.sleep(0)
