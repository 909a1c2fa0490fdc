"""The emulated platform itself: services, deployments that take their steps, variables, logs, figures, audit log.

An EMULATOR. Read in Railway's published schema: deployments, their statuses and logs, snapshots, the audit log, and the
mutations of a deployment. Known only from other people's clients or from memory: `workspaceId` of a project, `severity`
of a log line, `instances`, `canRollback` and `canRedeploy` of a deployment, the names of metrics, and the input of
`variableCollectionUpsert`. Not verified against the real platform at all: the time each step takes, that
`statusUpdatedAt` moves with a restart, that the redeploy of an older deployment loads the present variables, which
deployments say `canRollback`, the keys inside `meta` and in the audit log's `context` and `payload`, whether a snapshot
holds variables rendered or as written, and which messages errors carry.
"""

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any, Final

UNDER_WAY: Final = ("BUILDING", "DEPLOYING")
LIVE: Final = ("SUCCESS", "CRASHED")
PERSON: Final = {"name": "Ana Souza", "email": "ana.souza@example.com"}


@dataclass
class LogEntry:
    """One line of a build or of a running container."""

    at: datetime
    message: str
    severity: str = "info"
    attributes: dict[str, str] = field(default_factory=dict)


@dataclass
class Deployment:
    """One deployment with the variables it was made with; `ends` is how its steps will turn out."""

    id: str
    commit: str
    message: str
    created: datetime
    variables: dict[str, str]
    status: str
    ends: str = "SUCCESS"
    author: str = "ana-souza"
    updated: datetime = field(default_factory=lambda: datetime.now(UTC))
    begun: float = field(default_factory=monotonic)
    has_succeeded: bool = False
    is_retained: bool = True
    is_stopped: bool = False
    instances: dict[str, str] = field(default_factory=dict)
    builds: list[LogEntry] = field(default_factory=list)
    logs: list[LogEntry] = field(default_factory=list)
    restarts: int = 0
    restarted: float | None = None

    @property
    def can_roll_back(self) -> bool:
        return self.has_succeeded and self.is_retained

    def become(self, status: str, at: datetime | None = None) -> None:
        """Take a status; containers follow it."""
        self.status, self.updated = status, at or datetime.now(UTC)
        inside = {"SUCCESS": "RUNNING", "CRASHED": "CRASHED", "REMOVED": "REMOVED"}.get(status)
        if status == "SUCCESS":
            self.has_succeeded = True
        if inside and not self.instances:
            self.instances = {str(uuid.uuid4()): inside}
        elif inside:
            self.instances = dict.fromkeys(self.instances, inside)


@dataclass
class Service:
    """A service in one environment; deployments newest first."""

    id: str
    name: str
    variables: dict[str, str] = field(default_factory=dict)
    deployments: list[Deployment] = field(default_factory=list)
    memory_mb: list[float] = field(default_factory=lambda: [200.0, 210.0, 220.0])
    memory_limit_mb: float = 512.0
    cpu: list[float] = field(default_factory=lambda: [0.1, 0.2, 0.1])
    has_metrics: bool = True

    @property
    def live(self) -> Deployment | None:
        return next((one for one in self.deployments if one.status in LIVE), None)


class Platform:
    """One workspace with one project and one environment; `pace` is the seconds that each step takes."""

    def __init__(self, pace: float) -> None:
        self.pace = pace
        self.workspace, self.project, self.environment = (str(uuid.uuid4()) for _ in range(3))
        self.services: dict[str, Service] = {}
        self.audit: list[dict[str, Any]] = []
        self.next_end = "SUCCESS"
        self.shows_restarts = True

    def add_service(self, name: str, **variables: str) -> Service:
        """A service that has not been deployed yet."""
        service = Service(str(uuid.uuid4()), name, dict(variables))
        self.services[service.id] = service
        return service

    def named(self, name: str) -> Service:
        return next(one for one in self.services.values() if one.name == name)

    def deployed(self, service: Service, commit: str, message: str, *, hours: float, status: str = "") -> Deployment:
        """A deployment that ended so many hours ago; the newest call is the newest deployment."""
        at = datetime.now(UTC) - timedelta(hours=hours)
        made = Deployment(str(uuid.uuid4()), commit, message, at, dict(service.variables), "BUILDING")
        self._supersede(service, status or "SUCCESS")
        made.become(status or "SUCCESS", at + timedelta(seconds=40))
        made.begun -= 1e6
        made.builds.append(LogEntry(at, f"building {commit}"))
        if made.status in LIVE:
            made.logs.append(LogEntry(made.updated, "Starting Container"))
        service.deployments.insert(0, made)
        return made

    def create(self, service: Service, source: Deployment, variables: dict[str, str], action: str) -> Deployment:
        """A new deployment of an earlier one's code, which takes its steps from now on."""
        now = datetime.now(UTC)
        made = Deployment(
            str(uuid.uuid4()), source.commit, source.message, now, dict(variables), "BUILDING", self.next_end
        )
        made.builds.append(LogEntry(now, f"building {source.commit}"))
        service.deployments.insert(0, made)
        self.record(f"deployment.{action}", service)
        return made

    def restart(self, service: Service, deployment: Deployment) -> None:
        """Stop and start the containers, with the variables they were made with."""
        deployment.restarts += 1
        if self.shows_restarts:
            deployment.restarted = monotonic()
            deployment.become("DEPLOYING")
            deployment.instances = dict.fromkeys(deployment.instances, "RESTARTING")
        self.record("deployment.restart", service)

    def set_variables(self, service: Service, variables: dict[str, str], *, skips_deploys: bool) -> None:
        """Set variables; unless told otherwise each call starts a deployment."""
        service.variables |= variables
        for name in variables:
            self.record("variable.upsert", service, name=name)
        if not skips_deploys and service.deployments:
            self.create(service, service.deployments[0], service.variables, "redeploy")

    def record(self, event: str, service: Service, at: datetime | None = None, **payload: str) -> None:
        """An entry of the audit log."""
        self.audit.insert(
            0,
            {
                "id": str(uuid.uuid4()),
                "eventType": event,
                "createdAt": stamp(at or datetime.now(UTC)),
                "projectId": self.project,
                "environmentId": self.environment,
                "context": {"actor": dict(PERSON)},
                "payload": {"serviceName": service.name, **payload},
            },
        )

    def settle(self) -> None:
        """Let every deployment be where the clock says it is."""
        for service in self.services.values():
            for deployment in service.deployments:
                self._step(service, deployment)

    def _step(self, service: Service, deployment: Deployment) -> None:
        if deployment.restarted is not None:
            if monotonic() - deployment.restarted > self.pace:
                deployment.restarted = None
                deployment.become(deployment.ends)
            return
        taken = (monotonic() - deployment.begun) / self.pace if self.pace else 2.0
        if deployment.status == "BUILDING" and taken >= 1 and deployment.ends != "FAILED":
            deployment.become("DEPLOYING")
        if deployment.status in UNDER_WAY and taken >= 2:
            self._supersede(service, deployment.ends)
            deployment.become(deployment.ends)
            deployment.logs.append(LogEntry(deployment.updated, "Starting Container"))

    def _supersede(self, service: Service, status: str) -> None:
        """Only a deployment that runs takes the place of the one before."""
        if status in LIVE and (live := service.live):
            live.become("REMOVED")


def stamp(at: datetime) -> str:
    """A moment as the API writes it."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
