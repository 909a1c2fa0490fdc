"""`/diag <alert>`: every alert of every system runs its first checks and says how severe it is and what to follow."""

import pytest

from bot.catalog.load import load
from bot.settings import HERE
from tests.house import House
from tests.people import NEXT_ON_CALL

CATALOG = load(HERE / "catalog")


@pytest.mark.parametrize("system", CATALOG.systems)
async def test_every_alert_is_a_word_of_diag(house: House, system: str) -> None:
    found = CATALOG.systems[system]
    for name in found.alerts:
        answer = await house.command(NEXT_ON_CALL, f"/diag {name}", found.profile.tied[0])
        assert f"Checking *{name}*" in answer
    for name, alert in found.alerts.items():
        report = await house.told(NEXT_ON_CALL, f"Alert {alert.title.en}: {alert.severity}")
        assert f"*: {name}" in report
        assert not alert.runbook or f"{alert.severity} · `/runbook {alert.runbook}` says what to do" in report
