"""The states that a pod goes through, as the `status` that a kubelet would report."""

from datetime import datetime

from sandbox.world.kubernetes.images import tag_of
from sandbox.world.kubernetes.resources import Document, timestamp


def image_of(workload: Document) -> str:
    """The image of the first container of a pod, or of what a Deployment's template makes."""
    spec = workload["spec"]["template"]["spec"] if "template" in workload["spec"] else workload["spec"]
    image: str = spec["containers"][0]["image"]
    return image


def is_ready(pod: Document) -> bool:
    return any(condition["type"] == "Ready" and condition["status"] == "True" for condition in _conditions(pod))


def restarts_of(pod: Document) -> int:
    return sum(status["restartCount"] for status in pod["status"].get("containerStatuses", []))


def waiting_reason(pod: Document) -> str | None:
    """Why the first container is not running: Unschedulable, ContainerCreating, CrashLoopBackOff, ..., or None."""
    if not pod["status"].get("containerStatuses"):
        return "Unschedulable"
    waiting = pod["status"]["containerStatuses"][0]["state"].get("waiting")
    reason: str | None = waiting and waiting["reason"]
    return reason


def unschedulable(now: datetime, why: str) -> Document:
    """Waiting for a node."""
    condition = {"type": "PodScheduled", "status": "False", "lastTransitionTime": timestamp(now)}
    return {"phase": "Pending", "conditions": [condition | {"reason": "Unschedulable", "message": why}]}


def starting(pod: Document, now: datetime) -> Document:
    """Scheduled, its containers being created."""
    state = {"waiting": {"reason": "ContainerCreating"}}
    return _status(pod, "Pending", now, [_container(pod, state)])


def running(pod: Document, now: datetime) -> Document:
    state = {"running": {"startedAt": timestamp(now)}}
    container = _container(pod, state) | {"ready": True, "started": True, "restartCount": restarts_of(pod)}
    return _status(pod, "Running", now, [container, *_sidecars(pod, now)])


def crashing(pod: Document, now: datetime) -> Document:
    """One more restart that ended as the others did."""
    name, namespace = pod["metadata"]["name"], pod["metadata"]["namespace"]
    failed = f"back-off 10s restarting failed container={_main(pod)['name']} pod={name}_{namespace}"
    state = {"waiting": {"reason": "CrashLoopBackOff", "message": failed}}
    ended = {"exitCode": 1, "reason": "Error", "startedAt": timestamp(now), "finishedAt": timestamp(now)}
    container = _container(pod, state) | {"lastState": {"terminated": ended}, "restartCount": restarts_of(pod) + 1}
    return _status(pod, "Running", now, [container, *_sidecars(pod, now)])


def out_of_memory(pod: Document, now: datetime) -> Document:
    """Running again after its container was killed for taking more memory than its limit."""
    ended = {"exitCode": 137, "reason": "OOMKilled", "startedAt": timestamp(now), "finishedAt": timestamp(now)}
    again = {"lastState": {"terminated": ended}, "restartCount": restarts_of(pod) + 1}
    status = running(pod, now)
    status["containerStatuses"][0] |= again
    return status


def unpullable(pod: Document, now: datetime) -> Document:
    state = {"waiting": {"reason": "ImagePullBackOff", "message": f'Back-off pulling image "{image_of(pod)}"'}}
    return _status(pod, "Pending", now, [_container(pod, state)])


def _sidecars(pod: Document, now: datetime) -> list[Document]:
    """The other containers of a pod, which always run."""
    return [
        _container(pod, {"running": {"startedAt": timestamp(now)}})
        | {"name": one["name"], "image": one["image"], "ready": True, "started": True}
        for one in pod["spec"]["containers"][1:]
    ]


def _main(pod: Document) -> Document:
    container: Document = pod["spec"]["containers"][0]
    return container


def _conditions(pod: Document) -> list[Document]:
    conditions: list[Document] = pod.get("status", {}).get("conditions", [])
    return conditions


def _container(pod: Document, state: Document) -> Document:
    image = image_of(pod)
    return {
        "name": _main(pod)["name"],
        "image": image,
        "imageID": "" if "waiting" in state else f"sandbox://{tag_of(image)}",
        "ready": False,
        "started": False,
        "restartCount": 0,
        "state": state,
        "lastState": {},
    }


def _status(pod: Document, phase: str, now: datetime, containers: list[Document]) -> Document:
    ready = all(container["ready"] for container in containers)
    held = pod.get("status", {})
    return {
        "phase": phase,
        "startTime": held.get("startTime", timestamp(now)),
        "hostIP": "192.0.2.10",
        "podIP": held.get("podIP", _address(pod["metadata"]["name"])),
        "qosClass": "Burstable",
        "conditions": [
            _condition(pod, "PodScheduled", True, now),
            _condition(pod, "Initialized", True, now),
            _condition(pod, "ContainersReady", ready, now),
            _condition(pod, "Ready", ready, now),
        ],
        "containerStatuses": containers,
    }


def _condition(pod: Document, name: str, holds: bool, now: datetime) -> Document:
    status = "True" if holds else "False"
    held = next((condition for condition in _conditions(pod) if condition["type"] == name), None)
    since = held["lastTransitionTime"] if held and held["status"] == status else timestamp(now)
    condition = {"type": name, "status": status, "lastTransitionTime": since}
    if not holds:
        condition |= {"reason": "ContainersNotReady", "message": "containers with unready status"}
    return condition


def _address(name: str) -> str:
    """An address out of the documentation range that stays the same for a pod."""
    return f"198.51.100.{sum(name.encode()) % 250 + 1}"
