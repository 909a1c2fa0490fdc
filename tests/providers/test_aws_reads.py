"""CloudWatch, logs, load balancers and secrets: moto in a process of its own, with what moto lacks added in front."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aws_server import AwsServer
from pydantic import ValidationError
from readings import measured, missing, read, refusal, spoken, summary

from bot.core.errors import TimedOut
from bot.providers import operation

pytest_plugins = ["aws_fixtures"]

BALANCER = "app/prod/50dc6c495c0c9188"
GROUP = "/ecs/customer-support-api"
ECS = {"namespace": "AWS/ECS", "dimensions": {"ClusterName": "prod", "ServiceName": "api"}}
LEAK = {"metric": "MemoryUtilization", "unit": "%", "ceiling": 100}


def put(aws: AwsServer, namespace: str, dimensions: dict[str, str], points: list[tuple[str, float, float]]) -> None:
    """Points as (metric, minutes ago, value)."""
    named = [{"Name": name, "Value": value} for name, value in dimensions.items()]
    # In the middle of a whole minute, so that no point falls on a border.
    now = datetime.now(UTC).replace(second=30, microsecond=0)
    data = [
        {"MetricName": metric, "Dimensions": named, "Timestamp": now - timedelta(minutes=ago), "Value": value}
        for metric, ago, value in points
    ]
    with aws.client("cloudwatch") as cloudwatch:
        cloudwatch.put_metric_data(Namespace=namespace, MetricData=data)


def write(aws: AwsServer, stream: str, lines: list[tuple[float, str]]) -> None:
    """Log lines as (minutes ago, message), oldest first."""
    now = datetime.now(UTC)
    events = [
        {"timestamp": int((now - timedelta(minutes=ago)).timestamp() * 1000), "message": words} for ago, words in lines
    ]
    with aws.client("logs") as logs:
        if not logs.describe_log_groups(logGroupNamePrefix=GROUP)["logGroups"]:
            logs.create_log_group(logGroupName=GROUP)
        logs.create_log_stream(logGroupName=GROUP, logStreamName=stream)
        logs.put_log_events(logGroupName=GROUP, logStreamName=stream, logEvents=events)


async def test_a_metric_tells_its_last_mean_lowest_and_highest_value_and_its_course(aws: AwsServer) -> None:
    put(
        aws,
        "AWS/ECS",
        ECS["dimensions"],
        [("CPUUtilization", ago, value) for ago, value in ((4, 40), (3, 90), (2, 50))],
    )
    reading = await read("cloudwatch.metric", aws.address(), **ECS, metric="CPUUtilization", unit="%")
    values = measured(reading)
    assert (values["last"], values["mean"], values["min"], values["max"]) == (50.0, 60.0, 40.0, 90.0)
    assert values["points"] == 3
    assert reading.trend == (40.0, 90.0, 50.0)
    assert isinstance(values["age_s"], int)
    assert 60 <= values["age_s"] <= 240


def leak(aws: AwsServer, first: float, *, per_hour: float, hours: float, until: float = 7) -> None:
    """Memory that rises evenly, a point every ten minutes."""
    steps = round(hours * 6)
    points = [("MemoryUtilization", until + 10 * (steps - n), first + per_hour * n / 6) for n in range(steps)]
    put(aws, "AWS/ECS", ECS["dimensions"], points)


async def test_growth_tells_how_much_an_hour_and_when_it_is_full(aws: AwsServer) -> None:
    leak(aws, 50, per_hour=6, hours=4)
    reading = await read("cloudwatch.growth", aws.address(), **ECS, **LEAK)
    found = measured(reading)
    assert found["per_hour"] == pytest.approx(6, abs=0.3)
    assert found["last"] == 73.0
    assert found["hours_left"] == pytest.approx(27 / 6, abs=0.4)
    assert summary(reading).startswith("MemoryUtilization: 73.0 % now, +")
    assert "; at this pace full in 4." in summary(reading)
    assert len(reading.trend) > 20


async def test_growth_without_a_ceiling_never_says_that_it_does_not_rise(aws: AwsServer) -> None:
    leak(aws, 50, per_hour=6, hours=4)
    endless = {name: value for name, value in LEAK.items() if name != "ceiling"}
    reading = await read("cloudwatch.growth", aws.address(), **ECS, **endless)
    assert measured(reading)["per_hour"] == pytest.approx(6, abs=0.3)
    assert missing(reading, "hours_left") == "the check names no ceiling"


async def test_growth_after_a_restart_is_not_hidden_by_the_fall(aws: AwsServer) -> None:
    leak(aws, 60, per_hour=8, hours=3, until=120)
    leak(aws, 40, per_hour=8, hours=1.5)
    found = measured(await read("cloudwatch.growth", aws.address(), **ECS, **LEAK))
    assert found["per_hour"] == pytest.approx(8, abs=1)
    assert found["hours"] == pytest.approx(1.4, abs=0.3)


async def test_what_does_not_rise_or_has_too_few_points_is_never_full(aws: AwsServer) -> None:
    steady = [("MemoryUtilization", 7 + 10.0 * n, 55.0) for n in range(12)]
    put(aws, "AWS/ECS", ECS["dimensions"], steady)
    reading = await read("cloudwatch.growth", aws.address(), **ECS, **LEAK)
    assert measured(reading)["per_hour"] == 0
    assert missing(reading, "hours_left") == "it does not rise"
    put(aws, "AWS/ECS", {"ServiceName": "young"}, [("MemoryUtilization", 7 + 10.0 * n, 60.0 - n) for n in range(3)])
    young = {**ECS, "dimensions": {"ServiceName": "young"}}
    few = await read("cloudwatch.growth", aws.address(), **young, **LEAK)
    assert missing(few, "per_hour") == "MemoryUtilization has only 3 points since it last fell; too few to see a course"


async def test_a_percentile_is_asked_for_and_scaled_to_milliseconds(aws: AwsServer) -> None:
    points = [("TargetResponseTime", 3.0, second / 100) for second in range(1, 101)]
    put(aws, "AWS/ApplicationELB", {"LoadBalancer": BALANCER}, points)
    place = {"namespace": "AWS/ApplicationELB", "dimensions": {"LoadBalancer": BALANCER}}
    parameters = {**place, "metric": "TargetResponseTime", "statistic": "p99", "scale": 1000, "unit": "ms"}
    assert measured(await read("cloudwatch.metric", aws.address(), **parameters))["last"] == 990.0


async def test_a_metric_without_data_is_unknown_unless_the_catalog_says_what_that_means(aws: AwsServer) -> None:
    reading = await read("cloudwatch.metric", aws.address(), **ECS, metric="CPUUtilisation")
    assert "has no data of CPUUtilisation" in missing(reading, "last")
    counted = await read("cloudwatch.metric", aws.address(), **ECS, metric="Errors", statistic="Sum", empty=0)
    assert measured(counted)["last"] == 0.0


async def test_the_error_rate_is_one_counter_in_another_and_the_worst_minute_is_told(aws: AwsServer) -> None:
    put(
        aws,
        "AWS/ApplicationELB",
        {"LoadBalancer": BALANCER},
        [("RequestCount", 4, 100), ("RequestCount", 3, 100), ("HTTPCode_Target_5XX_Count", 3, 6)],
    )
    reading = await read(
        "cloudwatch.ratio",
        aws.address(),
        namespace="AWS/ApplicationELB",
        dimensions={"LoadBalancer": BALANCER},
        numerator=["HTTPCode_Target_5XX_Count", "HTTPCode_ELB_5XX_Count"],
        denominator=["RequestCount"],
    )
    assert measured(reading) == {
        "percent": 3.0,
        "last_percent": 6.0,
        "worst_percent": 6.0,
        "numerator": 6.0,
        "denominator": 200.0,
    }
    assert reading.trend == (0.0, 6.0)


async def test_a_ratio_of_nothing_is_unknown_and_not_zero(aws: AwsServer) -> None:
    reading = await read("cloudwatch.ratio", aws.address(), **ECS, numerator=["a"], denominator=["b"])
    assert missing(reading, "percent") == f"nothing was counted in the last {15} min"


def test_a_window_of_too_many_points_is_refused_before_anybody_asks() -> None:
    with pytest.raises(ValidationError, match="longer period"):
        operation("cloudwatch.metric").parameters.model_validate(
            {"namespace": "AWS/ECS", "metric": "x", "minutes": 20_000, "period": 60}
        )


async def test_the_balancer_tells_traffic_errors_and_response_time_together(aws: AwsServer) -> None:
    put(
        aws,
        "AWS/ApplicationELB",
        {"LoadBalancer": BALANCER},
        [
            ("RequestCount", 3, 196),
            ("HTTPCode_Target_5XX_Count", 3, 6),
            ("HTTPCode_ELB_5XX_Count", 3, 4),
            *(("TargetResponseTime", 3.0, second) for second in (0.1, 0.2, 0.3, 1.4)),
        ],
    )
    values = measured(await read("elb.traffic", aws.address(), load_balancer=BALANCER, minutes=10))
    assert values == {
        "requests": 200.0,
        "per_minute": 20.0,
        "errors": 10.0,
        "errors_percent": 5.0,
        "response_ms": 500.0,
        "response_p95_ms": 1400.0,
    }


async def test_a_balancer_without_traffic_has_no_error_rate(aws: AwsServer) -> None:
    reading = await read("elb.traffic", aws.address(), load_balancer=BALANCER)
    assert measured(reading)["requests"] == 0
    assert "no request" in missing(reading, "errors_percent")
    assert "no target answered" in missing(reading, "response_p95_ms")


@pytest.fixture
def target_group(aws: AwsServer) -> str:
    with aws.client("ec2") as ec2:
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    with aws.client("elbv2") as elb:
        group = elb.create_target_group(Name="api", Protocol="HTTP", Port=80, VpcId=vpc, TargetType="ip")
        arn: str = group["TargetGroups"][0]["TargetGroupArn"]
        elb.register_targets(
            TargetGroupArn=arn, Targets=[{"Id": f"10.0.0.{number}", "Port": 80} for number in (4, 5, 6)]
        )
    return arn


async def test_targets_are_counted_by_health_and_the_sick_ones_come_first(aws: AwsServer, target_group: str) -> None:
    aws.control("health", target="10.0.0.5", state="unhealthy", description="Health checks failed: password=s3same")
    aws.control("health", target="10.0.0.6", state="draining", description="")
    reading = await read("elb.targets", aws.address(), target_group="api")
    assert measured(reading) == {"total": 3, "healthy": 1, "unhealthy": 1, "draining": 1, "healthy_percent": 33.333}
    assert any("Target.FailedHealthChecks" in line for line in reading.evidence[:2])
    assert "s3same" not in repr(reading)
    assert measured(await read("elb.targets", aws.address(), target_group=target_group)) == measured(reading)


async def test_an_unknown_target_group_is_named(aws: AwsServer) -> None:
    error = await refusal("elb.targets", aws.address(), target_group="nowhere")
    assert spoken(error) == "There is no target group nowhere in us-east-1."


async def test_log_lines_come_from_every_stream_and_leave_masked(aws: AwsServer) -> None:
    write(aws, "ecs/api/0123456789abcdef", [(9, "INFO started"), (4, "ERROR login of ana@example.com failed")])
    write(aws, "ecs/api/fedcba9876543210", [(3, "error: password=s3same"), (1, "INFO done")])
    reading = await read("cloudwatch_logs.lines", aws.address(group=GROUP), contains=["ERROR"])
    values = measured(reading)
    assert (values["lines"], values["matched"], values["sources"]) == (4, 2, 2)
    assert reading.evidence == (
        "api/01234567: ERROR login of ***@example.com failed",
        "api/fedcba98: error: password=***",
    )


async def test_only_the_newest_lines_of_the_window_are_read(aws: AwsServer) -> None:
    write(aws, "web", [(90, "ERROR old"), *((number, f"ERROR number {number}") for number in range(30, 0, -1))])
    newest = await read("cloudwatch_logs.lines", aws.address(group=GROUP), contains=["ERROR"], lines=5)
    assert measured(newest)["lines"] == 5
    assert newest.evidence[-1] == "web: ERROR number 1"
    recent = await read("cloudwatch_logs.lines", aws.address(group=GROUP), contains=["old"], minutes=60)
    assert (measured(recent)["lines"], measured(recent)["matched"]) == (30, 0)


async def test_an_empty_log_group_is_no_fault_and_a_missing_one_is_named(aws: AwsServer) -> None:
    error = await refusal("cloudwatch_logs.lines", aws.address(group=GROUP))
    assert spoken(error) == f"There is no log group {GROUP} in us-east-1."
    with aws.client("logs") as logs:
        logs.create_log_group(logGroupName=GROUP)
    assert summary(await read("cloudwatch_logs.lines", aws.address(group=GROUP))) == "no log lines there"


def insights(aws: AwsServer, **question: Any) -> Any:
    return read("cloudwatch_logs.insights", aws.address(group=GROUP), **question)


async def test_errors_are_counted_per_five_minutes_with_the_quiet_ones_as_zero(aws: AwsServer) -> None:
    write(aws, "web", [(90, "ERROR a"), (90, "ERROR b"), (90, "INFO c"), (30, "FATAL d"), (0, "ERROR e")])
    reading = await insights(aws, query="errors_per_5m", hours=4)
    values = measured(reading)
    assert (values["total"], values["worst"], values["last"]) == (4.0, 2.0, 1.0)
    assert len(reading.trend) == 4 * 12 + 1
    assert sum(reading.trend) == 4.0
    assert reading.trend[-1] == 1.0
    assert reading.evidence[0].endswith("×2")


async def test_errors_outside_the_hours_do_not_count(aws: AwsServer) -> None:
    write(aws, "web", [(200, "ERROR old"), (30, "INFO fine")])
    assert measured(await insights(aws, query="errors_per_5m", hours=2))["total"] == 0
    assert measured(await insights(aws, query="errors_per_5m", hours=4))["total"] == 1


async def test_the_failures_of_the_llm_vendor_are_counted_whatever_their_case(aws: AwsServer) -> None:
    write(aws, "web", [(50, "OpenAI API Error 429"), (20, "openai error: timeout"), (10, "ERROR in the database")])
    assert measured(await insights(aws, query="llm_errors"))["total"] == 2.0
    assert measured(await insights(aws, query="llm_errors", word="Groq"))["total"] == 0.0


async def test_endpoints_are_ranked_by_mean_duration_without_the_health_check(aws: AwsServer) -> None:
    calls = [("/chat", 900), ("/chat", 2100), ("/login", 120), ("/health", 9000)]
    write(aws, "web", [(5, json.dumps({"endpoint": path, "duration": ms})) for path, ms in calls])
    reading = await insights(aws, query="duration_by_endpoint", hours=1)
    assert measured(reading) == {"rows": 2, "worst": 1500.0, "worst_max": 2100.0}
    assert reading.evidence == ("/chat  1500 ms, max 2100 ms", "/login  120 ms, max 120 ms")
    assert summary(reading) == "the slowest endpoint in 1 h is /chat: 1500.0 ms on average"


async def test_durations_that_nobody_logs_are_unknown(aws: AwsServer) -> None:
    write(aws, "web", [(5, "INFO plain text")])
    reading = await insights(aws, query="duration_by_endpoint")
    assert missing(reading, "worst") == "no line has both `endpoint` and `duration`"


async def test_error_lines_show_the_newest_masked_and_count_all(aws: AwsServer) -> None:
    write(aws, "web", [(60 - number, f"ERROR {number} token=abcdef1234567890XYZ") for number in range(30)])
    reading = await insights(aws, query="error_lines", hours=24)
    assert (measured(reading)["rows"], measured(reading)["total"]) == (20, 30)
    assert "ERROR 29 token=***" in reading.evidence[0]
    assert "abcdef1234567890" not in repr(reading)


async def test_a_query_of_the_catalog_is_sent_as_it_is_and_its_last_column_measured(aws: AwsServer) -> None:
    write(aws, "web", [(5, json.dumps({"tenant": name, "ms": ms})) for name, ms in (("a", 10), ("b", 30), ("b", 50))])
    text = "filter ispresent(tenant) | stats max(ms) as worst_ms by tenant"
    assert measured(await insights(aws, query="custom", text=text)) == {"rows": 2, "total": 3, "worst": 50.0}
    error = await refusal("cloudwatch_logs.insights", aws.address(group=GROUP), query="custom", text="drop everything")
    assert "MalformedQueryException" in spoken(error)


def test_a_question_is_complete_or_refused() -> None:
    question = operation("cloudwatch_logs.insights").parameters
    for wrong in (
        {"query": "custom"},
        {"query": "error_lines", "text": "x"},
        {"query": "llm_errors", "word": "a/ | b"},
    ):
        with pytest.raises(ValidationError):
            question.model_validate(wrong)


async def test_a_secret_is_described_by_age_and_never_by_value(aws: AwsServer) -> None:
    with aws.client("secretsmanager") as secrets:
        secrets.create_secret(Name="prod/crm", SecretString="s3same-value")
    reading = await read("aws_secrets.secret", aws.address(), name="prod/crm")
    values = measured(reading)
    assert (values["exists"], values["rotates"]) == (True, False)
    assert values["age_days"] == 0.0
    assert missing(reading, "rotated_days") == "it was never rotated"
    assert "s3same" not in repr(reading)
    assert set(aws.asked()) == {"secretsmanager:DescribeSecret"}


async def test_a_secret_that_is_not_there_is_a_fact_and_no_failure(aws: AwsServer) -> None:
    reading = await read("aws_secrets.secret", aws.address(), name="prod/none")
    assert measured(reading)["exists"] is False
    assert missing(reading, "age_days") == "there is no secret prod/none"


async def test_a_query_that_does_not_end_is_stopped_so_that_it_costs_nothing_more(aws: AwsServer) -> None:
    write(aws, "web", [(5, "ERROR a")])
    aws.control("endless_queries")
    error = await refusal("cloudwatch_logs.insights", aws.address(group=GROUP), query="error_lines", wait_s=1)
    assert isinstance(error, TimedOut)
    assert aws.asked()[-1] == "logs:StopQuery"
