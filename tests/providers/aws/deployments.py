"""What moto leaves out of ECS: deployments advance by one step with each look, with events, failures and tasks.

An emulator. An image whose tag contains `broken` never starts; a circuit breaker gives up after three failed tasks.
"""

import itertools
import time
from dataclasses import dataclass, field
from typing import Any

_FAILURES_ALLOWED = 3


@dataclass
class Deployment:
    id: str
    task_definition: str
    desired: int
    status: str = "PRIMARY"
    running: int = 0
    pending: int = 0
    failed: int = 0
    state: str = "IN_PROGRESS"
    reason: str = ""

    def document(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "status": self.status,
            "taskDefinition": self.task_definition,
            "desiredCount": self.desired,
            "runningCount": self.running,
            "pendingCount": self.pending,
            "failedTasks": self.failed,
            "rolloutState": self.state,
            "rolloutStateReason": self.reason,
            "createdAt": time.time(),
        }


@dataclass
class Rollout:
    """One service's deployments, newest first."""

    name: str
    breaker: dict[str, bool]
    deployments: list[Deployment]
    events: list[dict[str, Any]] = field(default_factory=list)
    stopped: list[dict[str, Any]] = field(default_factory=list)
    controller: str = "ECS"
    is_frozen: bool = False

    @property
    def primary(self) -> Deployment:
        return self.deployments[0]

    def tell(self, message: str) -> None:
        self.events.insert(0, {"id": str(len(self.events)), "createdAt": time.time(), "message": message})


class Deployments:
    def __init__(self) -> None:
        self.rollouts: dict[str, Rollout] = {}
        self._numbers = itertools.count(1)

    def created(self, service: dict[str, Any], given: dict[str, Any]) -> None:
        count = service["desiredCount"]
        first = Deployment(self._new_id(), service["taskDefinition"], count, running=count, state="COMPLETED")
        breaker = given.get("deploymentConfiguration", {}).get("deploymentCircuitBreaker", {})
        rollout = Rollout(service["serviceName"], breaker, [first])
        rollout.controller = given.get("deploymentController", {}).get("type", "ECS")
        rollout.tell(f"(service {rollout.name}) has reached a steady state.")
        self.rollouts[service["serviceArn"]] = rollout

    def updated(self, service: dict[str, Any], given: dict[str, Any]) -> None:
        rollout = self.rollouts[service["serviceArn"]]
        if given.get("forceNewDeployment") or service["taskDefinition"] != rollout.primary.task_definition:
            self._begin(rollout, service["taskDefinition"], service["desiredCount"])
        else:
            rollout.primary.desired = service["desiredCount"]
        self._correct(service, rollout)

    def looked_at(self, service: dict[str, Any], is_broken: bool) -> None:
        """One step, and moto's document of the service is corrected in place."""
        rollout = self.rollouts[service["serviceArn"]]
        if not rollout.is_frozen:
            self._step(rollout, is_broken)
        self._correct(service, rollout)

    def _correct(self, service: dict[str, Any], rollout: Rollout) -> None:
        service["deployments"] = [one.document() for one in rollout.deployments]
        service["events"] = rollout.events
        service["taskDefinition"] = rollout.primary.task_definition
        service["desiredCount"] = rollout.primary.desired
        service["runningCount"] = sum(one.running for one in rollout.deployments)
        service["pendingCount"] = sum(one.pending for one in rollout.deployments)
        service["deploymentController"] = {"type": rollout.controller}

    def tasks(self, service: str, status: str) -> list[dict[str, Any]]:
        rollout = next(one for one in self.rollouts.values() if one.name == service)
        if status == "STOPPED":
            return rollout.stopped
        running = sum(one.running for one in rollout.deployments)
        return [{"taskArn": f"{service}/running/{number}", "containers": []} for number in range(running)]

    def _new_id(self) -> str:
        return f"ecs-svc/{next(self._numbers):019d}"

    def _begin(self, rollout: Rollout, task_definition: str, desired: int) -> None:
        for old in rollout.deployments:
            old.status = "ACTIVE"
        rollout.deployments.insert(0, Deployment(self._new_id(), task_definition, desired))
        rollout.tell(f"(service {rollout.name}) has started a deployment.")

    def _step(self, rollout: Rollout, is_broken: bool) -> None:
        new = rollout.primary
        if new.running > new.desired:
            new.running -= 1
        elif new.running < new.desired and is_broken:
            self._fail(rollout, new)
        elif new.running < new.desired and not new.pending:
            new.pending = new.desired - new.running
        elif new.pending:
            new.running, new.pending = new.running + new.pending, 0
        elif new.state == "IN_PROGRESS":
            del rollout.deployments[1:]
            new.state = "COMPLETED"
            rollout.tell(f"(service {rollout.name}) has reached a steady state.")

    def _fail(self, rollout: Rollout, new: Deployment) -> None:
        if new.state == "FAILED":
            return
        new.failed += 1
        reason = "CannotPullContainerError: pull image manifest: token=abcdef1234567890XYZ not found"
        rollout.stopped.append(
            {
                "taskArn": f"{rollout.name}/stopped/{len(rollout.stopped)}",
                "stopCode": "TaskFailedToStart",
                "stoppedReason": reason,
                "containers": [],
            }
        )
        rollout.tell(f"(service {rollout.name}) was unable to start a task for ana@example.com.")
        if rollout.breaker.get("enable") and new.failed >= _FAILURES_ALLOWED:
            new.state, new.reason = (
                "FAILED",
                "ECS deployment circuit breaker: tasks failed to start for ana@example.com.",
            )
            if rollout.breaker.get("rollback"):
                before = rollout.deployments[1]
                self._begin(rollout, before.task_definition, new.desired)
                rollout.primary.reason = f"rolling back to deployment {before.id}"
