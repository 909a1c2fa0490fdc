"""The kinds of object that the emulated control plane serves, one row each."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

Document = dict[str, Any]
"""One API object, shaped like the JSON that a control plane sends."""


@dataclass(frozen=True)
class Resource:
    """Where a kind lives in the API and which field labels a `fieldSelector` may name."""

    plural: str
    kind: str
    group: str = ""
    version: str = "v1"
    is_namespaced: bool = True
    fields: frozenset[str] = field(default=frozenset())

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def path(self) -> str:
        return f"/apis/{self.api_version}" if self.group else f"/api/{self.version}"

    @property
    def qualified(self) -> str:
        """The plural as error messages name it: `deployments.apps`, but plain `pods`."""
        return f"{self.plural}.{self.group}" if self.group else self.plural


_INVOLVED = ("kind", "namespace", "name", "uid", "apiVersion", "fieldPath")

NAMESPACES = Resource("namespaces", "Namespace", is_namespaced=False)
NODES = Resource("nodes", "Node", is_namespaced=False)
PODS = Resource("pods", "Pod", fields=frozenset({"status.phase", "spec.nodeName", "spec.restartPolicy"}))
EVENTS = Resource(
    "events", "Event", fields=frozenset({"reason", "type", *(f"involvedObject.{label}" for label in _INVOLVED)})
)
DEPLOYMENTS = Resource("deployments", "Deployment", group="apps")
REPLICA_SETS = Resource("replicasets", "ReplicaSet", group="apps")
STATEFUL_SETS = Resource("statefulsets", "StatefulSet", group="apps")
SECRETS = Resource("secrets", "Secret")
CRON_JOBS = Resource("cronjobs", "CronJob", group="batch")
JOBS = Resource("jobs", "Job", group="batch")
AUTOSCALERS = Resource("horizontalpodautoscalers", "HorizontalPodAutoscaler", group="autoscaling", version="v2")
BUDGETS = Resource("poddisruptionbudgets", "PodDisruptionBudget", group="policy")
SERVICES = Resource("services", "Service")
INGRESSES = Resource("ingresses", "Ingress", group="networking.k8s.io")
HTTP_ROUTES = Resource("httproutes", "HTTPRoute", group="gateway.networking.k8s.io")

RESOURCES = (
    NAMESPACES,
    NODES,
    PODS,
    EVENTS,
    SECRETS,
    DEPLOYMENTS,
    REPLICA_SETS,
    STATEFUL_SETS,
    AUTOSCALERS,
    BUDGETS,
    CRON_JOBS,
    JOBS,
    SERVICES,
    INGRESSES,
    HTTP_ROUTES,
)


def timestamp(moment: datetime) -> str:
    """A moment in the control plane's notation, which has no fractions of a second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_timestamp(text: str) -> datetime:
    return datetime.fromisoformat(text)
