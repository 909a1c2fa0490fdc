"""The house in every test: the emulated Slack, the small world and the real bot, opened through its own wiring."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from sandbox.demo import open_demo
from tests.house import House

TLS = httpx.create_ssl_context()  # nothing here speaks TLS, and each client would read the authorities anew


@pytest.fixture(params=["socket", "http"])
def transport(request: pytest.FixtureRequest) -> str:
    """How Slack delivers; tests that do not ask for it run over Socket Mode only."""
    return str(request.param)


@pytest.fixture
def signed_http() -> None:
    """Slack delivers over signed HTTP in this test."""


@pytest.fixture
async def house(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[House]:
    marker = request.node.get_closest_marker("environ")
    environ = dict(marker.kwargs) if marker else {}
    other = request.node.get_closest_marker("catalog")
    catalog = Path(other.args[0]) if other else None
    http = "signed_http" in request.fixturenames
    if "transport" in request.fixturenames:
        http = request.getfixturevalue("transport") == "http"
    async with (
        open_demo(tmp_path / "data", http=http, pace=0.02, environ=environ, catalog=catalog) as demo,
        httpx.AsyncClient(base_url=demo.slack.url, timeout=10, trust_env=False, verify=TLS) as client,
    ):
        yield House(demo, client)
