"""Before a maintenance window: what is kept outside of the containers, and by whom."""

from tests.house import House, buttons
from tests.people import APPROVER, ON_CALL
from tests.runs.steps import verified

CHANNEL = "customer-support"


async def test_the_database_is_kept_by_atlas_before_a_maintenance_and_the_volume_by_a_person(house: House) -> None:
    atlas = house.demo.world.neighbours.atlas
    before = len(atlas.snapshots)
    await house.command(ON_CALL, "/run take-snapshots", channel=CHANNEL)
    card = await house.headline("RUN-1")
    await house.click(APPROVER, card, "run:approve")
    await verified(house)
    assert [one["status"] for one in atlas.snapshots[before:]] == ["completed"]
    await house.replied("RUN-1", str(atlas.snapshots[-1]["id"]))
    await house.command(ON_CALL, "/run snapshot-volume", channel=CHANNEL)
    assert buttons(await house.headline("RUN-2")) == ["run:done", "run:deny"]
