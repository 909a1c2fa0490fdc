"""Refusals of the emulated control plane, each a Status object with its HTTP code."""

from sandbox.world.kubernetes.resources import Document, Resource


class Refusal(Exception):
    """A request that the API answers with a Status object instead of a result."""

    def __init__(self, code: int, reason: str, message: str, details: Document | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.details = details

    def status(self) -> Document:
        body: Document = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": str(self),
            "reason": self.reason,
            "code": self.code,
        }
        if self.details:
            body["details"] = self.details
        return body


def _details(resource: Resource, name: str) -> Document:
    details = {"name": name, "group": resource.group, "kind": resource.plural}
    return {key: value for key, value in details.items() if value}


def unauthorized() -> Refusal:
    return Refusal(401, "Unauthorized", "Unauthorized")


def forbidden(resource: Resource, name: str, why: str) -> Refusal:
    subject = f'{resource.qualified} "{name}"' if name else resource.qualified
    return Refusal(403, "Forbidden", f"{subject} is forbidden: {why}", _details(resource, name))


def not_found(resource: Resource, name: str) -> Refusal:
    return Refusal(404, "NotFound", f'{resource.qualified} "{name}" not found', _details(resource, name))


def already_exists(resource: Resource, name: str) -> Refusal:
    return Refusal(409, "AlreadyExists", f'{resource.qualified} "{name}" already exists', _details(resource, name))


def conflict(resource: Resource, name: str) -> Refusal:
    message = (
        f'Operation cannot be fulfilled on {resource.qualified} "{name}": the object has been modified; '
        "please apply your changes to the latest version and try again"
    )
    return Refusal(409, "Conflict", message, _details(resource, name))


def invalid(resource: Resource, name: str, field: str, problem: str) -> Refusal:
    qualified_kind = f"{resource.kind}.{resource.group}" if resource.group else resource.kind
    cause = {"reason": "FieldValueInvalid", "message": problem, "field": field}
    details = {"name": name, "group": resource.group, "kind": resource.kind, "causes": [cause]}
    return Refusal(422, "Invalid", f'{qualified_kind} "{name}" is invalid: {field}: {problem}', details)


def unprocessable_patch() -> Refusal:
    """What a JSON patch gets whose path is absent or whose `test` fails; the API says no more than this."""
    return Refusal(422, "Invalid", "the server rejected our request due to an error in our request")


def bad_request(message: str) -> Refusal:
    return Refusal(400, "BadRequest", message)


def method_not_allowed() -> Refusal:
    return Refusal(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")


def unsupported_media_type(content_type: str) -> Refusal:
    accepted = "application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json"
    message = f"the body of the request was in an unknown format - accepted media types include: {accepted}"
    return Refusal(415, "UnsupportedMediaType", message, {"causes": [{"message": content_type}]})


def budget_violated(pod: str, budget: str, needed: int, healthy: int) -> Refusal:
    cause = {
        "reason": "DisruptionBudget",
        "message": f"The disruption budget {budget} needs {needed} healthy pods and has {healthy} currently",
    }
    message = "Cannot evict pod as it would violate the pod's disruption budget."
    return Refusal(429, "TooManyRequests", message, {"name": pod, "kind": "pods", "causes": [cause]})


def version_too_old(requested: int, oldest: int) -> Refusal:
    return Refusal(410, "Expired", f"too old resource version: {requested} ({oldest})")
