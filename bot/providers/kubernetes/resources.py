"""The kinds of object that this provider speaks to, by their place in the API."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Resource:
    """A kind of object; `version` is the oldest one that every supported cluster serves."""

    kind: str
    plural: str
    group: str = ""
    version: str = "v1"

    @property
    def path(self) -> str:
        return f"{self._root}/namespaces/{{namespace}}/{self.plural}"

    @property
    def path_everywhere(self) -> str:
        """All of them in the cluster, whatever their namespace, or those that have none."""
        return f"{self._root}/{self.plural}"

    @property
    def _root(self) -> str:
        return f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"

    def qualified(self, subresource: str = "") -> str:
        """As `kubectl auth can-i` writes it: `pods/log`, `deployments.apps/scale`."""
        name = f"{self.plural}.{self.group}" if self.group else self.plural
        return f"{name}/{subresource}" if subresource else name


DEPLOYMENTS: Final = Resource("deployment", "deployments", "apps")
REPLICA_SETS: Final = Resource("replica set", "replicasets", "apps")
NODES: Final = Resource("node", "nodes")
PODS: Final = Resource("pod", "pods")
EVENTS: Final = Resource("event", "events")
SECRETS: Final = Resource("secret", "secrets")
POD_METRICS: Final = Resource("pod metric", "pods", "metrics.k8s.io", "v1beta1")
AUTOSCALERS: Final = Resource("autoscaler", "horizontalpodautoscalers", "autoscaling", "v2")
CRON_JOBS: Final = Resource("cron job", "cronjobs", "batch")
JOBS: Final = Resource("job", "jobs", "batch")
SERVICES: Final = Resource("Service", "services")
INGRESSES: Final = Resource("Ingress", "ingresses", "networking.k8s.io")
HTTP_ROUTES: Final = Resource("HTTPRoute", "httproutes", "gateway.networking.k8s.io")
