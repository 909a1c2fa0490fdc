"""A small world to operate on: a cluster, a service on it, a Redis, and its neighbours; all of it can be made ill."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from aiohttp import web

from sandbox.world.background import running
from sandbox.world.changes import Change, ControlError
from sandbox.world.control import Controls
from sandbox.world.entrance import takers
from sandbox.world.kubernetes import OpenCluster, open_cluster
from sandbox.world.kubernetes.cluster import Cluster
from sandbox.world.kubernetes.images import tag_of
from sandbox.world.kubernetes.pod_states import image_of
from sandbox.world.listening import listen
from sandbox.world.neighbours import Neighbours, open_neighbours
from sandbox.world.observation import observe
from sandbox.world.patient import Patient, PatientError, open_patient
from sandbox.world.seed import API, CANARY, NAMESPACE, seed
from sandbox.world.service import Backend, Service

__all__ = ["ControlError", "PatientError", "World", "open_world"]


class World:
    """The running world: where its parts are reached, and how to change them."""

    namespace = NAMESPACE

    def __init__(self, opened: OpenCluster, patient: Patient, service: Service, neighbours: Neighbours) -> None:
        self.kubernetes_url = opened.url
        self.kubernetes_token = opened.token
        self.kubernetes_readonly_token = opened.readonly_token
        self.redis_url = patient.url
        self.service_url = ""
        self.test_token = service.test_token
        self.control_url = ""
        self.neighbours = neighbours
        self._cluster = opened.cluster
        self._patient = patient
        self._service = service
        self._controls = Controls(opened.cluster, patient, service, neighbours)
        self._one_at_a_time = asyncio.Lock()

    async def control(self, change: Mapping[str, Any]) -> dict[str, Any]:
        """Makes one change and answers the state right after it; raises ControlError where it cannot be made."""
        wish = Change.parse(change)
        async with self._one_at_a_time:
            try:
                await self._controls.make(wish)
            except PatientError as error:
                raise ControlError(str(error)) from error
        return self.state()

    def state(self) -> dict[str, Any]:
        return observe(self._cluster, self._patient, self._service, self.neighbours)

    def routes(self) -> list[web.RouteDef]:
        """`GET /world` tells the state, `POST /world` makes one change; to be mounted on any aiohttp server."""
        return [web.get("/world", self._answer_state), web.post("/world", self._answer_change)]

    async def _answer_state(self, _request: web.Request) -> web.Response:
        return web.json_response(self.state())

    async def _answer_change(self, request: web.Request) -> web.Response:
        try:
            change = await request.json()
            if not isinstance(change, dict):
                raise ControlError("A change is a JSON object.")
            return web.json_response(await self.control(change))
        except json.JSONDecodeError:
            return web.json_response({"error": "The body is not JSON."}, status=400)
        except ControlError as error:
            return web.json_response({"error": str(error)}, status=400)


@asynccontextmanager
async def open_world(*, redis_binary: str | None = None, pace: float = 0.7, port: int = 0) -> AsyncIterator[World]:
    """Opens the world on loopback; `port` fixes that of the control server, all other ports are free ones."""
    async with AsyncExitStack() as stack:
        patient = await stack.enter_async_context(open_patient(redis_binary))
        opened = await stack.enter_async_context(open_cluster(NAMESPACE, seed, pace))
        service = Service(lambda: _backends(opened.cluster), patient, pace)
        await stack.enter_async_context(running(service.traffic.run))
        neighbours = await stack.enter_async_context(open_neighbours(pace))
        world = World(opened, patient, service, neighbours)
        world.service_url = await stack.enter_async_context(listen(service.application()))
        control = web.Application()
        control.add_routes(world.routes())
        world.control_url = f"{await stack.enter_async_context(listen(control, port))}/world"
        yield world


def _backends(cluster: Cluster) -> list[Backend]:
    """The pods that take the API's requests, one after the other."""
    pods = takers(cluster.store, NAMESPACE, API, CANARY)
    return [Backend(tag_of(image_of(pod)), cluster.fate_of(pod), _mode(pod)) for pod in pods]


def _mode(pod: dict[str, Any]) -> str:
    """MAINTENANCE_MODE, as the pod was started with it."""
    variables = pod["spec"]["containers"][0].get("env", ())
    return next((str(one.get("value", "")) for one in variables if one["name"] == "MAINTENANCE_MODE"), "")
