"""The house in every test: the emulated Slack, the small world and the real bot, opened through its own wiring."""

import os
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from shutil import copytree

import httpx
import pytest

from bot.settings import Settings
from sandbox.demo import open_demo
from tests.house import RECORD_LIMIT, House
from tests.memory import memory

TLS = httpx.create_ssl_context()  # nothing here speaks TLS, and each client would read the authorities anew


_FOREIGN = re.compile(r".*_PROXY|AWS_.*|DOCKER_.*|KUBECONFIG|PG[A-Z]+|NO_COLOR|FORCE_COLOR", re.IGNORECASE)


def pytest_configure() -> None:
    """Nothing that the environment says of other servers, accounts and installations reaches the tests."""
    for name in [*os.environ]:
        if _FOREIGN.fullmatch(name) or name.lower() in Settings.model_fields:
            del os.environ[name]


@pytest.fixture(params=["socket", "http"])
def transport(request: pytest.FixtureRequest) -> str:
    """How Slack delivers; tests that do not ask for it run over Socket Mode only."""
    return str(request.param)


@pytest.fixture
def signed_http() -> None:
    """Slack delivers over signed HTTP in this test."""


@pytest.fixture
def data() -> Iterator[Path]:
    """Where the bot keeps its record."""
    with memory() as folder:
        yield folder / "data"


@pytest.fixture
async def house(request: pytest.FixtureRequest, tmp_path: Path, data: Path) -> AsyncIterator[House]:
    marker = request.node.get_closest_marker("environ")
    environ = dict(marker.kwargs) if marker else {}
    other = request.node.get_closest_marker("catalog")
    catalog = _catalog(tmp_path, *other.args) if other else None
    is_strict = request.node.get_closest_marker("strict_rates") is not None
    http = "signed_http" in request.fixturenames
    if "transport" in request.fixturenames:
        http = request.getfixturevalue("transport") == "http"
    own = {} if is_strict else {"record_limit": RECORD_LIMIT}
    async with (
        open_demo(data, http=http, pace=0.02, environ=environ, catalog=catalog, strict_rates=is_strict, **own) as demo,
        httpx.AsyncClient(base_url=demo.slack.url, timeout=60, trust_env=False, verify=TLS) as client,
    ):
        yield House(demo, client)


def _catalog(tmp_path: Path, folder: str, replaced: Mapping[str, tuple[str, str]] | None = None) -> Path:
    """The folder itself, or a copy of the systems of which a file has something else in the place of some words."""
    for name, (words, others) in (replaced or {}).items():
        system = Path(name).parts[0]
        copy = copytree(Path(folder) / system, tmp_path / "catalog" / system, dirs_exist_ok=True).parent / name
        text = copy.read_text(encoding="utf-8")
        assert words in text, f"{name} does not say {words}"
        copy.write_text(text.replace(words, others, 1), encoding="utf-8")
    return tmp_path / "catalog" if replaced else Path(folder)
