"""What is changed on a real Docker engine: exactly what was shown, once; what fails leaves things as they were."""

import asyncio
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import changes
import pytest
from changes import execute, failing, into, lines, warnings
from docker_emulated import BOTH
from docker_engine import IMAGE, DockerEngine, passing_only, permitted
from pydantic import ValidationError
from readings import Settings, measured, missing, read, refusal, rendered, spoken, summary

from bot.core.errors import Denied, TargetError, Unreachable
from bot.core.preview import Preview
from bot.providers import operation

pytest_plugins = ["docker_fixtures"]
ENV = {"env": ["OPENAI_MODEL=gpt-4.1-mini"], "allowed": ["OPENAI_MODEL", "LOG_LEVEL", "API_KEY"]}


async def preview(name: str, address: Settings, /, **parameters: object) -> Preview:
    if name not in {"docker.tag", "docker.stop"}:
        parameters = {"steady_s": 0, **parameters}
    return await changes.preview(name, address, **parameters)


async def refused(name: str, address: Settings, /, **parameters: object) -> str:
    with pytest.raises(TargetError) as caught:
        await preview(name, address, **parameters)
    return spoken(caught.value)


def compose(project: str, number: int = 1, **labels: str) -> dict[str, str]:
    own = {"project": project, "service": "backend", "container-number": str(number), "oneoff": "False", **labels}
    return {f"com.docker.compose.{key}": value for key, value in own.items()}


def settings_of(engine: DockerEngine, name: str) -> dict[str, str]:
    return dict(row.split("=", 1) for row in engine.inspect(name)["Config"]["Env"])


@asynccontextmanager
async def losing(
    engine: DockerEngine, folder: Path, request: bytes, which: int = 1
) -> AsyncIterator[tuple[Settings, list[bytes]]]:
    """A wire on which the answer to one of such requests gets lost; and all request lines that went over it."""
    seen: list[bytes] = []

    async def join(caller: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        head = await caller.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head.lower())
        body = await caller.readexactly(int(length[1])) if length else b""
        seen.append(head.split(b"\r\n")[0])
        answer, there = await asyncio.open_unix_connection(engine.socket)
        there.write(head + body)
        whole = await answer.read()
        if not (request in seen[-1] and sum(request in line for line in seen) == which):
            back.write(whole)
        there.close()
        back.close()

    place = folder / "wire.sock"
    async with await asyncio.start_unix_server(join, place):
        yield {"socket": str(place)}, seen


@BOTH
async def test_a_container_is_restarted_once_and_followed_until_it_is_up(
    engine: DockerEngine, address: Settings, name: str
) -> None:
    engine.run(name)
    before = engine.inspect(name)["State"]["StartedAt"]
    shown = await preview("docker.restart", address, name=name)
    assert lines(shown)["state"] == ("running", "running")
    assert "no health check" in warnings(shown)
    assert shown.undo == {}
    assert (await preview("docker.restart", address, name=name)).fingerprint == shown.fingerprint
    assert await execute("docker.restart", address, shown) == f"{name} was restarted and is up"
    assert engine.inspect(name)["State"]["StartedAt"] > before
    assert measured(await read("docker.container", address, name=name))["running"] is True


@BOTH
async def test_a_health_check_is_waited_for(engine: DockerEngine, address: Settings, name: str) -> None:
    check = {"Test": ["CMD-SHELL", "test -f /ok || touch /ok"], "Interval": 400_000_000, "Retries": 3}
    engine.run(name, Healthcheck=check)
    shown = await preview("docker.restart", address, name=name, grace_s=0)
    told: list[str] = []
    await execute("docker.restart", address, shown, into(told))
    assert told == [f"{name} is starting"]
    assert engine.inspect(name)["State"]["Health"]["Status"] == "healthy"


@BOTH
async def test_a_container_restarted_by_somebody_else_meanwhile_is_left_alone(
    engine: DockerEngine, address: Settings, name: str
) -> None:
    engine.run(name)
    shown = await preview("docker.restart", address, name=name)
    engine.post(f"/containers/{name}/restart", {"t": "0"})
    started_at = engine.inspect(name)["State"]["StartedAt"]
    assert "no longer looks as it was shown" in spoken(await failing("docker.restart", address, shown))
    assert engine.inspect(name)["State"]["StartedAt"] == started_at


