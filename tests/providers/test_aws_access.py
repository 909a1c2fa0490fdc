"""The way in to AWS: the documented policy is enough and no more, and every trouble has a sentence of its own."""

import asyncio
from time import monotonic
from typing import Any

import pytest
from aws_changes import execute, preview
from aws_server import (
    CLUSTER,
    REGION,
    SECRET,
    SERVICE,
    AwsServer,
    arrange_service,
    documented,
    documented_actions,
)
from pydantic import ValidationError
from readings import measured, read, refusal, spoken

from bot.core.errors import Denied, TimedOut, Unreachable
from bot.core.operation import Change, Read
from bot.providers import names, operation
from tests.ports import NOBODY

pytest_plugins = ["aws_fixtures"]

ROLE = "arn:aws:iam::123456789012:role/plantao"
FAMILIES = ("aws_secrets", "cloudwatch", "cloudwatch_logs", "ecs", "elb", "waf")
MINE = [name for name in names() if name.partition(".")[0] in FAMILIES]
METRIC = {"namespace": "AWS/ECS", "metric": "CPUUtilization"}
PARAMETERS: dict[str, dict[str, Any]] = {
    "aws_secrets.secret": {"name": "prod/crm"},
    "aws_secrets.rotate": {"name": "prod/crm"},
    "cloudwatch.metric": METRIC,
    "cloudwatch.growth": METRIC,
    "cloudwatch.ratio": {"namespace": "AWS/ECS", "numerator": ["a"], "denominator": ["b"]},
    "cloudwatch_logs.lines": {},
    "cloudwatch_logs.insights": {"query": "error_lines"},
    "cloudwatch_logs.group": {},
    "cloudwatch_logs.retention": {"days": 90, "min": 90},
    "ecs.service": {"service": SERVICE},
    "ecs.tasks": {"service": SERVICE},
    "ecs.revisions": {"service": SERVICE},
    "ecs.deploy": {"service": SERVICE},
    "ecs.desired_count": {"service": SERVICE, "count": 3, "max": 6},
    "ecs.rollback": {"service": SERVICE, "task_definition": "1"},
    "ecs.memory": {"service": SERVICE, "mb": 2048, "max": 4096},
    "elb.targets": {"target_group": "api"},
    "elb.traffic": {"load_balancer": "app/prod/50dc6c495c0c9188"},
    "waf.ip_set": {"name": "blocked", "id": "1"},
    "waf.block": {"name": "blocked", "id": "1", "address": "1.2.3.4"},
    "waf.unblock": {"name": "blocked", "id": "1", "address": "1.2.3.4"},
}


def address_of(aws: AwsServer, name: str, key: str = "bot", **more: object) -> dict[str, object]:
    own: dict[str, dict[str, object]] = {"ecs": {"cluster": CLUSTER}, "cloudwatch_logs": {"group": "/ecs/api"}}
    return {**aws.address(key), **own.get(name.partition(".")[0], {}), **more}


async def trouble(name: str, address: dict[str, object]) -> Any:
    """The refusal of an operation; of a change that of its preview."""
    if isinstance(operation(name), Read):
        return await refusal(name, address, **PARAMETERS[name])
    found = operation(name)
    assert isinstance(found, Change)
    with pytest.raises((Denied, Unreachable, TimedOut)) as caught:
        await preview(name, address, **PARAMETERS[name])
    assert "s3same" not in spoken(caught.value)
    return caught.value


async def test_every_operation_works_with_the_documented_policy_and_needs_all_of_it(aws: AwsServer) -> None:
    arrange_service(aws)
    with aws.client("logs") as logs, aws.client("secretsmanager") as secrets, aws.client("wafv2") as waf:
        logs.create_log_group(logGroupName="/ecs/api")
        logs.create_log_stream(logGroupName="/ecs/api", logStreamName="web")
        secrets.create_secret(Name="prod/crm", SecretString=SECRET)
        made = waf.create_ip_set(Name="blocked", Scope="REGIONAL", IPAddressVersion="IPV4", Addresses=[])
    with aws.client("ec2") as ec2, aws.client("elbv2") as elb:
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        elb.create_target_group(Name="api", Protocol="HTTP", Port=80, VpcId=vpc, TargetType="ip")
    aws.control("rotation", name="prod/crm", kind="works")
    for name in MINE:
        parameters = PARAMETERS[name] | ({"id": made["Summary"]["Id"]} if name.startswith("waf") else {})
        if isinstance(operation(name), Read):
            await read(name, address_of(aws, name), **parameters)
        else:
            shown = await preview(name, address_of(aws, name), **parameters)
            await execute(name, address_of(aws, name), shown)
            if name == "cloudwatch_logs.retention":
                await execute(name, address_of(aws, name), await preview(name, address_of(aws, name), **shown.undo))
    aws.control("endless_queries")
    late = await refusal("cloudwatch_logs.insights", address_of(aws, "cloudwatch_logs"), query="error_lines", wait_s=1)
    assert isinstance(late, TimedOut)
    not_called = {"iam:PassRole", "ecs:TagResource"}
    assert set(aws.asked()) == documented_actions() - not_called


