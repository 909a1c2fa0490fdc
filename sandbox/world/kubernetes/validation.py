"""What the API server refuses in a Deployment before it stores anything."""

from typing import Any

from sandbox.world.kubernetes.refusals import Refusal, invalid
from sandbox.world.kubernetes.resources import DEPLOYMENTS, Document


def require_valid_deployment(proposed: Document, stored: Document) -> None:
    spec = proposed.get("spec")
    if not isinstance(spec, dict):
        raise _refusal(stored, "spec", "Required value")
    replicas = spec.setdefault("replicas", 1)
    if not isinstance(replicas, int) or replicas < 0:
        raise _refusal(stored, "spec.replicas", f"Invalid value: {replicas}: must be greater than or equal to 0")
    if spec.get("selector") != stored["spec"]["selector"]:
        raise _refusal(stored, "spec.selector", "Invalid value: field is immutable")
    template = spec.get("template") or {}
    _require_containers(stored, (template.get("spec") or {}).get("containers"))
    _require_selected(stored, (template.get("metadata") or {}).get("labels") or {})


def _require_containers(stored: Document, containers: Any) -> None:
    if not containers:
        raise _refusal(stored, "spec.template.spec.containers", "Required value")
    for index, container in enumerate(containers):
        for field in ("name", "image"):
            if not container.get(field):
                raise _refusal(stored, f"spec.template.spec.containers[{index}].{field}", "Required value")


def _require_selected(stored: Document, labels: Document) -> None:
    wanted = stored["spec"]["selector"]["matchLabels"]
    if any(labels.get(key) != value for key, value in wanted.items()):
        problem = f"Invalid value: {labels}: `selector` does not match template `labels`"
        raise _refusal(stored, "spec.template.metadata.labels", problem)


def _refusal(stored: Document, field: str, problem: str) -> Refusal:
    return invalid(DEPLOYMENTS, stored["metadata"]["name"], field, problem)