@BOTH
async def test_another_container_of_the_same_name_is_left_alone(
    engine: DockerEngine, address: Settings, name: str
) -> None:
    engine.run(name)
    shown = await preview("docker.restart", address, name=name)
    engine.remove(name)
    engine.run(name)
    assert "no longer looks as it was shown" in spoken(await failing("docker.restart", address, shown))


async def test_a_restart_loop_may_be_restarted_though_its_start_times_change(
    engine: DockerEngine, address: Settings, name: str, tmp_path: Path
) -> None:
    os.chmod(tmp_path, 0o755)  # noqa: S103 - the container looks into it
    engine.run(
        name,
        *("sh", "-c", "[ -f /gate/open ] && sleep 600; exit 1"),
        host={"RestartPolicy": {"Name": "always"}, "Binds": [f"{tmp_path}:/gate"]},
    )
    await engine.until(name, Restarting=True)
    shown = await preview("docker.restart", address, name=name, steady_s=2)
    assert shown.state["status"] == "restarting"
    assert "again and again already" in warnings(shown)
    assert "ends again and again" in spoken(await failing("docker.restart", address, shown))
    (tmp_path / "open").touch()
    again = await preview("docker.restart", address, name=name, steady_s=2)
    assert again.fingerprint == shown.fingerprint
    assert await execute("docker.restart", address, again) == f"{name} was restarted and is up"


@BOTH
async def test_a_container_that_gave_up_is_not_called_a_restart_loop(
    engine: DockerEngine, address: Settings, name: str
) -> None:
    policy = {"Name": "on-failure", "MaximumRetryCount": 1}
    engine.run(name, "sh", "-c", "exit 3", host={"RestartPolicy": policy})
    await engine.until(name, Status="exited")
    assert engine.inspect(name)["RestartCount"] == 1
    shown = await preview("docker.restart", address, name=name, steady_s=1)
    assert lines(shown)["state"] == ("exited", "running")
    assert "again and again" not in warnings(shown)
    engine.start(name)
    assert "no longer looks as it was shown" in spoken(await failing("docker.restart", address, shown))


@BOTH
async def test_an_answer_lost_while_restarting_is_looked_up_and_never_sent_again(
    engine: DockerEngine, name: str, tmp_path: Path
) -> None:
    engine.run(name)
    async with losing(engine, tmp_path, b"/restart") as (address, seen):
        shown = await preview("docker.restart", address, name=name, grace_s=0)
        assert "is up" in await execute("docker.restart", address, shown)
    assert sum(line.startswith(b"POST") for line in seen) == 1


async def test_a_look_that_gets_lost_while_a_container_comes_up_is_taken_again(
    engine: DockerEngine, name: str, tmp_path: Path
) -> None:
    engine.run(name)
    async with losing(engine, tmp_path, b"/json", which=3) as (address, seen):
        shown = await preview("docker.restart", address, name=name, grace_s=0)
        assert "is up" in await execute("docker.restart", address, shown)
    assert sum(b"/json" in line for line in seen) > 3


async def test_a_stopped_container_is_started_and_a_running_one_is_not(
    engine: DockerEngine, address: Settings, name: str
) -> None:
    engine.create(name)
    shown = await preview("docker.start", address, name=name)
    assert await execute("docker.start", address, shown) == f"{name} was started and is up"
    assert f"{name} runs already" in await refused("docker.start", address, name=name)
    engine.post(f"/containers/{name}/pause")
    assert "that needs a person" in await refused("docker.restart", address, name=name)
    engine.post(f"/containers/{name}/unpause")


@BOTH
async def test_a_container_that_ends_at_once_is_not_called_started(
    engine: DockerEngine, address: Settings, name: str
) -> None:
    engine.create(name, "sh", "-c", "exit 4")
    error = await failing("docker.start", address, await preview("docker.start", address, name=name, steady_s=30))
    assert spoken(error) == f"{name} was started and ended again at once, exit code 4. Its logs say why."
    assert "does not know it" in await refused("docker.start", address, name="nobody")


