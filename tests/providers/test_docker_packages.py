"""Which packages a container really has, asked of a stand-in for pip inside a container of a real engine."""

import json
from pathlib import Path

import pytest
from docker_engine import DockerEngine, passing_only, permitted
from pydantic import ValidationError
from readings import measured, missing, read, refusal, spoken, summary

from bot.core.errors import Denied
from bot.providers import operation

pytest_plugins = ["docker_fixtures"]
HAS = {"openai": "1.40.2", "Python_Telegram.Bot": "21.6", "chromadb": "0.5.0rc1", "motor": "3.6.0"}
WANTED = {"openai": "1.40", "python-telegram-bot": "", "motor": "3.6"}


@pytest.fixture(scope="module")
def gate(dockerd: DockerEngine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder inside the container `api`, with a Python that knows one answer and writes down what it was asked."""
    folder = tmp_path_factory.mktemp("gate")
    folder.chmod(0o777)
    told = json.dumps([{"name": name, "version": version} for name, version in HAS.items()])
    (folder / "answer").write_text(told)
    (folder / "python").write_text('#!/bin/sh\necho "$@" >> /gate/asked\necho warning >&2\ncat /gate/answer\n')
    (folder / "python").chmod(0o755)
    (folder / "python3.11").write_text("#!/bin/sh\necho 'No module named pip'\nexit 1\n")
    (folder / "python3.11").chmod(0o755)
    dockerd.run("api", Env=["PATH=/gate:/bin"], host={"Binds": [f"{folder}:/gate"]})
    return folder


@pytest.mark.usefixtures("gate")
async def test_packages_that_are_new_enough_are_told_with_their_versions(engine: DockerEngine, gate: Path) -> None:
    reading = await read("docker.packages", {"socket": engine.socket}, name="api", packages=WANTED)
    assert measured(reading) == {"installed": 4, "absent": 0, "behind": 0}
    assert summary(reading) == "api has all 3 packages, none too old"
    assert reading.evidence == (
        "openai 1.40.2  (at least 1.40)",
        "python-telegram-bot 21.6",
        "motor 3.6.0  (at least 3.6)",
    )
    [asked] = set((gate / "asked").read_text().splitlines())
    assert asked == "-m pip list --format=json --disable-pip-version-check --no-input"


@pytest.mark.usefixtures("gate")
async def test_what_is_too_old_absent_or_unreleased_is_named(engine: DockerEngine) -> None:
    packages = {"openai": "1.41", "chromadb": "0.5", "fastapi": "", "motor": "3.10"}
    reading = await read("docker.packages", {"socket": engine.socket}, name="api", packages=packages)
    assert measured(reading) == {"installed": 4, "absent": 1, "behind": 3}
    assert summary(reading) == "of 4 packages in api too old: openai, chromadb, motor; absent: fastapi"
    assert reading.evidence[2] == "fastapi —"


@pytest.mark.usefixtures("gate")
async def test_a_container_without_pip_or_that_does_not_run_tells_nothing(engine: DockerEngine) -> None:
    address = {"socket": engine.socket}
    for python in ("python3.11", "python3.12"):
        error = await refusal("docker.packages", address, name="api", packages=WANTED, python=python)
        assert f"has no `{python}` with pip" in spoken(error) or python in spoken(error)
    engine.create("down")
    down = await read("docker.packages", address, name="down", packages=WANTED)
    assert missing(down, "behind") == "down is not running"


@pytest.mark.usefixtures("gate")
async def test_it_needs_the_documented_requests_and_names_what_is_missing(engine: DockerEngine, tmp_path: Path) -> None:
    given = {"name": "api", "packages": WANTED}
    both = [*permitted("docker-reads"), *permitted("docker-packages")]
    (tmp_path / "both").mkdir()
    async with passing_only(engine, tmp_path / "both", both) as socket:
        assert measured(await read("docker.packages", {"socket": socket}, **given))["absent"] == 0
    async with passing_only(engine, tmp_path, permitted("docker-reads")) as socket:
        error = await refusal("docker.packages", {"socket": socket}, **given)
    assert isinstance(error, Denied)
    assert "/exec" in spoken(error)


@pytest.mark.parametrize(
    "odd",
    [
        {"packages": {}},
        {"packages": {"--index-url": ""}},
        {"packages": {"openai": ">=1"}},
        {"packages": WANTED, "python": "python -c"},
        {"packages": WANTED, "python": "sh"},
    ],
)
def test_nothing_but_names_versions_and_a_python_can_be_asked_for(odd: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        operation("docker.packages").parameters.model_validate({"name": "api", **odd})
