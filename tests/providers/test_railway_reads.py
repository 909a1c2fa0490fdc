"""The READ operations of Railway against the emulated platform."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from time import monotonic

import pytest
from pydantic import ValidationError
from railway_project import SECRET, Project, project
from readings import measured, missing, read, refusal, spoken, summary

from bot.core.errors import Denied, TargetError, TimedOut, Unreachable
from bot.core.findings import Reading
from sandbox.world.railway.platform import LogEntry
from tests.ports import NOBODY


@pytest.fixture
async def here() -> AsyncIterator[Project]:
    async with project() as made:
        yield made


def write(here: Project, *messages: str, severity: str = "info", minutes: float = 1) -> None:
    live = here.backend.live
    assert live is not None
    at = datetime.now(UTC) - timedelta(minutes=minutes)
    live.logs += [LogEntry(at, message, severity) for message in messages]


async def test_a_running_service_is_told_with_what_it_runs(here: Project) -> None:
    reading = await read("railway.service", here.address, service="backend")
    assert measured(reading) == {
        "status": "SUCCESS",
        "running": True,
        "crashed": False,
        "deploying": False,
        "latest_status": "SUCCESS",
        "instances": 1,
        "restarting": 0,
    }
    assert summary(reading) == "backend: SUCCESS, cccc333 new login (ana-souza)"


async def test_a_crashed_service_is_told_as_crashed(here: Project) -> None:
    assert here.backend.live is not None
    here.backend.live.become("CRASHED")
    values = measured(await read("railway.service", here.address, service="backend"))
    assert (values["status"], values["running"], values["crashed"]) == ("CRASHED", False, True)
    assert values["instances"] == 0


async def test_a_stopped_service_does_not_pass_for_a_running_one(here: Project) -> None:
    here.backend.deployments[0].is_stopped = True
    reading = await read("railway.service", here.address, service="backend")
    assert (measured(reading)["status"], measured(reading)["running"]) == ("STOPPED", False)
    assert summary(reading) == "backend: no deployment serves"


async def test_a_failed_deployment_does_not_hide_that_the_former_one_runs(here: Project) -> None:
    here.deploy("dddd444", "broken build", status="FAILED")
    reading = await read("railway.service", here.address, service="backend")
    assert measured(reading)["running"] is True
    assert measured(reading)["latest_status"] == "FAILED"
    assert "cccc333" in summary(reading)
    assert summary(reading).endswith("is FAILED")


async def test_a_service_that_was_never_deployed_is_told(here: Project) -> None:
    here.railway.platform.add_service("worker")
    reading = await read("railway.service", here.address, service="worker")
    assert measured(reading)["status"] == "NONE"
    assert missing(reading, "instances") == "Railway names no instance of it"
    assert summary(await read("railway.deployments", here.address, service="worker")) == (
        "worker was never deployed here"
    )


async def test_an_unknown_service_or_environment_names_those_there_are(here: Project) -> None:
    error = await refusal("railway.service", here.address, service="bakend")
    assert spoken(error) == "This project has no service bakend. It has: backend, frontend."
    error = await refusal("railway.service", {**here.address, "environment": "staging"}, service="backend")
    assert spoken(error).endswith("It has: production.")


async def test_the_service_may_be_named_by_its_id(here: Project) -> None:
    assert "cccc333" in summary(await read("railway.service", here.address, service=here.backend.id))


async def test_the_list_of_deployments_marks_what_serves_and_the_ways_back(here: Project) -> None:
    failed = here.deploy("dddd444", "broken build by maria@example.com", status="FAILED")
    reading = await read("railway.deployments", here.address, service="backend", limit=4)
    values = measured(reading)
    assert (values["count"], values["latest_status"], values["failed"], values["failed_streak"]) == (
        4,
        "FAILED",
        True,
        1,
    )
    assert values["ways_back"] == 2
    assert reading.evidence[0].startswith(f"  {failed.id} FAILED ")
    assert reading.evidence[0].endswith("dddd444 broken build by ***@example.com (ana-souza)")
    assert [line[0] for line in reading.evidence] == [" ", "*", "<", "<"]


async def test_memory_is_told_against_its_limit_with_its_trend(here: Project) -> None:
    here.backend.memory_mb = [300.0, 400.0, 480.0]
    reading = await read("railway.metrics", here.address, service="backend")
    values = measured(reading)
    assert (values["memory_percent"], values["memory_mb"], values["memory_limit_mb"]) == (93.8, 480.0, 512.0)
    assert values["memory_growth_percent"] == 60.0
    assert (values["cpu"], values["cpu_percent"]) == (0.1, 5.0)
    assert reading.trend == (300.0, 400.0, 480.0)
    assert summary(reading) == "93.8% of its memory used (480.0 MB)"


async def test_a_service_without_figures_says_so(here: Project) -> None:
    here.backend.has_metrics = False
    reading = await read("railway.metrics", here.address, service="backend")
    assert missing(reading, "memory_percent") == "Railway has no figures of this service for that time"
    assert set(measured(reading).values()) == {None}


async def test_log_lines_are_counted_and_shown_masked(here: Project) -> None:
    write(here, "connect ECONNREFUSED postgres 10.20.30.40:5432", "login ok maria@example.com", "token=abcdEF123456789")
    write(here, "Connection timeout", severity="error")
    reading = await read("railway.logs", here.address, service="backend", contains=["connect", "token", "login"])
    assert measured(reading)["matched"] == 4
    assert measured(reading)["lines"] == 5
    assert reading.evidence[0].endswith("SUCCESS: cccc333 new login (ana-souza)")
    assert reading.evidence[1:] == (
        "backend: connect ECONNREFUSED postgres 10.20.30.x:5432",
        "backend: login ok ***@example.com",
        "backend: token=***",
        "backend: error: Connection timeout",
    )


async def test_old_log_lines_are_left_out_on_request(here: Project) -> None:
    write(here, "slow query", minutes=90)
    write(here, "slow query", "slow query", minutes=2)
    reading = await read("railway.logs", here.address, service="backend", contains=["slow query"], minutes=30)
    assert measured(reading)["matched"] == 2
    assert summary(reading) == "2 of 2 lines match slow query, most often (×2): slow query"


async def test_only_the_newest_lines_are_read(here: Project) -> None:
    write(here, *[f"line {number}" for number in range(50)])
    reading = await read("railway.logs", here.address, service="backend", lines=5)
    assert measured(reading)["lines"] == 5
    assert reading.evidence[-1] == "backend: line 49"


async def test_the_build_log_of_the_failed_deployment_is_found(here: Project) -> None:
    failed = here.deploy("dddd444", "broken build", status="FAILED")
    failed.builds.append(LogEntry(failed.created, "error TS2304: Cannot find name 'Usr'"))
    here.deploy("eeee555", "fixed")
    reading = await read(
        "railway.logs", here.address, service="backend", deployment="failed", kind="build", contains=["error TS"]
    )
    assert measured(reading)["matched"] == 1
    assert reading.evidence[0] == f"deployment {failed.id[:8]} FAILED: dddd444 broken build (ana-souza)"
    newest = await read("railway.logs", here.address, service="backend", deployment="latest", kind="build")
    assert newest.evidence[-1] == "backend: building eeee555"


async def test_without_a_failed_deployment_there_is_good_news_and_no_guess(here: Project) -> None:
    reading = await read("railway.logs", here.address, service="backend", deployment="failed", contains=["error"])
    assert measured(reading)["matched"] == 0
    assert summary(reading) == "none of the last 3 deployments of backend failed"


async def test_a_deployment_of_another_service_is_not_read(here: Project) -> None:
    other = here.frontend.deployments[0].id
    error = await refusal("railway.logs", here.address, service="backend", deployment=other)
    assert "backend has no deployment" in spoken(error)


async def test_variables_are_told_by_name_only(here: Project) -> None:
    reading = await read("railway.variables", here.address, service="backend", expects=["OPENAI_API_KEY"])
    values = measured(reading)
    assert (values["count"], values["missing_names"], values["not_loaded"]) == (3, 1, 0)
    assert reading.evidence == ("missing: OPENAI_API_KEY", "DATABASE_URL", "JWT_SECRET", "LOG_LEVEL")
    assert SECRET not in repr(reading)
    assert summary(reading) == "not set: OPENAI_API_KEY"


async def test_a_rotated_secret_shows_another_fingerprint_and_never_its_value(here: Project) -> None:
    def fingerprint(reading: Reading) -> str:
        (line,) = [line for line in reading.evidence if line.startswith("JWT_SECRET #")]
        return line.partition("#")[2]

    wanted = {"service": "backend", "expects": ["JWT_SECRET", "LOG_LEVEL"]}
    before = await read("railway.variables", here.address, **wanted)
    again = await read("railway.variables", here.address, **wanted)
    here.railway.platform.set_variables(here.backend, {"JWT_SECRET": f"new-{SECRET}"}, skips_deploys=True)
    after = await read("railway.variables", here.address, **wanted)
    assert len(fingerprint(before)) == 8
    assert fingerprint(before) == fingerprint(again) != fingerprint(after)
    assert "LOG_LEVEL" in before.evidence
    assert SECRET not in repr((before, after))


async def test_a_changed_variable_that_nothing_has_loaded_is_told(here: Project) -> None:
    here.railway.platform.set_variables(here.backend, {"LOG_LEVEL": "debug", "NEW": ""}, skips_deploys=True)
    reading = await read("railway.variables", here.address, service="backend", expects=["NEW"])
    assert (measured(reading)["not_loaded"], measured(reading)["empty_names"]) == (2, 1)
    assert summary(reading) == "changed, but not loaded before a redeploy: LOG_LEVEL, NEW"


async def test_without_the_old_variables_nobody_claims_to_know_what_is_loaded(here: Project) -> None:
    here.railway.faults.denied = {"deploymentSnapshot"}
    reading = await read("railway.variables", here.address, service="backend")
    assert measured(reading)["count"] == 3
    assert "does not accept the token for this" in missing(reading, "not_loaded")


async def test_crashes_after_a_deploy_are_told_apart_from_late_ones(here: Project) -> None:
    assert here.backend.live is not None
    here.backend.live.become("CRASHED", here.backend.live.created + timedelta(minutes=2))
    reading = await read("railway.crash_pattern", here.address, service="backend")
    assert (measured(reading)["crashes"], measured(reading)["after_deploy_min"]) == (1, 2.0)
    assert missing(reading, "uptime_min") == "nothing serves"
    assert summary(reading) == "1 of 3 deployments crashed, the last 2.0 min after its deploy"


async def test_containers_that_are_started_again_and_again_are_counted(here: Project) -> None:
    write(here, "Starting Container", minutes=130)
    write(here, "Starting Container", minutes=10)
    write(here, "not Starting Container, only said", minutes=5)
    reading = await read("railway.crash_pattern", here.address, service="backend")
    values = measured(reading)
    assert (values["crashes"], values["restarts"], values["shortest_life_min"]) == (0, 2, 120.0)
    assert values["uptime_min"] == 10.0
    assert missing(reading, "after_deploy_min") == "none of these deployments crashed"


async def test_without_the_log_the_crashes_are_still_told(here: Project) -> None:
    here.railway.faults.denied = {"deploymentLogs"}
    calm = await read("railway.crash_pattern", here.address, service="backend")
    assert summary(calm).startswith(
        "none of the last 3 deployments crashed; when containers were started is not known: "
    )
    assert here.backend.live is not None
    here.backend.live.become("CRASHED", here.backend.live.created + timedelta(minutes=2))
    reading = await read("railway.crash_pattern", here.address, service="backend")
    assert summary(reading) == "1 of 3 deployments crashed, the last 2.0 min after its deploy"
    assert (measured(reading)["crashes"], measured(reading)["after_deploy_min"]) == (1, 2.0)
    for name in ("restarts", "shortest_life_min"):
        assert "does not accept the token for this" in missing(reading, name)


async def test_the_audit_log_tells_who_changed_what_without_values(here: Project) -> None:
    platform = here.railway.platform
    platform.record("variable.upsert", here.backend, name="LOG_LEVEL", value=SECRET)
    platform.record("deployment.redeploy", here.backend)
    platform.record("project.update", here.backend, datetime.now(UTC) - timedelta(hours=30))
    reading = await read("railway.audit", here.workspace_address, hours=24)
    assert measured(reading) == {"changes": 2, "variable_changes": 1, "deployments": 1, "people": 1}
    assert reading.evidence[1].endswith("variable.upsert backend LOG_LEVEL by Ana Souza")
    assert SECRET not in repr(reading)


async def test_the_audit_log_names_the_token_that_it_needs(here: Project) -> None:
    error = await refusal("railway.audit", here.address)
    assert isinstance(error, Denied)
    assert "tokens of the workspace only" in spoken(error)


READS = [
    ("railway.service", {"service": "backend"}),
    ("railway.deployments", {"service": "backend"}),
    ("railway.metrics", {"service": "backend"}),
    ("railway.logs", {"service": "backend"}),
    ("railway.variables", {"service": "backend"}),
    ("railway.crash_pattern", {"service": "backend"}),
    ("railway.audit", {}),
]


@pytest.mark.parametrize(("name", "parameters"), READS)
async def test_a_wrong_token_is_told_without_repeating_it(
    here: Project, name: str, parameters: dict[str, object]
) -> None:
    error = await refusal(name, {**here.address, "token": SECRET}, **parameters)
    assert isinstance(error, Denied)
    assert "create a project token for production" in spoken(error)
    assert SECRET not in spoken(error)


async def test_a_token_of_the_other_kind_is_refused(here: Project) -> None:
    error = await refusal("railway.service", {**here.address, "kind": "account"}, service="backend")
    assert isinstance(error, Denied)
    assert "`kind`" in spoken(error)


@pytest.mark.parametrize(("name", "parameters"), READS)
async def test_a_dead_platform_is_told(here: Project, name: str, parameters: dict[str, object]) -> None:
    address = {**here.address, "url": f"http://127.0.0.1:{NOBODY}/graphql/v2"}
    assert isinstance(await refusal(name, address, **parameters), Unreachable)


async def test_a_hung_platform_is_told_within_its_limit(here: Project) -> None:
    here.railway.faults.is_hung = True
    begun = monotonic()
    errors = await asyncio.gather(*(refusal(name, here.address, **parameters) for name, parameters in READS))
    assert {type(error) for error in errors} == {TimedOut}
    assert monotonic() - begun < 30


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [
        (401, Denied, "does not accept the token"),
        (403, Denied, "forbids it (403)"),
        (502, Unreachable, "answers 502"),
        (404, TargetError, "answers 404"),
    ],
)
async def test_trouble_in_front_of_the_platform_is_told(
    here: Project, status: int, kind: type[TargetError], words: str
) -> None:
    here.railway.faults.status = status
    error = await refusal("railway.service", here.address, service="backend")
    assert type(error) is kind
    assert words in spoken(error)


async def test_a_used_up_rate_limit_says_when_to_come_back(here: Project) -> None:
    here.railway.faults.status, here.railway.faults.retry_after = 429, 42
    assert "try again in 42 s" in spoken(await refusal("railway.service", here.address, service="backend"))


async def test_an_error_of_the_platform_is_quoted_masked(here: Project) -> None:
    here.railway.faults.failing["deployments"] = "no quota left for maria@example.com"
    error = await refusal("railway.service", here.address, service="backend")
    assert spoken(error) == "Railway refuses: no quota left for ***@example.com"
    here.railway.faults.failing["deployments"] = "Problem processing request"
    assert isinstance(await refusal("railway.service", here.address, service="backend"), Unreachable)


async def test_something_else_at_the_address_is_told(here: Project) -> None:
    here.railway.faults.is_garbled = True
    assert "does not look like Railway" in spoken(await refusal("railway.service", here.address, service="backend"))


ODD = [("project", 0), ("deployments", 0), ("deploymentLogs", 3), ("variables", 4), ("metrics", 2), ("auditLogs", 6)]


@pytest.mark.parametrize(("field", "which"), ODD)
async def test_an_answer_of_another_shape_is_told(here: Project, field: str, which: int) -> None:
    here.railway.faults.odd = {field}
    name, parameters = READS[which]
    error = await refusal(name, here.workspace_address, **parameters)
    assert "does not look like Railway" in spoken(error)


async def test_an_unusable_address_is_refused_without_repeating_the_token(here: Project) -> None:
    with pytest.raises(ValidationError) as caught:
        await read("railway.service", {**here.address, "token": f"{SECRET}\n", "project": "etp"}, service="backend")
    assert SECRET not in str(caught.value)