async def test_a_container_is_made_again_with_one_setting_changed_and_all_else_the_same(
    engine: DockerEngine, address: Settings, name: str
) -> None:
    network = f"{name}-net"
    engine.post("/networks/create", body={"Name": network, "Driver": "bridge"})
    engine.run(
        name,
        *("sh", "-c", "[ -f /data/first ] || echo 1 > /data/first; [ -f /anon/x ] || echo 1 > /anon/x; sleep 600"),
        Env=["OPENAI_MODEL=gpt-4.1", "DB_PASSWORD=s3same", "PORT=8000"],
        Labels=compose(name),
        Volumes={"/anon": {}},
        host={"NetworkMode": network, "Binds": [f"{name}-v:/data"], "RestartPolicy": {"Name": "unless-stopped"}},
        NetworkingConfig={"EndpointsConfig": {network: {"Aliases": ["backend"]}}},
    )
    before = engine.inspect(name)
    shown = await preview("docker.recreate", address, name=name, **ENV)
    assert lines(shown)["setting OPENAI_MODEL"] == ("gpt-4.1", "gpt-4.1-mini")
    assert "nameless volumes at /anon" in warnings(shown)
    assert "is lost" not in warnings(shown)
    assert "s3same" not in repr(shown)
    assert await execute("docker.recreate", address, shown) == f"{name} was made again and is up"
    after = engine.inspect(name)
    assert settings_of(engine, name) == {"OPENAI_MODEL": "gpt-4.1-mini", "DB_PASSWORD": "s3same", "PORT": "8000"}
    assert after["Id"] != before["Id"]
    assert after["Image"] == before["Image"]
    assert _comparable(after) == _comparable(before)
    assert engine.names() & {f"{name}-plantao-old", f"{name}-plantao-new"} == set()
    back = await preview("docker.recreate", address, **shown.undo)
    await execute("docker.recreate", address, back)
    assert settings_of(engine, name)["OPENAI_MODEL"] == "gpt-4.1"
    assert _comparable(engine.inspect(name)) == _comparable(before)


def _comparable(document: dict[str, Any]) -> dict[str, Any]:
    """What must survive; of the endpoint what was asked for, and of mounts which volume is where."""
    identity = document["Id"][:12]
    config = {key: value for key, value in document["Config"].items() if key not in {"Env", "Hostname"}}
    host = {key: value for key, value in document["HostConfig"].items() if key != "Binds"}
    networks = {
        name: sorted(alias for alias in found["Aliases"] or () if alias != identity)
        for name, found in document["NetworkSettings"]["Networks"].items()
    }
    mounts = sorted((mount["Destination"], mount["Name"]) for mount in document["Mounts"])
    return {"config": config, "host": host, "networks": networks, "mounts": mounts}


async def test_what_was_written_inside_the_container_is_said_to_be_lost(
    engine: DockerEngine, address: Settings, name: str
) -> None:
    engine.run(name, "sh", "-c", "echo 1 > /report.csv; sleep 600")
    deadline = asyncio.get_running_loop().time() + 40
    while "/report.csv" not in warnings(await preview("docker.recreate", address, name=name)):
        assert asyncio.get_running_loop().time() < deadline


@BOTH
async def test_a_new_container_that_fails_gives_the_old_one_back(
    engine: DockerEngine, address: Settings, name: str
) -> None:
    program = '[ "$LOG_LEVEL" = debug ] && exit 9; sleep 600'
    engine.run(name, "sh", "-c", program, Env=["LOG_LEVEL=info"])
    before = engine.inspect(name)["Id"]
    shown = await preview(
        "docker.recreate", address, name=name, env=["LOG_LEVEL=debug"], allowed=["LOG_LEVEL"], steady_s=30
    )
    error = await failing("docker.recreate", address, shown)
    assert "exit code 9" in rendered(error.text.values["reason"])  # type: ignore[arg-type]
    assert "The old container runs again, unchanged." in spoken(error)
    assert engine.inspect(name)["Id"] == before
    assert engine.inspect(name)["State"]["Running"] is True
    assert {found for found in engine.names() if found.startswith(name)} == {name}


