"""What is read from a real Docker engine, and what is said of one that is hung, gone or closed to us."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import pytest
from docker_emulated import BOTH
from docker_engine import DockerEngine, certified, passing_only, permitted, started
from pydantic import ValidationError
from readings import Settings, measured, missing, read, refusal, spoken, summary

from bot.core.errors import Denied, TargetError, TimedOut, Unreachable
from bot.providers import operation
from tests.ports import NOBODY, free_port

pytest_plugins = ["docker_fixtures"]
READS: dict[str, dict[str, object]] = {
    "docker.containers": {},
    "docker.container": {"name": "steady"},
    "docker.logs": {"name": "steady"},
    "docker.stats": {"name": "steady"},
    "docker.compose": {"project": "shop"},
}
LABELS = {"com.docker.compose.project": "shop", "com.docker.compose.oneoff": "False"}
CHATTER = (
    "for i in 1 2 3 4 5 6; do echo INFO started $i; done;"
    "echo 'ERROR OpenAI 429 for maria@example.com token=sk-abc123def456ghi789jkl' >&2;"
    "echo 'ERROR OpenAI 429 for joao@example.com' >&2; sleep 600"
)


@pytest.fixture(scope="module")
def dockerd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DockerEngine]:
    folder = tmp_path_factory.mktemp("docker")
    with started(folder, *certified(folder, port := free_port())) as engine:
        engine.port = port
        engine.run("steady", "sh", "-c", CHATTER, Labels={"tier": "api"}, Env=["DB_PASSWORD=s3same"])
        yield engine


@BOTH
async def test_containers_are_counted_by_what_they_do(engine: DockerEngine, address: Settings, name: str) -> None:
    engine.run(f"{name}-up")
    engine.run(f"{name}-done", "sh", "-c", "exit 3")
    engine.run(f"{name}-loop", "sh", "-c", "exit 1", host={"RestartPolicy": {"Name": "always"}})
    await engine.until(f"{name}-done", Status="exited")
    await engine.until(f"{name}-loop", Restarting=True)
    reading = await read("docker.containers", address, name=name)
    assert measured(reading) == {"total": 3, "running": 1, "restarting": 1, "unhealthy": 0, "stopped": 1}
    assert summary(reading) == "1 of 3 containers running, 1 restarting, 0 unhealthy"
    assert reading.evidence[0].startswith(f"{name}-done  Exited (3)")
    assert reading.evidence[-1].startswith(f"{name}-up  Up")


async def test_containers_are_found_by_label(address: Settings) -> None:
    assert measured(await read("docker.containers", address, label="tier=api"))["running"] == 1
    nobody = await read("docker.containers", address, label="tier=none")
    assert measured(nobody)["total"] == 0
    assert summary(nobody) == "no such container"


async def test_a_running_container_tells_its_state_but_not_its_environment(address: Settings) -> None:
    reading = await read("docker.container", address, name="steady")
    values = measured(reading)
    assert values["state"] == "running"
    assert values["running"] is True
    assert values["restarts"] == 0
    assert values["oom_killed"] is False
    assert isinstance(values["uptime_s"], int)
    assert 0 <= values["uptime_s"] < 1800
    assert missing(reading, "exit_code") == "it runs"
    assert missing(reading, "health") == "it has no health check"
    assert reading.evidence[0] == "image tiny:1"
    assert "s3same" not in repr(reading)


async def test_a_container_killed_for_its_memory_says_so(engine: DockerEngine, address: Settings, name: str) -> None:
    told = await engine.run_out_of_memory(name)
    values = measured(reading := await read("docker.container", address, name=name))
    assert (values["state"], values["running"], values["exit_code"]) == ("exited", False, 137)
    # Not every kernel tells the engine why; what the engine does not know, nobody may be told.
    assert values["oom_killed"] is told
    why = "was killed because its memory ran out" if told else "is exited, exit code 137, 0 restarts"
    assert summary(reading) == f"{name} {why}"


@BOTH
async def test_a_restart_loop_is_not_called_running(engine: DockerEngine, address: Settings, name: str) -> None:
    engine.run(name, "sh", "-c", "exit 7", host={"RestartPolicy": {"Name": "always"}})
    deadline = monotonic() + 40
    while (values := measured(await read("docker.container", address, name=name)))["state"] != "restarting":
        assert monotonic() < deadline, values  # between two of its ends it runs, for a moment
    assert values["running"] is False
    assert values["exit_code"] == 7


@BOTH
async def test_a_failing_health_check_shows_its_last_words_masked(
    engine: DockerEngine, address: Settings, name: str
) -> None:
    check = {"Test": ["CMD-SHELL", "echo password=s3same; exit 1"], "Interval": 100_000_000, "Retries": 1}
    engine.run(name, Healthcheck=check)
    deadline = monotonic() + 40
    while measured(await read("docker.container", address, name=name))["health"] != "unhealthy":
        assert monotonic() < deadline
    reading = await read("docker.container", address, name=name)
    assert reading.evidence[-1] == "health check: exit 1 password=***"
    assert measured(await read("docker.containers", address, name=name))["unhealthy"] == 1


@BOTH
async def test_an_absent_container_is_a_finding_and_not_an_error(address: Settings) -> None:
    reading = await read("docker.container", address, name="chromadb")
    assert measured(reading)["state"] == "absent"
    assert measured(reading)["running"] is False
    assert missing(reading, "health") == "there is no container `chromadb`"


async def test_logs_hold_both_streams_and_are_masked(address: Settings) -> None:
    reading = await read("docker.logs", address, name="steady", contains=["error"], group="message")
    values = measured(reading)
    assert values["lines"] == 8
    assert values["matched"] == 2
    assert values["share_percent"] == 25.0
    assert isinstance(values["newest_age_s"], int)
    assert "maria" not in repr(reading)
    assert "sk-abc" not in repr(reading)
    plain = await read("docker.logs", address, name="steady", contains=["error"])
    assert plain.evidence[-1] == "steady: ERROR OpenAI 429 for ***@example.com"


async def test_logs_are_bounded_by_lines_and_by_minutes(engine: DockerEngine, address: Settings, name: str) -> None:
    assert measured(await read("docker.logs", address, name="steady", lines=3))["lines"] == 3
    engine.run(name, "sh", "-c", "yes 0123456789012345678901234567890123456789 | head -c 3000000; echo; echo the end")
    await engine.until(name, Status="exited")
    long = await read("docker.logs", address, name=name, lines=5000, minutes=10)
    assert measured(long)["lines"] == 5000
    assert long.evidence[-1] == f"{name}: the end"


@BOTH
async def test_logs_of_a_label_are_those_of_all_its_containers(
    engine: DockerEngine, address: Settings, name: str
) -> None:
    for number in (1, 2):
        engine.run(f"{name}-{number}", "sh", "-c", "echo ready", Labels={"svc": name})
        await engine.until(f"{name}-{number}", Status="exited")
    values = measured(await read("docker.logs", address, label=f"svc={name}", contains=["ready"]))
    assert values["sources"] == 2
    assert values["matched"] == 2
    assert "No container carries" in spoken(await refusal("docker.logs", address, label="svc=none"))


async def test_logs_of_a_label_tell_which_of_its_containers_were_not_read(
    engine: DockerEngine, address: Settings, name: str
) -> None:
    engine.run(f"{name}-00", host={"LogConfig": {"Type": "none"}}, Labels={"svc": name})
    for number in range(1, 12):
        engine.create(f"{name}-{number:02}", Labels={"svc": name})
    engine.post(f"/containers/{name}-01/start")
    reading = await read("docker.logs", address, label=f"svc={name}")
    assert (measured(reading)["lines"], measured(reading)["skipped"]) == (0, 1)
    assert reading.evidence[0] == "(10 of 12 containers read)"
    assert reading.evidence[1].startswith(f"({name}-00: The logs of this container go elsewhere")
    alone = await refusal("docker.logs", address, name=f"{name}-00")
    assert "its log driver cannot be read" in spoken(alone)


@BOTH
async def test_logs_of_a_terminal_are_read_as_well(engine: DockerEngine, address: Settings, name: str) -> None:
    engine.run(name, "echo", "hello terminal", Tty=True)
    await engine.until(name, Status="exited")
    assert (await read("docker.logs", address, name=name)).evidence == (f"{name}: hello terminal",)


@BOTH
async def test_logs_that_go_elsewhere_are_said_to(engine: DockerEngine, address: Settings, name: str) -> None:
    engine.run(name, host={"LogConfig": {"Type": "none"}})
    assert "its log driver cannot be read" in spoken(await refusal("docker.logs", address, name=name))


async def test_stats_measure_memory_against_the_container_s_own_limit(
    engine: DockerEngine, address: Settings, name: str
) -> None:
    engine.run(name, "sh", "-c", "while true; do true; done", host={"Memory": 64 * 1024 * 1024})
    reading = await read("docker.stats", address, name=name)
    values = measured(reading)
    assert values["limit_mb"] == pytest.approx(64, abs=1)
    assert isinstance(values["memory_mb"], float)
    assert values["memory_percent"] == pytest.approx(100 * values["memory_mb"] / 64, abs=0.3)
    assert isinstance(values["cpu_percent"], float)
    assert values["cpu_percent"] > 1
    assert values["pids"] == 1
    assert summary(reading).endswith("of its 64 MB")


async def test_several_looks_tell_a_peak_from_what_lasts(engine: DockerEngine, address: Settings, name: str) -> None:
    grow = "x=$(yes | head -c 1000000); while true; do x=$x$x; [ ${#x} -gt 8000000 ] && sleep 600; sleep 1; done"
    engine.run(name, "sh", "-c", grow, host={"Memory": 256 * 1024 * 1024})
    reading = await read("docker.stats", address, name=name, samples=2)
    values = measured(reading)
    assert len(reading.trend) == 2
    assert reading.trend[-1] == values["memory_percent"]
    assert values["memory_lowest_percent"] == min(reading.trend)
    assert min(reading.trend) < max(reading.trend)


async def test_stats_do_not_count_files_that_the_kernel_may_forget(
    engine: DockerEngine, address: Settings, name: str
) -> None:
    engine.run(name, "sh", "-c", "head -c 20000000 /dev/zero > /file; cat /file > /dev/null; echo ready; sleep 600")
    deadline = monotonic() + 40
    while not measured(await read("docker.logs", address, name=name))["lines"]:
        assert monotonic() < deadline
    used = measured(await read("docker.stats", address, name=name))["memory_mb"]
    assert isinstance(used, float)
    assert used < 8


async def test_a_machine_that_does_not_count_memory_is_not_called_stopped(engine: DockerEngine, tmp_path: Path) -> None:
    async with passing_only(engine, tmp_path, permitted("docker-reads"), hides="memory_stats") as socket:
        reading = await read("docker.stats", {"socket": socket}, name="steady")
    assert measured(reading)["memory_percent"] is None
    assert missing(reading, "memory_mb") == (
        "the engine does not tell the memory of steady: its machine may not count it"
    )
    assert measured(reading)["pids"] == 1


async def test_stats_say_when_there_is_no_limit_or_nothing_runs(
    engine: DockerEngine, address: Settings, name: str
) -> None:
    assert "has no memory limit" in summary(await read("docker.stats", address, name="steady"))
    engine.create(name)
    assert missing(await read("docker.stats", address, name=name), "memory_percent") == f"{name} is not running"


@BOTH
async def test_a_compose_project_names_the_services_that_are_down(
    engine: DockerEngine, address: Settings, name: str
) -> None:
    for service, command in (("backend", "sleep 600"), ("worker", "exit 1")):
        labels = {**LABELS, "com.docker.compose.project": name, "com.docker.compose.service": service}
        engine.run(f"{name}-{service}-1", "sh", "-c", command, Labels=labels)
    await engine.until(f"{name}-worker-1", Status="exited")
    reading = await read("docker.compose", address, project=name, expects=["backend", "frontend"])
    assert measured(reading) == {"services": 3, "down": 2, "unhealthy": 0, "restarting": 0}
    assert summary(reading) == "of 3 services down: frontend, worker; unhealthy: —"
    assert reading.evidence[0].startswith(f"{name}-worker-1  Exited (1)")
    up = await read("docker.compose", address, project="nothing-here")
    assert measured(up)["services"] == 0


async def test_the_documented_requests_are_all_that_reads_need(engine: DockerEngine, tmp_path: Path) -> None:
    async with passing_only(engine, tmp_path, permitted("docker-reads")) as socket:
        for name, parameters in READS.items():
            assert (await read(name, {"socket": socket}, **parameters)).measurements, name


async def test_a_proxy_that_lets_nothing_through_is_named_with_the_request(
    engine: DockerEngine, tmp_path: Path
) -> None:
    async with passing_only(engine, tmp_path, []) as socket:
        for name, parameters in READS.items():
            error = await refusal(name, {"socket": socket}, **parameters)
            assert isinstance(error, Denied)
            assert "does not allow `GET /containers/" in spoken(error)


async def test_an_engine_behind_tls_is_read_with_a_certificate_and_not_without(engine: DockerEngine) -> None:
    folder = Path(engine.socket).parent
    files = {"ca": folder / "ca.pem", "certificate": folder / "client.pem", "key": folder / "client.key"}
    address = {"url": f"https://127.0.0.1:{engine.port}", **{name: str(file) for name, file in files.items()}}
    assert measured(await read("docker.container", address, name="steady"))["running"] is True
    wrong = {**address, "ca": str(folder / "client.pem")}
    assert "could not agree on TLS" in spoken(await refusal("docker.containers", wrong))
    unfit = {**address, "certificate": str(folder / "server.pem")}
    assert "cannot be read or do not fit together" in spoken(await refusal("docker.containers", unfit))
    server_side = {**address, "certificate": str(folder / "server.pem"), "key": str(folder / "server.key")}
    assert isinstance(await refusal("docker.containers", server_side), Unreachable)


async def test_a_hung_engine_times_out_every_check_within_its_limit(engine: DockerEngine, address: Settings) -> None:
    begun = monotonic()
    with engine.paused():
        errors = await asyncio.gather(*(refusal(name, address, **parameters) for name, parameters in READS.items()))
    assert monotonic() - begun < 30
    assert [type(error) for error in errors] == [TimedOut] * len(READS)


async def test_a_dead_engine_is_unreachable(tmp_path: Path) -> None:
    for address in ({"socket": str(tmp_path / "none.sock")}, {"url": f"http://127.0.0.1:{NOBODY}"}):
        for name, parameters in READS.items():
            error = await refusal(name, address, **parameters)
            assert isinstance(error, Unreachable)
            assert "nothing listens there" in spoken(error)


async def test_something_that_is_not_docker_is_told_apart(tmp_path: Path) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n<html>hello</html>")
        writer.close()

    async with await asyncio.start_unix_server(talk, tmp_path / "web.sock"):
        error = await refusal("docker.containers", {"socket": str(tmp_path / "web.sock")})
    assert type(error) is TargetError
    assert "is not a Docker engine" in spoken(error)


@pytest.mark.parametrize(
    "address",
    [
        {"socket": "/run/a.sock", "url": "http://proxy:2375"},
        {"url": "https://docker.example.com:2376"},
        {"url": "tcp://docker.example.com:2375"},
        {"url": "http://user:s3same@proxy:2375"},
        {"socket": "docker.sock"},
    ],
)
def test_a_wrong_address_is_refused_without_being_quoted(address: Settings) -> None:
    with pytest.raises(ValidationError) as caught:
        operation("docker.containers").address.model_validate(address)
    assert "s3same" not in str(caught.value)


@pytest.mark.parametrize("name", ["../../images", "a b", "a/b", "", "-rf"])
def test_a_name_that_could_be_a_path_is_refused(name: str) -> None:
    with pytest.raises(ValidationError):
        operation("docker.container").parameters.model_validate({"name": name})
