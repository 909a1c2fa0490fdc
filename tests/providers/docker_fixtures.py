"""A Docker engine for a module's tests: a plugin of the test modules that name it, as pytest wants it."""

import uuid
from collections.abc import Iterator

import pytest
from docker_emulated import EmulatedEngine, emulated
from docker_engine import DockerEngine, started
from readings import Settings


@pytest.fixture(scope="module")
def dockerd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DockerEngine]:
    with started(tmp_path_factory.mktemp("docker")) as engine:
        yield engine


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatedEngine]:
    with emulated(tmp_path_factory.mktemp("docker")) as engine:
        yield engine


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> DockerEngine:
    """A real one, and in tests marked BOTH the demo's as well, so that it is held to the real one."""
    found: DockerEngine = request.getfixturevalue(getattr(request, "param", "dockerd"))
    return found


@pytest.fixture
def address(engine: DockerEngine) -> Settings:
    return {"socket": engine.socket}


@pytest.fixture
def name(engine: DockerEngine) -> Iterator[str]:
    """A name of the test's own, for its containers and images."""
    name = f"t{uuid.uuid4().hex[:8]}"
    yield name
    for found in engine.names():
        if found.startswith(name):
            engine.remove(found)