async def test_where_nothing_may_be_removed_the_container_that_serves_still_comes_first(
    engine: DockerEngine, name: str, tmp_path: Path
) -> None:
    program = '[ "$LOG_LEVEL" = debug ] && exit 9; sleep 600'
    engine.run(name, "sh", "-c", program, Env=["LOG_LEVEL=info"])
    allowed = [line for line in permitted("docker-reads") + permitted("docker-recreate") if "DELETE" not in line]
    async with passing_only(engine, tmp_path, allowed) as socket:
        before = engine.inspect(name)["Id"]
        wanted: dict[str, object] = {"name": name, "allowed": ["LOG_LEVEL"], "steady_s": 1}
        shown = await preview("docker.recreate", {"socket": socket}, **wanted, env=["LOG_LEVEL=debug"])
        error = await failing("docker.recreate", {"socket": socket}, shown)
        assert "The old container runs again, unchanged." in spoken(error)
        assert spoken(error).endswith(f"It lies there as {name}-plantao-new.")
        assert (engine.inspect(name)["Id"], engine.inspect(name)["State"]["Running"]) == (before, True)
        engine.remove(f"{name}-plantao-new")
        shown = await preview("docker.recreate", {"socket": socket}, **wanted, env=["LOG_LEVEL=warning"])
        error = await failing("docker.recreate", {"socket": socket}, shown)
        assert spoken(error).startswith(f"{name} was made again and is up, but the old container could not be removed")
        assert settings_of(engine, name)["LOG_LEVEL"] == "warning"


@BOTH
async def test_lost_answers_on_the_way_are_looked_up(engine: DockerEngine, name: str, tmp_path: Path) -> None:
    engine.run(name)
    for number, step in enumerate((b"/create", b"/rename", b"DELETE")):
        folder = tmp_path / str(number)
        folder.mkdir()
        async with losing(engine, folder, step) as (address, seen):
            shown = await preview("docker.recreate", address, name=name)
            assert "is up" in await execute("docker.recreate", address, shown)
        assert sum(line.startswith((b"POST", b"DELETE")) for line in seen) == 6
        assert {found for found in engine.names() if found.startswith(name)} == {name}


@BOTH
async def test_only_listed_settings_are_changed_and_never_secrets(
    engine: DockerEngine, address: Settings, name: str
) -> None:
    engine.run(name, Env=["API_KEY=s3same-old-value"])
    allowed = {"allowed": ENV["allowed"]}
    assert "may not be changed" in await refused("docker.recreate", address, name=name, env=["PATH=/x"], **allowed)
    secret = await refused("docker.recreate", address, name=name, env=["API_KEY=sk-abc123def456ghi789"], **allowed)
    assert "looks like a secret" in secret
    assert "sk-abc" not in secret
    away = await preview("docker.recreate", address, name=name, env=["API_KEY"], **allowed)
    assert lines(away)["setting API_KEY"] == ("***", "—")
    assert away.undo == {}
    assert "s3same" not in repr(away)
    same = await refused("docker.recreate", address, name=name, env=["LOG_LEVEL"], **allowed)
    assert "has these settings already" in same


@BOTH
async def test_one_setting_whose_value_alone_is_chosen_is_set_and_taken_away_again(
    engine: DockerEngine, address: Settings, name: str
) -> None:
    engine.run(name, Env=["PORT=8000"])
    wanted = {"name": name, "variable": "LOG_LEVEL", "allowed": ["LOG_LEVEL"]}
    shown = await preview("docker.recreate", address, **wanted, value="debug")
    await execute("docker.recreate", address, shown)
    assert settings_of(engine, name) == {"PORT": "8000", "LOG_LEVEL": "debug"}
    back = await preview("docker.recreate", address, **{**wanted, **shown.undo})
    assert back.undo["env"] == "LOG_LEVEL=debug"
    await execute("docker.recreate", address, back)
    assert settings_of(engine, name) == {"PORT": "8000"}
    assert "may not be changed" in await refused("docker.recreate", address, **{**wanted, "variable": "PATH"})


