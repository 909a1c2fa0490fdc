"""A panel of a dashboard is drawn into the thread of the incident for which it was asked."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.settings import HERE
from sandbox.demo import open_demo
from sandbox.world.observability.grafana import Dashboard
from tests.house import House
from tests.people import NEXT_ON_CALL, ON_CALL

BOARD, PANEL = "uid: agent-overview", "Requests"


@pytest.fixture
async def drawing(tmp_path: Path) -> AsyncIterator[House]:
    """The house of a team that wants one panel drawn."""
    folder = tmp_path / "catalog" / "agente-ia"
    shutil.copytree(HERE / "catalog" / "agente-ia", folder)
    checks = (folder / "checks.yml").read_text(encoding="utf-8")
    (folder / "checks.yml").write_text(checks.replace(BOARD, f"{BOARD}, panel: {PANEL}", 1), encoding="utf-8")
    async with open_demo(tmp_path / "data", catalog=folder.parent) as demo:
        demo.world.neighbours.grafana.dashboards["agent-overview"] = Dashboard("Agent Overview", {7: PANEL})
        async with httpx.AsyncClient(base_url=demo.slack.url, timeout=10, trust_env=False) as client:
            yield House(demo, client)


async def test_a_picture_stands_in_the_thread_of_the_incident_it_was_asked_for(drawing: House) -> None:
    await drawing.command(ON_CALL, "/incident declare P1 checkout errors")
    await drawing.headline("INC-1")
    await drawing.command(NEXT_ON_CALL, "/diag board-overview INC-1")
    assert (await drawing.until(lambda: filed(drawing)))["files"][0]["name"] == "board-overview.png"


async def test_a_picture_that_slack_does_not_take_costs_nothing_but_the_picture(drawing: House) -> None:
    await drawing.command(ON_CALL, "/incident declare P1 checkout errors")
    await drawing.headline("INC-1")
    await drawing.post("faults", method="files.getUploadURLExternal", kind="error", error="internal_error", times=9)
    await drawing.command(NEXT_ON_CALL, "/diag board-overview INC-1")
    assert "INC-1" in await drawing.told(NEXT_ON_CALL, "checks ok")
    await drawing.replied("INC-1", "🩺")


async def filed(house: House) -> dict[str, Any] | None:
    """The reply in the thread of INC-1 that has a file."""
    head = await house.headline("INC-1")
    replies = (m for m in await house.messages() if m.get("thread_ts") == head["ts"] != m["ts"])
    return next((m for m in replies if m.get("files")), None)