def test_the_documented_policy_reads_no_secret_and_names_its_resources_where_it_changes() -> None:
    assert not any("GetSecretValue" in action or "*" in action for action in documented_actions())
    for statement in documented()["Statement"]:
        if statement["Sid"].startswith("Change"):
            assert statement["Resource"] != "*"


async def test_without_any_permission_every_operation_names_the_first_it_needs(aws: AwsServer) -> None:
    aws.control("policy", key="bot", policy={"Statement": []})
    for name in MINE:
        error = await trouble(name, address_of(aws, name))
        assert isinstance(error, Denied), name
        asked = aws.asked()[-1]
        assert f"do `{asked}`. Add it" in spoken(error)


async def test_wrong_credentials_are_said_to_be_wrong(aws: AwsServer) -> None:
    for name in ("ecs.service", "elb.targets", "cloudwatch.metric"):
        error = await trouble(name, address_of(aws, name, key="stranger"))
        assert isinstance(error, Denied)
        assert spoken(error).startswith("AWS does not accept the credentials")


async def test_nobody_listening_is_unreachable_for_every_operation() -> None:
    nowhere = AwsServer(NOBODY, None)  # type: ignore[arg-type]
    for error in await asyncio.gather(*(trouble(name, address_of(nowhere, name)) for name in MINE)):
        assert isinstance(error, Unreachable)
        assert "connection was refused" in spoken(error)


async def test_a_hung_aws_times_out_every_operation_within_its_limit(aws: AwsServer) -> None:
    begun = monotonic()
    with aws.paused():
        errors = await asyncio.gather(*(trouble(name, address_of(aws, name)) for name in MINE))
    assert monotonic() - begun < 40
    assert len(errors) == len(PARAMETERS)
    for error in errors:
        assert isinstance(error, TimedOut)


async def test_throttling_and_trouble_inside_aws_are_told_apart(aws: AwsServer) -> None:
    for kind, words, is_down in (
        ("throttled", "asks to slow down", False),
        ("500", "is in trouble, it answered 500", True),
    ):
        aws.control("fault", action="cloudwatch:GetMetricData", kind=kind)
        error = await trouble("cloudwatch.metric", address_of(aws, "cloudwatch.metric"))
        assert words in spoken(error)
        assert isinstance(error, Unreachable) is is_down
    assert measured(await read("cloudwatch.metric", address_of(aws, "cloudwatch.metric"), **METRIC))["points"] == 0


async def test_a_page_that_is_not_aws_is_recognised(aws: AwsServer) -> None:
    for name, action in (
        ("cloudwatch.metric", "cloudwatch:GetMetricData"),
        ("elb.targets", "elasticloadbalancing:DescribeTargetGroups"),
    ):
        aws.control("fault", action=action, kind="html")
        error = await trouble(name, address_of(aws, name))
        assert isinstance(error, Unreachable)
        assert "is not AWS" in spoken(error)


async def test_a_role_is_assumed_and_then_asks_with_its_own_rights(aws: AwsServer) -> None:
    arrange_service(aws)
    may = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": ROLE}
    aws.control("policy", key="bot", policy={"Statement": [may]})
    aws.control("role", policy=documented())
    reading = await read("ecs.service", address_of(aws, "ecs", role_arn=ROLE), service=SERVICE)
    assert measured(reading)["steady"] is True
    assert aws.asked() == ["sts:AssumeRole"]
    aws.control("policy", key="bot", policy={"Statement": []})
    error = await trouble("ecs.service", address_of(aws, "ecs", role_arn=ROLE))
    assert "`sts:AssumeRole`" in spoken(error)


async def test_without_any_credentials_the_sentence_says_where_to_put_them(
    aws: AwsServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    error = await refusal("cloudwatch.metric", {"region": REGION, "endpoint": aws.url}, **METRIC)
    assert isinstance(error, Denied)
    assert "`access_key` and `secret_key`" in spoken(error)


def test_an_address_is_refused_without_showing_its_secret() -> None:
    whole = {"region": REGION, "access_key": "AKIAIOSFODNN7EXAMPLE", "secret_key": SECRET}
    for wrong in (
        {"region": "moon"},
        {"secret_key": ""},
        {"endpoint": "http://aws.example"},
        {"endpoint": "https://user:s3same@aws.example"},
        {"role_arn": "admin"},
    ):
        with pytest.raises(ValidationError) as caught:
            operation("cloudwatch.metric").address.model_validate({**whole, **wrong})
        assert "s3same" not in str(caught.value)
    kept = operation("cloudwatch.metric").address.model_validate(whole)
    assert "s3same" not in repr(kept)
    assert "AKIA" not in repr(kept)