@BOTH
async def test_a_container_is_stopped_once_and_one_that_does_not_run_is_not(
    engine: DockerEngine, name: str, tmp_path: Path
) -> None:
    engine.run(name)
    async with losing(engine, tmp_path, b"/stop") as (address, seen):
        shown = await preview("docker.stop", address, name=name, grace_s=0)
        assert lines(shown)["state"] == ("running", "exited")
        assert await execute("docker.stop", address, shown) == f"{name} is stopped, exit code 137"
        assert sum(line.startswith(b"POST") for line in seen) == 1
        assert f"{name} does not run" in await refused("docker.stop", address, name=name)
        engine.start(name)
        assert "no longer looks as it was shown" in spoken(await failing("docker.stop", address, shown))
    assert engine.inspect(name)["State"]["Running"] is True


@BOTH
async def test_what_cannot_be_made_again_is_refused(engine: DockerEngine, address: Settings, name: str) -> None:
    engine.create(name)
    assert "is not running" in await refused("docker.recreate", address, name=name)
    engine.run(f"{name}-gone", host={"AutoRemove": True})
    assert "removes itself" in await refused("docker.recreate", address, name=f"{name}-gone")
    engine.run(f"{name}-inner", host={"NetworkMode": f"container:{engine.inspect(f'{name}-gone')['Id']}"})
    assert "another container's network" in await refused("docker.recreate", address, name=f"{name}-inner")
    engine.run(f"{name}-left")
    engine.create(f"{name}-left-plantao-old")
    assert "An earlier attempt left" in await refused("docker.recreate", address, name=f"{name}-left")


async def test_a_tag_that_moved_makes_it_a_deployment_which_is_refused(
    engine: DockerEngine, address: Settings, name: str
) -> None:
    engine.post(f"/images/{IMAGE}/tag", {"repo": name, "tag": "live"})
    engine.run(name, Image=f"{name}:live")
    shown = await preview("docker.recreate", address, name=name)
    other = engine.post("/commit", {"container": name, "repo": name, "tag": "live"}, {})
    assert other["Id"]
    assert "this would deploy another" in await refused("docker.recreate", address, name=name)
    assert "this would deploy another" in spoken(await failing("docker.recreate", address, shown))


@BOTH
async def test_a_service_is_scaled_up_and_its_undo_scales_it_down_again(
    engine: DockerEngine, address: Settings, name: str
) -> None:
    engine.run(f"{name}-backend-1", Labels=compose(name), Env=["A=1"])
    engine.run(f"{name}-backend-run-1", Labels=compose(name, 9, oneoff="True"))
    shown = await preview("docker.scale", address, project=name, service="backend", count=3)
    wanted = {f"{name}-backend-{number}" for number in (1, 2, 3)}
    assert lines(shown)["containers"] == ("1", "3")
    assert set(lines(shown)["names"][1].split(", ")) == wanted
    told: list[str] = []
    assert await execute("docker.scale", address, shown, into(told)) == "backend has 3 containers"
    assert told[-1] == f"{name}-backend-3 is up"
    assert wanted <= engine.names()
    assert engine.inspect(f"{name}-backend-3")["Config"]["Labels"] == compose(name, 3)
    first = engine.inspect(f"{name}-backend-1")["Id"]
    back = await preview("docker.scale", address, **shown.undo)
    assert "will break" in warnings(back)
    await execute("docker.scale", address, back)
    assert {found for found in engine.names() if found.startswith(name)} == {
        f"{name}-backend-1",
        f"{name}-backend-run-1",
    }
    assert engine.inspect(f"{name}-backend-1")["Id"] == first


