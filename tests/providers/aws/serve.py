"""moto behind a gate: keys with policies, a list of what was asked, faults, and what moto does not do.

Run by the Python that has moto. Prints `ready PORT`; ends with its standard input.
"""

import json
import re
import sys
import threading
from collections.abc import Callable, Iterable
from typing import Any

from additions import Additions
from asking import Answer, Asked, asked, refused
from moto.core import DEFAULT_ACCOUNT_ID
from moto.moto_api._internal import moto_api_backend
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from moto.secretsmanager.models import secretsmanager_backends
from policies import Policies
from werkzeug.serving import make_server

StartResponse = Callable[[str, list[tuple[str, str]]], object]


class Gate:
    """The WSGI application in front; one request at a time, so that steps are taken in order."""

    def __init__(self) -> None:
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._lock = threading.RLock()
        self._begin()

    def _begin(self) -> None:
        self.policies = Policies()
        self.additions = Additions()
        self.asked: list[list[str]] = []
        self.faults: dict[str, list[str]] = {}

    def __call__(self, environ: dict[str, Any], start: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/control":
            return self._control(environ, start)
        one = asked(environ)
        if one is None:
            return _sent(Answer(403, b"{}", "application/json"), start)
        with self._lock:
            faults = self.faults.get(one.action)
            fault = faults.pop(0) if faults else ""
            if fault == "lost before":
                return _cut(environ, start)
            answer = self._answer(one) if not fault or fault == "lost after" else _faulty(one, fault)
        return _cut(environ, start) if fault == "lost after" else _sent(answer, start)

    def _answer(self, one: Asked) -> Answer:
        if not self.policies.knows(one.key):
            return refused(one, "UnrecognizedClientException", "The security token in the request is invalid.", 403)
        self.asked.append([one.key, one.action])
        if not self.policies.allow(one.key, one.action):
            code, status = ("AccessDenied", 403) if one.action.startswith("s3:") else ("AccessDeniedException", 400)
            return refused(one, code, f"User: s3same is not authorized: {one.action}", status)
        own = self.additions.actions.get(one.action)
        answer = own(one, lambda: self._ask_moto(one)) if own else self._ask_moto(one)[0]
        if one.action == "sts:AssumeRole":
            for key in re.findall(rb"<AccessKeyId>(\w+)<", answer.body):
                self.policies.of[key.decode()] = self.policies.of_role
        return answer

    def _ask_moto(self, one: Asked) -> tuple[Answer, dict[str, Any]]:
        taken: dict[str, Any] = {}

        def start(status: str, headers: list[tuple[str, str]], _: object = None) -> Callable[[bytes], None]:
            taken["status"] = int(status.split()[0])
            taken["headers"] = tuple(one for one in headers if one[0].lower().startswith("x-amz-"))
            return lambda _: None

        body = b"".join(self._moto(one.environ, start))
        # moto calls its JSON a web page, which AWS never does.
        kind = "application/x-amz-json-1.1" if one.is_json else "text/xml"
        answer = Answer(taken["status"], body, kind, taken["headers"])
        return answer, json.loads(body or b"{}") if one.is_json and answer.status == 200 else {}

    def _control(self, environ: dict[str, Any], start: StartResponse) -> Iterable[bytes]:
        given = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
        with self._lock:
            result = getattr(self, f"set_{given.pop('verb')}")(**given)
        return _sent(Answer(200, json.dumps(result).encode(), "application/json"), start)

    def set_reset(self) -> None:
        moto_api_backend.reset()
        self._begin()

    def set_policy(self, key: str, policy: dict[str, Any]) -> None:
        self.policies.of[key] = policy

    def set_role(self, policy: dict[str, Any]) -> None:
        self.policies.of_role = policy

    def set_fault(self, action: str, kind: str, after: int = 0, times: int = 1) -> None:
        """What goes wrong with an action so many times, after so many times that nothing does."""
        self.faults[action] = [*[""] * after, *[kind] * times]

    def set_asked(self) -> list[list[str]]:
        return self.asked

    def set_health(self, target: str, state: str, description: str) -> None:
        self.additions.health[target] = (state, description)

    def set_stopped(self, service: str, tasks: list[dict[str, Any]]) -> None:
        rollout = next(one for one in self.additions.deployments.rollouts.values() if one.name == service)
        rollout.stopped = [{"taskArn": f"{service}/gone/{number}", **task} for number, task in enumerate(tasks)]

    def set_frozen(self, service: str, is_frozen: bool) -> None:
        rollout = next(one for one in self.additions.deployments.rollouts.values() if one.name == service)
        rollout.is_frozen = is_frozen

    def set_running(self, service: str, running: int) -> None:
        rollout = next(one for one in self.additions.deployments.rollouts.values() if one.name == service)
        rollout.is_frozen, rollout.primary.running = True, running

    def set_rotation(self, name: str, kind: str) -> None:
        self.additions.rotations[name] = kind

    def set_endless_queries(self) -> None:
        self.additions.is_query_endless = True

    def set_secret_versions(self, name: str) -> dict[str, list[str]]:
        secret = secretsmanager_backends[DEFAULT_ACCOUNT_ID]["us-east-1"].secrets[name]
        return {key: kept["version_stages"] for key, kept in secret.versions.items()}


def _faulty(one: Asked, fault: str) -> Answer:
    match fault:
        case "throttled":
            return refused(one, "ThrottlingException", "Rate exceeded")
        case "stale lock":
            return refused(one, "WAFOptimisticLockException", "The lock token is stale.")
        case "html":
            return Answer(200, b"<html>token=abcdef1234567890XYZ</html>", "text/html")
        case _:
            return refused(one, "InternalFailure", "s3same", 500)


def _sent(answer: Answer, start: StartResponse) -> Iterable[bytes]:
    sent = [("Content-Type", answer.kind), ("Content-Length", str(len(answer.body))), *answer.headers]
    start(f"{answer.status} -", sent)
    return [answer.body]


def _cut(environ: dict[str, Any], start: StartResponse) -> Iterable[bytes]:
    """The connection ends without an answer."""
    environ["werkzeug.socket"].shutdown(2)
    start("200 -", [])
    return []


class _Quiet(MotoRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:
        """Nothing: the tests ask the gate what was asked."""


def main() -> None:
    server = make_server("127.0.0.1", 0, Gate(), threaded=True, request_handler=_Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdout.write(f"ready {server.port}\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main()
