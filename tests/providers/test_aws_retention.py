"""How long a log group is kept: never shorter than the catalog allows, and put back as it was."""

import pytest
from aws_changes import execute, lines, preview, refused, warnings
from aws_server import AwsServer
from readings import Settings, measured, missing, read, refusal, spoken, summary

from bot.core.errors import TargetError, Unreachable

pytest_plugins = ["aws_fixtures"]

GROUP = "/ecs/customer-support-api"
NAME = "cloudwatch_logs.retention"


@pytest.fixture
def here(aws: AwsServer) -> Settings:
    with aws.client("logs") as logs:
        logs.create_log_group(logGroupName=GROUP)
        logs.create_log_group(logGroupName=f"{GROUP}-staging")
    return {**aws.address(), "group": GROUP}


def kept(aws: AwsServer) -> dict[str, int | None]:
    with aws.client("logs") as logs:
        found = logs.describe_log_groups()["logGroups"]
    return {group["logGroupName"]: group.get("retentionInDays") for group in found}


async def test_a_group_is_kept_for_so_many_days_and_its_undo_keeps_it_for_ever_again(
    aws: AwsServer, here: Settings
) -> None:
    shown = await preview(NAME, here, days=90, min=90)
    assert lines(shown) == {f"how long {GROUP} is kept": ("∞", "90 d")}
    assert "does not come back" in warnings(shown)[0]
    assert kept(aws) == {GROUP: None, f"{GROUP}-staging": None}
    assert await execute(NAME, here, shown) == f"{GROUP} is kept for 90 d now"
    assert kept(aws) == {GROUP: 90, f"{GROUP}-staging": None}
    back = await preview(NAME, here, **shown.undo)
    assert warnings(back) == []
    assert await execute(NAME, here, back) == f"{GROUP} is kept for ∞ now"
    assert kept(aws)[GROUP] is None


async def test_the_undo_may_go_back_below_the_floor_to_what_was_there(aws: AwsServer, here: Settings) -> None:
    with aws.client("logs") as logs:
        logs.put_retention_policy(logGroupName=GROUP, retentionInDays=30)
    shown = await preview(NAME, here, days=180, min=90)
    assert warnings(shown) == []
    await execute(NAME, here, shown)
    await execute(NAME, here, await preview(NAME, here, **shown.undo))
    assert kept(aws)[GROUP] == 30


@pytest.mark.parametrize(
    ("days", "words"),
    [(30, "kept for 90 days at least, not for 30"), (100, "not for 100"), (0, "is kept for ∞ already")],
)
async def test_what_is_too_short_odd_or_so_already_is_refused(
    aws: AwsServer, here: Settings, days: int, words: str
) -> None:
    assert words in spoken(await refused(preview(NAME, here, days=days, min=90)))
    assert kept(aws)[GROUP] is None


async def test_nothing_is_done_when_somebody_else_changed_it_since(aws: AwsServer, here: Settings) -> None:
    shown = await preview(NAME, here, days=90, min=90)
    with aws.client("logs") as logs:
        logs.put_retention_policy(logGroupName=GROUP, retentionInDays=365)
    assert "nothing was done" in spoken(await refused(execute(NAME, here, shown)))
    assert kept(aws)[GROUP] == 365


async def test_a_lost_answer_is_looked_up(aws: AwsServer, here: Settings) -> None:
    shown = await preview(NAME, here, days=90, min=90)
    aws.control("fault", action="logs:PutRetentionPolicy", kind="lost before")
    error = await refused(execute(NAME, here, shown))
    assert isinstance(error, Unreachable)
    assert "is kept as before" in spoken(error)
    aws.control("fault", action="logs:PutRetentionPolicy", kind="lost after")
    assert await execute(NAME, here, shown) == f"{GROUP} is kept for 90 d now"
    assert kept(aws)[GROUP] == 90


async def test_a_lost_answer_that_cannot_be_looked_up_is_told_as_not_known(aws: AwsServer, here: Settings) -> None:
    shown = await preview(NAME, here, days=90, min=90)
    aws.control("fault", action="logs:PutRetentionPolicy", kind="lost after")
    aws.control("fault", action="logs:DescribeLogGroups", kind="lost before", after=1, times=2)
    assert await execute(NAME, here, shown) == f"{GROUP} is kept for 90 d now", "the third look"
    shown = await preview(NAME, here, days=180, min=90)
    aws.control("fault", action="logs:PutRetentionPolicy", kind="lost after")
    aws.control("fault", action="logs:DescribeLogGroups", kind="lost before", after=1, times=9)
    error = await refused(execute(NAME, here, shown))
    assert isinstance(error, Unreachable)
    assert "for how long it is kept now is not known" in spoken(error)
    assert aws.asked().count("logs:PutRetentionPolicy") == 2


async def test_a_group_tells_how_long_it_keeps_its_lines(aws: AwsServer, here: Settings) -> None:
    reading = await read("cloudwatch_logs.group", here)
    assert measured(reading)["for_ever"] is True
    assert missing(reading, "days") == "its lines are kept for ever"
    with aws.client("logs") as logs:
        logs.put_retention_policy(logGroupName=GROUP, retentionInDays=90)
    reading = await read("cloudwatch_logs.group", here)
    assert (measured(reading)["for_ever"], measured(reading)["days"]) == (False, 90)
    assert summary(reading).startswith(f"{GROUP} keeps its lines for 90 d; ")


async def test_a_group_that_is_not_there_is_not_taken_for_one_with_a_longer_name(here: Settings) -> None:
    gone = {**here, "group": "/ecs/customer-support"}
    assert isinstance(await refusal("cloudwatch_logs.group", gone), TargetError)
    assert "no log group /ecs/customer-support in" in spoken(await refused(preview(NAME, gone, days=90, min=90)))