@BOTH
async def test_a_service_that_can_only_be_one_is_not_scaled(engine: DockerEngine, address: Settings, name: str) -> None:
    labels = {"Labels": compose(name)}
    settings = {"project": name, "service": "backend", "count": 2}
    engine.run(f"{name}-fixed", **labels)
    assert "fixed container name" in await refused("docker.scale", address, **settings)
    engine.remove(f"{name}-fixed")
    engine.run(f"{name}-backend-1", **labels, host={"PortBindings": {"80/tcp": [{"HostPort": "18080"}]}})
    assert "holds a port of the machine (18080)" in await refused("docker.scale", address, **settings)
    engine.remove(f"{name}-backend-1")
    engine.run(f"{name}-backend-1", **labels, host={"NetworkMode": "host"})
    assert "network_mode: host" in await refused("docker.scale", address, **settings)


@BOTH
async def test_scaling_keeps_its_bounds_and_refuses_a_moved_world(
    engine: DockerEngine, address: Settings, name: str
) -> None:
    settings = {"project": name, "service": "backend"}
    assert "has no service backend" in await refused("docker.scale", address, **settings, count=2)
    engine.run(f"{name}-backend-1", Labels=compose(name))
    assert "At most 5" in await refused("docker.scale", address, **settings, count=6)
    assert "has 1 containers already" in await refused("docker.scale", address, **settings, count=1)
    shown = await preview("docker.scale", address, **settings, count=2)
    engine.run(f"{name}-backend-2", Labels=compose(name, 2))
    assert "no longer looks" in spoken(await failing("docker.scale", address, shown))
    assert f"{name}-backend-3" not in engine.names()


async def test_a_copy_that_does_not_start_is_removed_again(engine: DockerEngine, address: Settings, name: str) -> None:
    engine.run(
        f"{name}-backend-1",
        *("sh", "-c", "[ -f /shared/one ] && exit 5; touch /shared/one; sleep 600"),
        Labels=compose(name),
        host={"Binds": [f"{name}-shared:/shared"]},
    )
    shown = await preview("docker.scale", address, project=name, service="backend", count=2, steady_s=30)
    assert "write to the same /shared" in warnings(shown)
    error = await failing("docker.scale", address, shown)
    assert "The new container was removed again." in spoken(error)
    assert {found for found in engine.names() if found.startswith(name)} == {f"{name}-backend-1"}


async def test_an_image_gets_a_second_name_and_the_first_holder_gets_it_back(
    engine: DockerEngine, address: Settings, name: str
) -> None:
    engine.run(name)
    made = engine.post("/commit", {"container": name, "repo": name, "tag": "v2"}, {})["Id"]
    tiny = engine.get(f"/images/{IMAGE}/json")["Id"]
    shown = await preview("docker.tag", address, image=IMAGE, name=f"{name}:previous")
    assert shown.undo == {}
    assert await execute("docker.tag", address, shown) == f"{IMAGE} is now called {name}:previous as well"
    assert "already" in await refused("docker.tag", address, image=IMAGE, name=f"{name}:previous")
    over = await preview("docker.tag", address, image=f"{name}:v2", name=f"{name}:previous")
    assert "loses it" in warnings(over)
    await execute("docker.tag", address, over)
    assert engine.get(f"/images/{name}:previous/json")["Id"] == made
    assert "no longer looks" in spoken(await failing("docker.tag", address, over))
    await execute("docker.tag", address, await preview("docker.tag", address, **over.undo))
    assert engine.get(f"/images/{name}:previous/json")["Id"] == tiny
    assert "There is no image" in await refused("docker.tag", address, image="gone:1", name=f"{name}:x")


@BOTH
async def test_an_image_is_kept_under_the_day_and_can_be_seen_to_be(
    engine: DockerEngine, address: Settings, name: str
) -> None:
    wanted = {"repository": name, "tag": "backup-"}
    assert measured(await read("docker.images", address, **wanted))["images"] == 0
    engine.post(f"/images/{IMAGE}/tag", {"repo": name, "tag": "latest"})
    shown = await preview("docker.tag", address, image=f"{name}:latest", name=f"{name}:backup-{{date}}")
    assert re.fullmatch(rf"{name}:backup-20\d{{6}}", shown.arguments["name"])
    await execute("docker.tag", address, shown)
    kept = await read("docker.images", address, **wanted)
    assert (measured(kept)["images"], measured(kept)["tagged_h"]) == (1, 0)
    assert kept.evidence[0].startswith(f"{shown.arguments['name']}  ")
    assert measured(await read("docker.images", address, repository=name))["images"] == 2


