"""Records the Event objects that controllers and kubelets leave behind."""

from uuid import uuid4

from sandbox.world.kubernetes.resources import EVENTS, Document, timestamp
from sandbox.world.kubernetes.store import Store

_KEPT = 200


class Occurrences:
    """Repeats of one occurrence raise the count of its event, as a real recorder does."""

    def __init__(self, store: Store, component: str) -> None:
        self._store = store
        self._component = component

    def normal(self, about: Document, reason: str, message: str) -> None:
        self._record(about, "Normal", reason, message)

    def warning(self, about: Document, reason: str, message: str) -> None:
        self._record(about, "Warning", reason, message)

    def _record(self, about: Document, kind: str, reason: str, message: str) -> None:
        namespace = about["metadata"]["namespace"]
        involved = _reference(about)
        held = self._store.listing(EVENTS, namespace)
        for event in held:
            if (event["involvedObject"], event["reason"], event["message"]) == (involved, reason, message):
                event |= {"count": event["count"] + 1, "lastTimestamp": timestamp(self._store.now())}
                self._store.replace(EVENTS, event)
                return
        self._forget_oldest(held)
        self._store.create(EVENTS, self._event(about, kind, reason, message))

    def _event(self, about: Document, kind: str, reason: str, message: str) -> Document:
        moment = timestamp(self._store.now())
        return {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {
                "name": f"{about['metadata']['name']}.{uuid4().hex[:16]}",
                "namespace": about["metadata"]["namespace"],
            },
            "involvedObject": _reference(about),
            "type": kind,
            "reason": reason,
            "message": message,
            "source": {"component": self._component},
            "count": 1,
            "firstTimestamp": moment,
            "lastTimestamp": moment,
            "eventTime": None,
            "reportingComponent": self._component,
            "reportingInstance": "",
        }

    def _forget_oldest(self, held: list[Document]) -> None:
        by_age = sorted(held, key=lambda event: int(event["metadata"]["resourceVersion"]))
        for event in by_age[: max(0, len(held) - _KEPT + 1)]:
            self._store.delete(EVENTS, event["metadata"]["namespace"], event["metadata"]["name"])


def _reference(about: Document) -> Document:
    return {
        "kind": about["kind"],
        "apiVersion": about["apiVersion"],
        "namespace": about["metadata"]["namespace"],
        "name": about["metadata"]["name"],
        "uid": about["metadata"]["uid"],
    }
