"""ECS services: read, and changed exactly as shown; moto with rollouts that advance (an emulator's)."""

from typing import Any

import pytest
from aws_changes import execute, lines, preview, refused, warnings
from aws_server import CLUSTER, SERVICE, AwsServer, arrange_service, register
from pydantic import ValidationError
from readings import Settings, measured, missing, read, refusal, rendered, spoken, summary

from bot.core.errors import Denied, TimedOut, Unreachable
from bot.core.text import Text
from bot.providers import operation
from bot.providers.aws.account import opened
from bot.providers.aws.ecs.following import follow
from bot.providers.aws.ecs.services import Address

pytest_plugins = ["aws_fixtures"]


def here(aws: AwsServer, key: str = "bot") -> Settings:
    return aws.address(key, cluster=CLUSTER)


def service(aws: AwsServer) -> dict[str, Any]:
    """What ECS itself says; each look is a step of a rollout."""
    with aws.client("ecs") as ecs:
        found: dict[str, Any] = ecs.describe_services(cluster=CLUSTER, services=[SERVICE])["services"][0]
    return found


def runs(aws: AwsServer) -> tuple[str, int, int]:
    found = service(aws)
    return found["taskDefinition"].rpartition("/")[2], found["desiredCount"], found["runningCount"]


def updates(aws: AwsServer) -> int:
    return aws.asked().count("ecs:UpdateService")


async def test_a_steady_service_is_told_as_such(aws: AwsServer) -> None:
    arrange_service(aws)
    reading = await read("ecs.service", here(aws), service=SERVICE)
    assert measured(reading) == {
        "desired": 2,
        "running": 2,
        "pending": 0,
        "running_percent": 100.0,
        "steady": True,
        "deployments": 1,
        "failed_tasks": 0,
        "rollout_state": "COMPLETED",
    }
    assert summary(reading) == "2 of 2 tasks run api:2, steady"
    assert "has reached a steady state" in reading.evidence[-1]
    assert reading.links == ()


async def test_a_service_with_fewer_tasks_than_wanted_is_not_steady(aws: AwsServer) -> None:
    arrange_service(aws)
    aws.control("running", service=SERVICE, running=1)
    values = measured(await read("ecs.service", here(aws), service=SERVICE))
    assert (values["running"], values["running_percent"], values["steady"]) == (1, 50.0, False)


async def test_a_service_that_should_not_run_has_no_share_to_judge(aws: AwsServer) -> None:
    arrange_service(aws, count=0)
    reading = await read("ecs.service", here(aws), service=SERVICE)
    assert missing(reading, "running_percent") == "no task is wanted"
    assert measured(reading)["steady"] is True


async def test_a_failing_deployment_shows_its_failures_and_masked_events(aws: AwsServer) -> None:
    arrange_service(aws, tags=("1", "broken"), breaker=False)
    with aws.client("ecs") as ecs:
        ecs.update_service(cluster=CLUSTER, service=SERVICE, forceNewDeployment=True)
    reading = await read("ecs.service", here(aws), service=SERVICE)
    assert (measured(reading)["failed_tasks"], measured(reading)["rollout_state"]) == (1, "IN_PROGRESS")
    assert measured(reading)["deployments"] == 2
    assert any("unable to start a task for ***@example.com" in line for line in reading.evidence)


async def test_stopped_tasks_are_counted_with_their_masked_reasons(aws: AwsServer) -> None:
    arrange_service(aws)
    killed = {
        "stopCode": "EssentialContainerExited",
        "stoppedReason": "Essential container in task exited",
        "containers": [{"name": "api", "exitCode": 137, "reason": "OutOfMemoryError: password=s3same"}],
    }
    replaced = {"stopCode": "ServiceSchedulerInitiated", "stoppedReason": "Scaling activity", "containers": []}
    aws.control("stopped", service=SERVICE, tasks=[killed, killed, replaced])
    reading = await read("ecs.tasks", here(aws), service=SERVICE)
    assert measured(reading) == {"running": 2, "unhealthy": 0, "stopped": 3, "failed": 2, "oom_killed": 2}
    assert reading.evidence[0] == (
        "×2 Essential container in task exited; api: exit 137 OutOfMemoryError: password=***"
    )


