"""moto as a child process, with the additions of `tests/providers/aws/`; one server for all AWS tests of a session."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from botocore.config import Config
from readings import Settings

REGION = "us-east-1"
SECRET = "s3same" + "k" * 34
_FOLDER = Path(__file__).parent / "aws"
_PYTHON = Path(__file__).parents[2] / ".venv-servers" / "bin" / "python"


class AwsServer:
    """`admin` may do everything and is how a test arranges the world; `bot` may do what its policy says."""

    def __init__(self, port: int, process: subprocess.Popen[str]) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._process = process

    def address(self, key: str = "bot", **more: object) -> Settings:
        return {"region": REGION, "endpoint": self.url, "access_key": key, "secret_key": SECRET, **more}

    @contextmanager
    def client(self, service: str) -> Iterator[Any]:
        client = boto3.client(
            service,
            region_name=REGION,
            endpoint_url=self.url,
            aws_access_key_id="admin",
            aws_secret_access_key=SECRET,
            config=Config(proxies={}, retries={"total_max_attempts": 1}),
        )
        try:
            yield client
        finally:
            client.close()

    def control(self, verb: str, **given: object) -> Any:
        with httpx.Client(trust_env=False, timeout=60) as client:
            answer = client.post(f"{self.url}/control", content=json.dumps({"verb": verb, **given}))
        return answer.raise_for_status().json()

    def asked(self, key: str = "bot") -> list[str]:
        """The actions that were asked for with a key, in order."""
        return [action for who, action in self.control("asked") if who == key]

    @contextmanager
    def paused(self) -> Iterator[None]:
        os.kill(self._process.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self._process.pid, signal.SIGCONT)


@contextmanager
def started() -> Iterator[AwsServer]:
    if not _PYTHON.exists() and "CI" not in os.environ:
        pytest.skip("moto is not installed")
    process = subprocess.Popen(
        [str(_PYTHON), str(_FOLDER / "serve.py")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TZ": "UTC"},  # moto takes the times of percentiles for local ones
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        word, _, port = process.stdout.readline().partition(" ")
        assert word == "ready", "moto did not start"
        yield AwsServer(int(port), process)
    finally:
        process.stdin.close()
        process.terminate()
        process.wait()
        process.stdout.close()


def documented() -> dict[str, Any]:
    """The policy of docs/permissions.md, section AWS."""
    page = (Path(__file__).parents[2] / "docs" / "permissions.md").read_text(encoding="utf-8")
    section = page.partition("\n## AWS\n")[2].partition("\n## ")[0]
    found: dict[str, Any] = json.loads(section.partition("```json")[2].partition("```")[0])
    return found


def documented_actions() -> set[str]:
    return {action for statement in documented()["Statement"] for action in statement["Action"]}


CLUSTER = "prod"
SERVICE = "api"


def arrange_service(
    aws: AwsServer, *, count: int = 2, tags: tuple[str, ...] = ("1", "2"), breaker: bool = True, **service: object
) -> None:
    """A Fargate service that runs the last of several task definitions, `api:1` and so on."""
    with aws.client("ecs") as ecs:
        ecs.create_cluster(clusterName=CLUSTER)
        for tag in tags:
            register(ecs, tag)
        ecs.create_service(
            cluster=CLUSTER,
            serviceName=SERVICE,
            taskDefinition=f"{SERVICE}:{len(tags)}",
            desiredCount=count,
            deploymentConfiguration={"deploymentCircuitBreaker": {"enable": breaker, "rollback": breaker}},
            **service,
        )


def register(ecs: Any, tag: str, **changed: object) -> None:
    """One more revision of the task definition, with a setting whose value is a secret."""
    settings = [{"name": "DB_PASSWORD", "value": "s3same"}, {"name": f"FLAG_{tag.upper()}", "value": "on"}]
    container = {"name": SERVICE, "image": f"registry.example/team/api:{tag}", "environment": settings}
    whole = {
        "family": SERVICE,
        "containerDefinitions": [container],
        "requiresCompatibilities": ["FARGATE"],
        "networkMode": "awsvpc",
        "cpu": "512",
        "memory": "1024",
        "executionRoleArn": "arn:aws:iam::123456789012:role/ecs",
        **changed,
    }
    ecs.register_task_definition(**whole)
