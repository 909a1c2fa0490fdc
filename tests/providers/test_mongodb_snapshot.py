"""`mongodb.take_snapshot`: Atlas is asked once for a snapshot outside of the cluster, and it is followed to its end."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from changes import into
from pydantic import ValidationError
from railway_project import change, execute, lines, preview, refused, warnings
from readings import Settings, measured, read, spoken

from bot.core.errors import Denied, Unreachable
from bot.core.preview import Preview
from sandbox.world.mongodb import Atlas, open_atlas

NAME = "mongodb.take_snapshot"
PRIVATE = "s3same-private-key"


@pytest.fixture
async def atlas() -> AsyncIterator[Atlas]:
    async with open_atlas(pace=0.02) as opened:
        opened.backup_private_key = PRIVATE
        opened.add_snapshot(datetime.now(UTC) - timedelta(hours=30))
        yield opened


def keyed(atlas: Atlas, **other: str) -> Settings:
    return {
        "url": "mongodb://127.0.0.1:1",
        "database": "shop",
        "atlas_url": atlas.url,
        "atlas_public_key": atlas.backup_public_key,
        "atlas_private_key": PRIVATE,
        "atlas_project": atlas.project,
        "atlas_cluster": atlas.cluster,
        **other,
    }


async def shown(atlas: Atlas, **other: str) -> Preview:
    return await preview(NAME, keyed(atlas, **other), days=30)


async def test_a_snapshot_is_asked_for_once_followed_to_its_end_and_found_by_the_check(atlas: Atlas) -> None:
    assert measured(await read("mongodb.backups", keyed(atlas))) == {"age_h": 30.0, "snapshots": 1}
    proposed, told = await shown(atlas), list[str]()
    assert lines(proposed)["kept for (days)"] == ("", "30")
    assert any("taken by hand" in one for one in warnings(proposed))
    assert proposed.undo == {}
    done = await execute(NAME, keyed(atlas), proposed, into(told))
    made = atlas.snapshots[-1]
    assert [one.rpartition(": ")[2] for one in told][-1] == "completed"
    assert done.startswith(f"snapshot {made['id']} of prod is finished after ")
    assert done.endswith(f"(700 MB) and is kept until {made['expiresAt'][:10]}")
    assert atlas.taken == 1
    assert measured(await read("mongodb.backups", keyed(atlas))) == {"age_h": 0.0, "snapshots": 2}
    assert PRIVATE not in repr((proposed, done, told))


@pytest.mark.parametrize("status", [201, 202])
async def test_every_kind_of_yes_counts(atlas: Atlas, status: int) -> None:
    atlas.accepted = status
    assert "is finished" in await execute(NAME, keyed(atlas), await shown(atlas))
    assert atlas.taken == 1


async def test_a_snapshot_that_fails_is_told_and_those_before_are_untouched(atlas: Atlas) -> None:
    atlas.ends = "failed"
    error = await refused(execute(NAME, keyed(atlas), await shown(atlas)))
    assert "ended as failed; the earlier ones are untouched" in spoken(error)
    assert atlas.snapshots[0]["status"] == "completed"


async def test_nothing_is_asked_for_while_one_is_under_way(atlas: Atlas) -> None:
    proposed = await shown(atlas)
    atlas.add_snapshot(datetime.now(UTC), "inProgress")
    for doing in (shown(atlas), execute(NAME, keyed(atlas), proposed)):
        assert "is under way" in spoken(await refused(doing))
    assert atlas.taken == 0


async def test_a_lost_answer_is_looked_up_and_a_lost_request_is_told_as_unknown(atlas: Atlas) -> None:
    atlas.lose_answers = 1
    assert "is finished" in await execute(NAME, keyed(atlas), await shown(atlas))
    assert atlas.taken == 1
    atlas.lose_requests = 1
    error = await refused(execute(NAME, keyed(atlas), await shown(atlas)))
    assert isinstance(error, Unreachable)
    assert "Look at Atlas before anybody tries again" in spoken(error)
    assert atlas.taken == 1


async def test_a_key_that_only_reads_is_told_the_role_that_it_needs(atlas: Atlas) -> None:
    reads = {"atlas_public_key": atlas.public_key, "atlas_private_key": atlas.private_key}
    error = await refused(execute(NAME, keyed(atlas, **reads), await shown(atlas, **reads)))
    assert isinstance(error, Denied)
    assert "`Project Backup Creator`" in spoken(error)
    assert isinstance(await refused(shown(atlas, atlas_private_key="wrong")), Denied)
    assert "needs an Atlas API key" in spoken(await refused(shown(atlas, atlas_public_key="")))
    assert atlas.taken == 0


@pytest.mark.parametrize("days", [0, 366, "forever"])
def test_a_snapshot_is_kept_for_days_that_end(days: object) -> None:
    with pytest.raises(ValidationError):
        change(NAME).parameters.model_validate({"days": days})