async def test_more_tasks_than_fit_into_one_answer_are_all_counted(aws: AwsServer) -> None:
    arrange_service(aws)
    failed = {"stopCode": "TaskFailedToStart", "stoppedReason": "no capacity", "containers": []}
    aws.control("stopped", service=SERVICE, tasks=[failed] * 250)
    reading = await read("ecs.tasks", here(aws), service=SERVICE)
    assert (measured(reading)["stopped"], measured(reading)["failed"]) == (250, 250)


async def test_earlier_revisions_are_listed_with_their_images(aws: AwsServer) -> None:
    arrange_service(aws, tags=("1", "2", "3"))
    reading = await read("ecs.revisions", here(aws), service=SERVICE)
    assert measured(reading) == {"revision": 3, "earlier": 2}
    assert [line.split("  ")[:2] for line in reading.evidence] == [
        ["api:3", "api:3"],
        ["api:2", "api:2"],
        ["api:1", "api:1"],
    ]
    assert reading.evidence[0].endswith("←")
    assert "s3same" not in repr(reading)


async def test_what_is_not_there_is_named(aws: AwsServer) -> None:
    arrange_service(aws)
    gone = await refusal("ecs.service", here(aws), service="web")
    assert spoken(gone) == "There is no service web in the cluster prod."
    lost = await refusal("ecs.service", aws.address(cluster="test"), service=SERVICE)
    assert spoken(lost) == "There is no ECS cluster test in us-east-1."


async def test_a_new_deployment_is_shown_then_sent_once_and_followed_until_it_is_steady(aws: AwsServer) -> None:
    arrange_service(aws)
    shown = await preview("ecs.deploy", here(aws), service=SERVICE)
    assert lines(shown)["image"] == ("api:2", "api:2")
    assert warnings(shown) == ["The image is named by a tag; if that tag was moved, the new tasks run another image."]
    assert shown.undo == {}
    before = service(aws)["deployments"][0]["id"]
    told: list[str] = []

    async def progress(text: Text) -> None:
        told.append(rendered(text))

    assert await execute("ecs.deploy", here(aws), shown, progress) == "all 2 tasks of api were started anew with api:2"
    assert service(aws)["deployments"][0]["id"] != before
    assert len(service(aws)["deployments"]) == 1
    assert updates(aws) == 1
    assert told[0] == "0 of 2 tasks of api run api:2, 2 starting, 0 failed"
    assert told[-1] == "2 of 2 tasks of api run api:2, 0 starting, 0 failed"


async def test_a_preview_changes_nothing_and_has_the_same_fingerprint_until_something_does(aws: AwsServer) -> None:
    arrange_service(aws)
    shown = await preview("ecs.deploy", here(aws), service=SERVICE)
    assert (await preview("ecs.deploy", here(aws), service=SERVICE)).fingerprint == shown.fingerprint
    assert "ecs:UpdateService" not in aws.asked()
    with aws.client("ecs") as ecs:
        ecs.update_service(cluster=CLUSTER, service=SERVICE, taskDefinition="api:1")
    looks = [measured(await read("ecs.service", here(aws), service=SERVICE))["steady"] for _ in range(4)]
    assert looks[-1] is True
    assert (await preview("ecs.deploy", here(aws), service=SERVICE)).fingerprint != shown.fingerprint
    assert "no longer looks as it was shown" in spoken(await refused(execute("ecs.deploy", here(aws), shown)))
    assert updates(aws) == 0


async def test_no_deployment_is_started_on_top_of_one_that_still_runs(aws: AwsServer) -> None:
    arrange_service(aws)
    with aws.client("ecs") as ecs:
        ecs.update_service(cluster=CLUSTER, service=SERVICE, forceNewDeployment=True)
    error = await refused(preview("ecs.deploy", here(aws), service=SERVICE))
    assert "is still running (2 of 2 tasks)" in spoken(error)


async def test_a_service_that_codedeploy_deploys_is_left_alone(aws: AwsServer) -> None:
    arrange_service(aws, deploymentController={"type": "CODE_DEPLOY"})
    for name, more in (
        ("ecs.deploy", {}),
        ("ecs.rollback", {"task_definition": "1"}),
        ("ecs.memory", {"mb": 2048, "max": 4096}),
    ):
        error = await refused(preview(name, here(aws), service=SERVICE, **more))
        assert spoken(error) == "api is deployed by CODE_DEPLOY, not by ECS itself. Change it there."


