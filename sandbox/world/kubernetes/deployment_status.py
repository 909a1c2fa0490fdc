"""The status of a Deployment: counts, and the conditions Available and Progressing."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sandbox.world.kubernetes.resources import Document, parse_timestamp, timestamp

_PROGRESS_DEADLINE = 600


@dataclass(frozen=True)
class Counts:
    """Pods of one Deployment: all, those of the present template, and those ready."""

    all: int
    updated: int
    ready: int


def status_of(deployment: Document, current: str, counts: Counts, now: datetime) -> Document:
    """The next status, where `current` names the ReplicaSet of the present template; zero counts are left out."""
    desired = deployment["spec"]["replicas"]
    numbers = {
        "replicas": counts.all,
        "updatedReplicas": counts.updated,
        "readyReplicas": counts.ready,
        "availableReplicas": counts.ready,
        "unavailableReplicas": max(0, max(desired, counts.all) - counts.ready),
    }
    status: Document = {"observedGeneration": deployment["metadata"]["generation"]}
    status |= {name: number for name, number in numbers.items() if number}
    status["conditions"] = [
        _available(deployment, counts.ready >= desired, now),
        _progressing(deployment, status, current, now),
    ]
    return status


def is_complete(deployment: Document) -> bool:
    """Whether the controller has seen the newest template and every replica runs it, ready."""
    status, desired = deployment["status"], deployment["spec"]["replicas"]
    counts = ("replicas", "updatedReplicas", "availableReplicas")
    is_observed = status.get("observedGeneration") == deployment["metadata"]["generation"]
    return is_observed and all(status.get(count, 0) == desired for count in counts)


def condition_of(deployment: Document, name: str) -> Document | None:
    conditions: list[Document] = deployment["status"].get("conditions", [])
    return next((condition for condition in conditions if condition["type"] == name), None)


def _available(deployment: Document, holds: bool, now: datetime) -> Document:
    if holds:
        proposed = _condition("Available", True, "MinimumReplicasAvailable", "Deployment has minimum availability.")
    else:
        lacking = "Deployment does not have minimum availability."
        proposed = _condition("Available", False, "MinimumReplicasUnavailable", lacking)
    return _dated(proposed, condition_of(deployment, "Available"), now, is_news=False)


def _progressing(deployment: Document, status: Document, current: str, now: datetime) -> Document:
    held = condition_of(deployment, "Progressing")
    subject = f'ReplicaSet "{current}"'
    if is_complete({**deployment, "status": status}):
        done = _condition("Progressing", True, "NewReplicaSetAvailable", f"{subject} has successfully progressed.")
        return _dated(done, held, now, is_news=False)
    if held and _was_complete(status, held):
        return held
    has_moved = _has_moved(deployment["status"], status)
    if held and not has_moved and _is_overdue(deployment, held, now):
        late = _condition("Progressing", False, "ProgressDeadlineExceeded", f"{subject} has timed out progressing.")
        return _dated(late, held, now, is_news=False)
    going = _condition("Progressing", True, "ReplicaSetUpdated", f"{subject} is progressing.")
    return _dated(going, held, now, is_news=has_moved)


def _was_complete(status: Document, held: Document) -> bool:
    """A rollout that once completed does not time out when a pod is lost afterwards."""
    return held["reason"] == "NewReplicaSetAvailable" and _outdated(status) == 0


def _has_moved(before: Document, after: Document) -> bool:
    return (
        before.get("observedGeneration") != after["observedGeneration"]
        or after.get("updatedReplicas", 0) > before.get("updatedReplicas", 0)
        or after.get("readyReplicas", 0) > before.get("readyReplicas", 0)
        or _outdated(after) < _outdated(before)
    )


def _outdated(status: Document) -> int:
    outdated: int = status.get("replicas", 0) - status.get("updatedReplicas", 0)
    return outdated


def _is_overdue(deployment: Document, held: Document, now: datetime) -> bool:
    if held["reason"] == "ProgressDeadlineExceeded":
        return True
    deadline = timedelta(seconds=deployment["spec"].get("progressDeadlineSeconds", _PROGRESS_DEADLINE))
    return parse_timestamp(held["lastUpdateTime"]) + deadline < now


def _condition(name: str, holds: bool, reason: str, message: str) -> Document:
    return {"type": name, "status": "True" if holds else "False", "reason": reason, "message": message}


def _dated(proposed: Document, held: Document | None, now: datetime, *, is_news: bool) -> Document:
    """Keeps the times of a condition that stays as it is, so that an idle rollout writes nothing."""
    moment = timestamp(now)
    stays = held is not None and all(held[key] == value for key, value in proposed.items())
    updated = held["lastUpdateTime"] if held and stays and not is_news else moment
    turned = held["lastTransitionTime"] if held and held["status"] == proposed["status"] else moment
    return proposed | {"lastUpdateTime": updated, "lastTransitionTime": turned}
