"""Lets pods live: they are created, become ready one by one, or fail as their image does."""

from sandbox.world.kubernetes import pod_states
from sandbox.world.kubernetes.images import Fate, Images
from sandbox.world.kubernetes.nodes import chosen, left_on_nodes, node_for
from sandbox.world.kubernetes.occurrences import Occurrences
from sandbox.world.kubernetes.pod_states import image_of
from sandbox.world.kubernetes.resources import PODS, Document
from sandbox.world.kubernetes.store import Store

_STEPS_BETWEEN_CRASHES = 3
_NO_ROOM = "no node has the processor time and memory that it asks for"


class Kubelet:
    """One for all nodes."""

    def __init__(self, store: Store, images: Images) -> None:
        self._store = store
        self._images = images
        self._events = Occurrences(store, "kubelet")
        self._steps = 0

    def start(self, pod: Document) -> Document:
        """Accepts a new pod; it needs a node with room, and then at least one step to become ready."""
        node = node_for(self._store, pod)
        if node:
            pod["spec"]["nodeName"] = node
            pod["status"] = pod_states.starting(pod, self._store.now())
            return self._assigned(self._store.create(PODS, pod))
        pod["status"] = pod_states.unschedulable(self._store.now(), _NO_ROOM)
        created = self._store.create(PODS, pod)
        self._events.warning(created, "FailedScheduling", _NO_ROOM)
        return created

    def _assigned(self, pod: Document) -> Document:
        name, namespace = pod["metadata"]["name"], pod["metadata"]["namespace"]
        self._events.normal(pod, "Scheduled", f"Successfully assigned {namespace}/{name} to {pod['spec']['nodeName']}")
        return pod

    def step(self) -> None:
        self._steps += 1
        for namespace in self._store.namespaces():
            waiting = [pod for pod in self._store.listing(PODS, namespace) if not pod_states.is_ready(pod)]
            self._step_unscheduled(waiting)
            self._step_crashing(waiting)
            for app in {_app_of(pod) for pod in waiting}:
                self._step_starting([pod for pod in waiting if _app_of(pod) == app])

    def _step_unscheduled(self, pods: list[Document]) -> None:
        waiting = [pod for pod in pods if pod_states.waiting_reason(pod) == "Unschedulable"]
        left = left_on_nodes(self._store) if waiting else {}
        for pod in waiting:
            if node := chosen(left, pod):
                pod["spec"]["nodeName"] = node
                self._save(pod, pod_states.starting(pod, self._store.now()))
                self._assigned(pod)

    def _step_starting(self, pods: list[Document]) -> None:
        """Only the pod that has waited longest takes its next step, so that replicas become ready one by one."""
        starting = [pod for pod in pods if pod_states.waiting_reason(pod) == "ContainerCreating"]
        if not starting:
            return
        pod = min(starting, key=lambda one: int(one["metadata"]["resourceVersion"]))
        fate = self._images.fate(image_of(pod))
        if fate is Fate.MISSING:
            self._fail_to_pull(pod)
        elif fate is Fate.BROKEN:
            self._crash(pod)
        else:
            self._run(pod)

    def _step_crashing(self, pods: list[Document]) -> None:
        if self._steps % _STEPS_BETWEEN_CRASHES:
            return
        for pod in pods:
            if pod_states.waiting_reason(pod) == "CrashLoopBackOff":
                self._crash(pod)
            elif pod_states.waiting_reason(pod) == "ImagePullBackOff":
                self._fail_to_pull(pod)

    def _run(self, pod: Document) -> None:
        image, container = image_of(pod), pod["spec"]["containers"][0]["name"]
        self._save(pod, pod_states.running(pod, self._store.now()))
        self._events.normal(pod, "Pulled", f'Container image "{image}" already present on machine')
        self._events.normal(pod, "Created", f"Created container: {container}")
        self._events.normal(pod, "Started", f"Started container {container}")

    def _crash(self, pod: Document) -> None:
        self._save(pod, pod_states.crashing(pod, self._store.now()))
        name, namespace = pod["metadata"]["name"], pod["metadata"]["namespace"]
        container = pod["spec"]["containers"][0]["name"]
        back_off = f"Back-off restarting failed container {container} in pod {name}_{namespace}"
        self._events.warning(pod, "BackOff", back_off)

    def _fail_to_pull(self, pod: Document) -> None:
        image = image_of(pod)
        self._save(pod, pod_states.unpullable(pod, self._store.now()))
        self._events.warning(pod, "Failed", f'Failed to pull image "{image}": {image}: not found')
        self._events.normal(pod, "BackOff", f'Back-off pulling image "{image}"')

    def _save(self, pod: Document, status: Document) -> None:
        pod["status"] = status
        pod["metadata"] = self._store.replace(PODS, pod)["metadata"]  # it may take another step at once


def _app_of(pod: Document) -> str:
    app: str = pod["metadata"]["labels"].get("app", "")
    return app