async def test_a_circuit_breaker_ends_the_following_with_its_reason(aws: AwsServer) -> None:
    arrange_service(aws, tags=("1", "broken", "3"))
    shown = await preview("ecs.rollback", here(aws), service=SERVICE, task_definition="api:2")
    error = spoken(await refused(execute("ecs.rollback", here(aws), shown)))
    assert "its new tasks do not start: 3 failed, and ECS gave up. It runs api:3 now." in error
    assert "circuit breaker: tasks failed to start for ***@example.com" in error
    assert runs(aws)[0] == "api:3"


async def test_a_deployment_that_never_gets_steady_ends_with_the_limit(aws: AwsServer) -> None:
    arrange_service(aws, tags=("1", "broken"), breaker=False)
    with aws.client("ecs") as ecs:
        told = ecs.update_service(cluster=CLUSTER, service=SERVICE, forceNewDeployment=True)
    assert told["service"]["desiredCount"] == 2
    deployment = service(aws)["deployments"][0]["id"]

    async def silent(_: Text) -> None:
        """Nobody reads it."""

    address = Address.model_validate(here(aws))
    with pytest.raises(TimedOut) as caught:
        async with opened(address) as account:
            await follow(account, address, (SERVICE, deployment, 2), 0.6, silent)
    assert "0 of 2 tasks run" in spoken(caught.value)


async def test_a_change_by_somebody_else_during_the_rollout_is_told(aws: AwsServer) -> None:
    arrange_service(aws)
    shown = await preview("ecs.deploy", here(aws), service=SERVICE)

    async def interfere(_: Text) -> None:
        with aws.client("ecs") as ecs:
            ecs.update_service(cluster=CLUSTER, service=SERVICE, taskDefinition="api:1")

    error = spoken(await refused(execute("ecs.deploy", here(aws), shown, interfere)))
    assert (
        error == "The change of api was accepted, then something else changed it again: it runs api:1, 2 tasks wanted."
    )


async def test_a_lost_answer_is_looked_up_and_never_sent_again(aws: AwsServer) -> None:
    arrange_service(aws)
    shown = await preview("ecs.deploy", here(aws), service=SERVICE)
    aws.control("fault", action="ecs:UpdateService", kind="lost after")
    assert "were started anew" in await execute("ecs.deploy", here(aws), shown)
    assert updates(aws) == 1


async def test_a_request_that_never_arrived_is_said_to_have_changed_nothing(aws: AwsServer) -> None:
    arrange_service(aws)
    shown = await preview("ecs.desired_count", here(aws), service=SERVICE, count=4, max=6)
    aws.control("fault", action="ecs:UpdateService", kind="lost before")
    error = await refused(execute("ecs.desired_count", here(aws), shown))
    assert "Looked at again, it is unchanged: api:2, 2 tasks." in spoken(error)
    assert updates(aws) == 0
    assert runs(aws) == ("api:2", 2, 2)


async def test_the_count_is_raised_and_its_undo_lowers_it_again(aws: AwsServer) -> None:
    arrange_service(aws)
    shown = await preview("ecs.desired_count", here(aws), service=SERVICE, count=4, min=3, max=6)
    assert lines(shown) == {"tasks": ("2", "4")}
    assert shown.undo == {"service": "api", "count": "2", "min": "2", "max": "6"}
    assert await execute("ecs.desired_count", here(aws), shown) == "api runs 4 tasks"
    assert runs(aws) == ("api:2", 4, 4)
    back = await preview("ecs.desired_count", here(aws), **shown.undo)
    assert warnings(back) == ["2 running tasks are stopped; what they are doing has to end in time."]
    assert await execute("ecs.desired_count", here(aws), back) == "api runs 2 tasks"
    assert runs(aws) == ("api:2", 2, 2)


@pytest.mark.parametrize(
    ("count", "words"),
    [(7, "may run 1 to 6 tasks, not 7"), (0, "may run 1 to 6 tasks, not 0"), (2, "is set to 2 tasks already")],
)
async def test_a_count_out_of_range_or_without_effect_is_refused(aws: AwsServer, count: int, words: str) -> None:
    arrange_service(aws)
    assert words in spoken(await refused(preview("ecs.desired_count", here(aws), service=SERVICE, count=count, max=6)))


async def test_a_count_that_an_autoscaler_owns_is_refused(aws: AwsServer) -> None:
    arrange_service(aws)
    with aws.client("application-autoscaling") as scaling:
        scaling.register_scalable_target(
            ServiceNamespace="ecs",
            ResourceId=f"service/{CLUSTER}/{SERVICE}",
            ScalableDimension="ecs:service:DesiredCount",
            MinCapacity=2,
            MaxCapacity=10,
        )
    error = await refused(preview("ecs.desired_count", here(aws), service=SERVICE, count=4, max=6))
    assert "An autoscaler owns the count of api (2 to 10 tasks)" in spoken(error)


