"""Makes the changes that a person or a test asks for."""

from dataclasses import dataclass

from sandbox.world.changes import Change, ControlError, Deploy, Drift, Fill, KubernetesWish, ServiceWish
from sandbox.world.kubernetes.cluster import Cluster
from sandbox.world.kubernetes.documents import CHANGE_CAUSE
from sandbox.world.kubernetes.faults import Faults
from sandbox.world.kubernetes.images import tag_of
from sandbox.world.kubernetes.nodes import fill_nodes
from sandbox.world.kubernetes.pod_logs import Outage, Said
from sandbox.world.kubernetes.resources import DEPLOYMENTS, PODS
from sandbox.world.neighbours import Neighbours, ills
from sandbox.world.patient import Patient, State
from sandbox.world.seed import NAMESPACE, seed
from sandbox.world.service import Service

_OUTAGES = {
    "db": "db: connection refused by postgres-service:5432",
    "redis": "redis: connection to redis-service:6379 failed, continuing without cache",
    "llm": "LLM request failed: provider answered 503, retries exhausted",
}


@dataclass
class Controls:
    """Each change has been parsed before; what fails here is impossible only in the world's present state."""

    cluster: Cluster
    patient: Patient
    service: Service
    neighbours: Neighbours

    async def make(self, change: Change) -> None:
        if change.deploy:
            self._deploy(change.deploy)
        if change.drift:
            self._set_image(change.drift, cause=None)
        if change.redis:
            await self._treat_redis(change.redis)
        if change.service:
            self._change_service(change.service)
        if change.kubernetes:
            self._change_kubernetes(change.kubernetes)
        self._change_neighbours(change)
        if change.reset:
            await self._reset()

    def _deploy(self, wish: Deploy) -> None:
        self._set_image(wish, cause=f"{wish.cause or f'release {tag_of(wish.image)}'} by {wish.by}")

    def _set_image(self, wish: Drift, cause: str | None) -> None:
        store = self.cluster.store
        deployment = store.find(DEPLOYMENTS, NAMESPACE, wish.deployment)
        if deployment is None:
            present = ", ".join(one["metadata"]["name"] for one in store.listing(DEPLOYMENTS, NAMESPACE))
            raise ControlError(f"There is no deployment {wish.deployment}; there are {present}.")
        if wish.fate:
            self.cluster.images.tell(wish.image, wish.fate)
        deployment["spec"]["template"]["spec"]["containers"][0]["image"] = wish.image
        if cause:
            deployment["metadata"]["annotations"][CHANGE_CAUSE] = cause
        store.replace(DEPLOYMENTS, deployment)

    async def _treat_redis(self, wish: str | Fill) -> None:
        if isinstance(wish, Fill):
            await self.patient.fill(wish.fill)
        elif wish == "pause":
            self.patient.pause()
        elif wish == "resume":
            self.patient.resume()
        else:
            await {"kill": self.patient.kill, "start": self.patient.start, "empty": self.patient.empty}[wish]()
        self._note_outage("redis", self.patient.state is not State.RUNNING)

    def _change_service(self, wish: str | ServiceWish) -> None:
        if isinstance(wish, ServiceWish):
            self._set_conditions(wish)
        elif wish == "hang":
            self.service.conditions.answering.clear()
        else:
            self.service.normalise()
            for dependency in ("db", "llm"):
                self._note_outage(dependency, False)

    def _set_conditions(self, wish: ServiceWish) -> None:
        conditions = self.service.conditions
        if wish.latency_ms is not None:
            conditions.latency_seconds = wish.latency_ms / 1000
        if wish.status is not None:
            conditions.status = wish.status
        if wish.version is not None:
            conditions.version = wish.version
        for dependency, switch in (("db", wish.db), ("llm", wish.llm)):
            if switch is not None:
                is_down = switch == "down"
                conditions.down = conditions.down | {dependency} if is_down else conditions.down - {dependency}
                self._note_outage(dependency, is_down)

    def _change_kubernetes(self, wish: str | KubernetesWish) -> None:
        faults = self.cluster.faults
        if wish == "normal":
            self._lift_kubernetes_faults()
        elif isinstance(wish, str):
            faults.is_down = wish == "down"
        else:
            if wish.latency_ms is not None:
                faults.latency_seconds = wish.latency_ms / 1000
            if wish.forbid is not None:
                self.cluster.access.withdrawn = frozenset(wish.forbid)
            if wish.lose_answer is not None:
                faults.lose_answers = wish.lose_answer
            if wish.metrics is not None:
                faults.has_metrics = wish.metrics
            if wish.nodes is not None:
                fill_nodes(self.cluster.store, wish.nodes)

    def _change_neighbours(self, change: Change) -> None:
        for vendor, ill in (change.vendors or {}).items():
            ills.sicken_vendor(self.neighbours, vendor, ill)
        for application, ill in (change.applications or {}).items():
            ills.sicken_application(self.neighbours, application, ill)
        for project, trouble in (change.railway or {}).items():
            ills.sicken_railway(self.neighbours, project, trouble)
        if change.coolify:
            ills.sicken_coolify(self.neighbours, change.coolify)
        if change.mongodb:
            ills.sicken_mongodb(self.neighbours, change.mongodb)
        for container, sickness in (change.docker or {}).items():
            ills.sicken_container(self.neighbours, container, sickness)
        for who, lines in (change.logs or {}).items():
            if not ills.write_log(self.neighbours, who, lines):
                self._say(who, lines)
        for system, figures in (change.figures or {}).items():
            ills.set_figures(self.neighbours, system, figures)

    def _say(self, who: str, lines: list[str]) -> None:
        store = self.cluster.store
        names = {pod["metadata"]["name"] for pod in store.listing(PODS, NAMESPACE)}
        apps = {pod["metadata"]["labels"].get("app", "") for pod in store.listing(PODS, NAMESPACE)}
        if who not in names | apps:
            raise ControlError(f"Nobody called {who} writes a log; among those who do are {', '.join(sorted(apps))}.")
        self.cluster.said += [Said(who, line, store.now()) for line in lines]

    def _lift_kubernetes_faults(self) -> None:
        self.cluster.faults = Faults()
        self.cluster.access.withdrawn = frozenset()
        fill_nodes(self.cluster.store, 0)

    async def _reset(self) -> None:
        """Everything as it was found; the running servers keep their addresses and tokens."""
        self.service.normalise()
        self.service.traffic.forget()
        await self.patient.restore()
        self._lift_kubernetes_faults()
        self.neighbours.restore()
        self.cluster.forget()
        self.cluster.store.clear()
        seed(self.cluster.store)

    def _note_outage(self, dependency: str, is_down: bool) -> None:
        """Makes the pods complain in their logs for as long as the dependency is down."""
        message, now = _OUTAGES[dependency], self.cluster.store.now()
        ongoing = [one for one in self.cluster.outages if one.message == message and one.until is None]
        if is_down and not ongoing:
            self.cluster.outages.append(Outage(message, since=now))
        if not is_down:
            for outage in ongoing:
                outage.until = now
