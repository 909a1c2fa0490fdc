"""A panel of a dashboard is drawn into the thread of the incident for which it was asked."""

from typing import Any

import pytest

from sandbox.world.observability.grafana import Dashboard
from tests.house import House
from tests.people import NEXT_ON_CALL, ON_CALL

PANEL = "Requests"
BOARD = "uid: agent-overview"
DRAWN = {"agente-ia/checks.yml": (BOARD, f"{BOARD}, panel: {PANEL}")}
pytestmark = pytest.mark.catalog("catalog", DRAWN)


@pytest.fixture
def drawing(house: House) -> House:
    """The house of a team that wants one panel drawn."""
    house.demo.world.neighbours.grafana.dashboards["agent-overview"] = Dashboard("Agent Overview", {7: PANEL})
    return house


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