async def test_a_count_that_drifted_after_the_preview_is_not_touched(aws: AwsServer) -> None:
    arrange_service(aws)
    shown = await preview("ecs.desired_count", here(aws), service=SERVICE, count=4, max=6)
    with aws.client("ecs") as ecs:
        ecs.update_service(cluster=CLUSTER, service=SERVICE, desiredCount=3)
    assert "nothing was done" in spoken(await refused(execute("ecs.desired_count", here(aws), shown)))
    assert runs(aws)[1] == 3


async def test_going_back_shows_what_differs_by_name_and_its_undo_goes_forward_again(aws: AwsServer) -> None:
    arrange_service(aws, tags=("1", "2", "3"))
    shown = await preview("ecs.rollback", here(aws), service=SERVICE, task_definition="1")
    assert lines(shown)["task definition"] == ("api:3", "api:1")
    assert lines(shown)["image"] == ("api:3", "api:1")
    assert lines(shown)["settings removed"] == ("FLAG_3", "")
    assert lines(shown)["settings added"] == ("", "FLAG_1")
    assert "s3same" not in repr(shown)
    assert await execute("ecs.rollback", here(aws), shown) == "api runs api:1 again, 2 tasks"
    assert runs(aws)[0] == "api:1"
    forward = await preview("ecs.rollback", here(aws), **shown.undo)
    assert warnings(forward) == [
        "Whoever approves confirms that the data, as the present version writes it, suits the other one.",
        "api:3 is newer than what runs now.",
    ]
    assert await execute("ecs.rollback", here(aws), forward) == "api runs api:3 again, 2 tasks"


async def test_without_a_name_the_choice_is_listed_and_nothing_guessed(aws: AwsServer) -> None:
    arrange_service(aws, tags=("1", "2", "3"))
    error = spoken(await refused(preview("ecs.rollback", here(aws), service=SERVICE)))
    assert error.startswith("Name the task definition that api should go back to: api:2 (api:2, ")
    assert "api:1 (api:1, " in error
    assert error.endswith("It runs api:3 now.")


async def test_a_task_definition_that_cannot_be_used_is_refused(aws: AwsServer) -> None:
    arrange_service(aws, tags=("1", "2", "3"))
    with aws.client("ecs") as ecs:
        ecs.deregister_task_definition(taskDefinition="api:1")
        register(ecs, "1", family="web")
    reasons = {
        name: spoken(await refused(preview("ecs.rollback", here(aws), service=SERVICE, task_definition=name)))
        for name in ("1", "3", "9", "web:1")
    }
    assert reasons == {
        "1": "api:1 was deregistered; ECS starts no new tasks of it.",
        "3": "api runs api:3 already.",
        "9": "There is no task definition api:9.",
        "web:1": "web:1 belongs to something else; api runs the family api.",
    }


async def test_going_back_is_possible_in_the_middle_of_a_bad_deployment(aws: AwsServer) -> None:
    arrange_service(aws, tags=("1", "broken"), breaker=False)
    with aws.client("ecs") as ecs:
        ecs.update_service(cluster=CLUSTER, service=SERVICE, forceNewDeployment=True)
    shown = await preview("ecs.rollback", here(aws), service=SERVICE, task_definition="1")
    assert "A deployment of api is still running; this change replaces it." in warnings(shown)
    assert await execute("ecs.rollback", here(aws), shown) == "api runs api:1 again, 2 tasks"


async def test_more_memory_is_a_new_revision_that_differs_in_nothing_else(aws: AwsServer) -> None:
    arrange_service(aws)
    shown = await preview("ecs.memory", here(aws), service=SERVICE, mb=2048, max=4096)
    assert lines(shown) == {"memory": ("1024 MB", "2048 MB"), "task definition": ("api:2", "api:3")}
    assert shown.undo == {"service": "api", "mb": "1024", "max": "4096"}
    assert await execute("ecs.memory", here(aws), shown) == "the tasks of api may use 2048 MB now (api:3), 2 run"
    assert runs(aws)[0] == "api:3"
    with aws.client("ecs") as ecs:
        old, new = (ecs.describe_task_definition(taskDefinition=f"api:{number}")["taskDefinition"] for number in (2, 3))
    differing = {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}
    assert differing <= {"memory", "revision", "taskDefinitionArn", "registeredAt"}
    assert (old["memory"], new["memory"]) == ("1024", "2048")
    back = await preview("ecs.memory", here(aws), **shown.undo)
    assert lines(back)["memory"] == ("2048 MB", "1024 MB")


