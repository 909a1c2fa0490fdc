"""One moto for all AWS tests of a session: a plugin of the test modules that name it, as pytest wants it."""

from collections.abc import Iterator

import pytest
from aws_server import AwsServer, documented, started


@pytest.fixture(scope="session")
def aws_process() -> Iterator[AwsServer]:
    with started() as server:
        yield server


@pytest.fixture
def aws(aws_process: AwsServer) -> AwsServer:
    """An empty account, in which `bot` may do what docs/permissions.md grants, and nothing else."""
    aws_process.control("reset")
    aws_process.control("policy", key="bot", policy=documented())
    return aws_process