async def test_of_more_images_than_are_looked_at_none_is_called_the_newest(
    engine: DockerEngine, address: Settings, name: str
) -> None:
    for number in range(61):
        engine.post(f"/images/{IMAGE}/tag", {"repo": name, "tag": f"build-{number:02}"})
    reading = await read("docker.images", address, repository=name)
    assert measured(reading) == {"images": 61, "tagged_h": None}
    assert missing(reading, "tagged_h") == "looked at 60 of 61 images; name more of the tag"
    assert "last tagged" not in summary(reading)
    assert measured(await read("docker.images", address, repository=name, tag="build-0"))["tagged_h"] is not None


async def test_the_documented_requests_are_all_that_changes_need(
    engine: DockerEngine, name: str, tmp_path: Path
) -> None:
    engine.run(f"{name}-backend-1", Labels=compose(name), Env=["OPENAI_MODEL=gpt-4.1"])
    engine.create(f"{name}-stopped")
    engine.keep(name, "kept", "1")
    tag = {"image": IMAGE, "name": f"{name}:x"}
    for block, work in {
        "docker-restart": [
            ("docker.restart", {"name": f"{name}-backend-1", "grace_s": 0}),
            ("docker.start", {"name": f"{name}-stopped"}),
        ],
        "docker-stop": [("docker.stop", {"name": f"{name}-stopped", "grace_s": 0})],
        "docker-recreate": [
            ("docker.recreate", {"name": f"{name}-backend-1", **ENV}),
            ("docker.rollback", {"name": f"{name}-backend-1", "repository": name, "tag": "kept"}),
            ("docker.scale", {"project": name, "service": "backend", "count": 2}),
        ],
        "docker-tag": [("docker.tag", tag)],
    }.items():
        reads = permitted("docker-reads")
        os.mkdir(tmp_path / block)
        async with passing_only(engine, tmp_path / block, [*reads, *permitted(block)]) as socket:
            for operation_name, parameters in work:
                shown = await preview(operation_name, {"socket": socket}, **parameters)
                assert await execute(operation_name, {"socket": socket}, shown)
    async with passing_only(engine, tmp_path, permitted("docker-images")) as socket:
        assert (await read("docker.images", {"socket": socket}, repository=name)).measurements
    async with passing_only(engine, tmp_path, permitted("docker-reads")) as socket:
        assert isinstance(await refusal("docker.images", {"socket": socket}, repository=name), Denied)
        shown = await preview("docker.restart", {"socket": socket}, name=f"{name}-backend-1")
        assert isinstance(await failing("docker.restart", {"socket": socket}, shown), Denied)


async def test_an_engine_that_dies_before_the_change_leaves_it_undone(
    engine: DockerEngine, address: Settings, name: str, tmp_path: Path
) -> None:
    engine.run(name)
    shown = await preview("docker.restart", address, name=name)
    error = await failing("docker.restart", {"socket": str(tmp_path / "gone.sock")}, shown)
    assert isinstance(error, Unreachable)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("docker.restart", {"name": "a", "grace_s": 3600}),
        ("docker.recreate", {"name": "a", "env": ["not an assignment"]}),
        ("docker.recreate", {"name": "a", "env": ["A=1\nB=2"]}),
        ("docker.scale", {"project": "p", "service": "s", "count": 0}),
        ("docker.scale", {"project": "p", "service": "s", "count": 99}),
        ("docker.tag", {"image": "api:1", "name": "api"}),
        ("docker.tag", {"image": "../x:1", "name": "api:2"}),
    ],
)
def test_what_is_too_wide_or_ambiguous_is_refused(name: str, parameters: Settings) -> None:
    with pytest.raises(ValidationError):
        operation(name).parameters.model_validate(parameters)
