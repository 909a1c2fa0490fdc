"""A rollback looks at what it cannot take back, migrations and secrets, before anybody is asked to approve it."""

import pytest

from bot.core.family import RUNS
from bot.core.run import Phase
from sandbox.world.coolify import Coolify, Deployed
from sandbox.world.vendors import Supabase
from tests.house import House
from tests.people import APPROVER, NEXT_ON_CALL

VERIFIED = "verify: [services, api-root, traffic, error-rate]"  # some measure for minutes, and no Docker is here


def harven(house: House) -> tuple[Coolify, Supabase]:
    near = house.demo.world.neighbours
    return near.coolify, near.vendors.supabase


def earlier(coolify: Coolify) -> Deployed:
    return coolify.deployments[-1]


async def runs(house: House) -> int:
    return await house.demo.bot.ports.record.count(RUNS)


async def test_code_older_than_the_newest_migration_is_not_brought_back(house: House) -> None:
    coolify, supabase = harven(house)
    supabase.migrate("drop_old_columns", hours=6.5)
    await house.command(NEXT_ON_CALL, f"/rollback backend {earlier(coolify).id}", channel="harven")
    said = await house.told(NEXT_ON_CALL, "this has to hold first: Migrations of the database")
    assert "migrations written after" in said
    assert "drop_old_columns" in said
    assert "take them back by a reviewed migration first, or repair forwards" in said
    assert await runs(house) == 0


async def test_a_database_that_cannot_be_asked_about_its_migrations_stops_the_way_back_too(house: House) -> None:
    coolify, supabase = harven(house)
    supabase.permissions.discard("database_read")
    await house.command(NEXT_ON_CALL, f"/rollback backend {earlier(coolify).id}", channel="harven")
    assert "`database_read`" in await house.told(NEXT_ON_CALL, "this has to hold first: Migrations of the database")
    assert await runs(house) == 0


async def test_a_migration_between_proposal_and_start_stops_what_was_approved(house: House) -> None:
    coolify, supabase = harven(house)
    await house.command(NEXT_ON_CALL, f"/rollback backend {earlier(coolify).id}", channel="harven")
    card = await house.headline("RUN-1")
    assert "lessons_by_voice" in house.words(card)
    supabase.migrate("just_now", hours=0)
    await house.click(APPROVER, card, "run:approve")
    await house.replied("RUN-1", "just_now")
    assert (await house.demo.bot.ports.record.load(RUNS, "RUN-1")).phase is Phase.REFUSED
    assert coolify.calls["go_back"] == 0


@pytest.mark.catalog("catalog", {"harven/actions.yml": (VERIFIED, "verify: [api-root]")})
async def test_code_that_went_live_after_the_newest_migration_comes_back(house: House) -> None:
    coolify, _ = harven(house)
    old, new = earlier(coolify).commit, coolify.serving.commit
    await house.command(NEXT_ON_CALL, f"/rollback backend {earlier(coolify).id}", channel="harven")
    await house.click(APPROVER, await house.headline("RUN-1"), "run:approve")
    await house.until(lambda: _serves(coolify, old))
    assert new != old


async def _serves(coolify: Coolify, commit: str) -> bool:
    return coolify.serving.commit == commit