@pytest.mark.parametrize(
    ("mb", "words"),
    [
        (1024, "may use 1024 MB already"),
        (8192, "may get at most 6144 MB"),
        (1500, "Fargate has no 1500 MB for 512 CPU units. It has 1024, 2048, 3072, 4096."),
    ],
)
async def test_a_memory_that_cannot_or_must_not_be_is_refused(aws: AwsServer, mb: int, words: str) -> None:
    arrange_service(aws)
    assert words in spoken(await refused(preview("ecs.memory", here(aws), service=SERVICE, mb=mb, max=6144)))


async def test_a_revision_registered_meanwhile_stops_a_change_of_memory(aws: AwsServer) -> None:
    arrange_service(aws)
    shown = await preview("ecs.memory", here(aws), service=SERVICE, mb=2048, max=4096)
    with aws.client("ecs") as ecs:
        register(ecs, "3")
    assert "nothing was done" in spoken(await refused(execute("ecs.memory", here(aws), shown)))
    assert "ecs:RegisterTaskDefinition" not in aws.asked()
    again = await preview("ecs.memory", here(aws), service=SERVICE, mb=2048, max=4096)
    assert warnings(again) == ["api:3 is registered but not deployed; the change builds on api:2."]


async def test_a_lost_answer_to_the_registration_is_looked_up(aws: AwsServer) -> None:
    arrange_service(aws)
    shown = await preview("ecs.memory", here(aws), service=SERVICE, mb=2048, max=4096)
    aws.control("fault", action="ecs:RegisterTaskDefinition", kind="lost after")
    aws.control("fault", action="ecs:DescribeTaskDefinition", kind="lost before", after=2)
    assert "(api:3)" in await execute("ecs.memory", here(aws), shown)
    again = await preview("ecs.memory", here(aws), service=SERVICE, mb=3072, max=4096)
    aws.control("fault", action="ecs:RegisterTaskDefinition", kind="lost before")
    error = await refused(execute("ecs.memory", here(aws), again))
    assert "The service is unchanged." in spoken(error)
    assert aws.asked().count("ecs:RegisterTaskDefinition") == 1


@pytest.mark.parametrize(
    ("name", "more", "lacking"),
    [
        ("ecs.deploy", {}, "ecs:UpdateService"),
        ("ecs.desired_count", {"count": 4, "max": 6}, "application-autoscaling:DescribeScalableTargets"),
        ("ecs.memory", {"mb": 2048, "max": 4096}, "ecs:RegisterTaskDefinition"),
    ],
)
async def test_a_missing_permission_is_named_and_nothing_changes(
    aws: AwsServer, name: str, more: dict[str, object], lacking: str
) -> None:
    arrange_service(aws)
    allowed = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    denied = {"Effect": "Deny", "Action": lacking, "Resource": "*"}
    aws.control("policy", key="bot", policy={"Statement": [allowed, denied]})
    with pytest.raises(Denied) as caught:
        await execute(name, here(aws), await preview(name, here(aws), service=SERVICE, **more))
    assert f"do `{lacking}`" in spoken(caught.value)
    assert runs(aws) == ("api:2", 2, 2)


async def test_a_page_of_a_proxy_instead_of_an_answer_leaves_the_outcome_to_be_looked_up(aws: AwsServer) -> None:
    arrange_service(aws)
    aws.control("fault", action="ecs:DescribeServices", kind="html")
    error = await refusal("ecs.service", here(aws), service=SERVICE)
    assert isinstance(error, Unreachable)
    assert "is not AWS" in spoken(error)


def test_parameters_outside_of_the_rules_are_refused_before_anybody_asks() -> None:
    for name, wrong in (
        ("ecs.desired_count", {"service": "api", "count": 2, "min": 5, "max": 4}),
        ("ecs.rollback", {"service": "api", "task_definition": "api:latest"}),
        ("ecs.deploy", {"service": "../api"}),
    ):
        with pytest.raises(ValidationError):
            operation(name).parameters.model_validate(wrong)
