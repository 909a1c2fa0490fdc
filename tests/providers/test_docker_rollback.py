"""Going back to a kept image, on a real Docker engine: by its digest, with all else the same, or not at all."""

import re

from data_changes import execute, lines, preview, refused, warnings
from docker_emulated import BOTH
from docker_engine import DockerEngine
from readings import Settings, spoken

from bot.core.preview import Preview

pytest_plugins = ["docker_fixtures"]
BACK = "docker.rollback"


async def back(address: Settings, **parameters: object) -> Preview:
    return await preview(BACK, address, **{"steady_s": 0, **parameters})


async def refusal(address: Settings, **parameters: object) -> str:
    return spoken(await refused(back(address, **parameters)))


@BOTH
async def test_a_container_goes_back_to_a_kept_image_with_all_else_the_same_and_forward_again_by_its_digest(
    engine: DockerEngine, address: Settings, name: str
) -> None:
    older = engine.keep(name, "backup-20261120", "1")
    newer = engine.keep(name, "latest", "2")
    volume = {"Binds": [f"{name}-v:/data"], "Memory": 64 * 1024 * 1024}
    engine.run(name, Image=f"{name}:latest", Cmd=None, Env=["PORT=8000", "DB_PASSWORD=s3same"], host=volume)
    before = engine.inspect(name)
    wanted = {"name": name, "repository": name, "tag": "backup-20261120"}
    shown = await back(address, **wanted)
    assert lines(shown)["image"] == (f"{name}:latest", f"{name}:backup-20261120")
    assert lines(shown)["image id"] == (newer.removeprefix("sha256:")[:12], older.removeprefix("sha256:")[:12])
    assert "approves confirms that the data" in warnings(shown)
    assert "newer" not in warnings(shown)
    assert "s3same" not in repr(shown)
    # Somebody gives the kept name to another image meanwhile: the one that was shown is meant.
    engine.post(f"/images/{newer}/tag", {"repo": name, "tag": "backup-20261120"})
    again = await back(address, **shown.arguments)
    assert again.fingerprint == shown.fingerprint
    assert await execute(BACK, address, again) == f"{name} runs {older} again and is up"
    after = engine.inspect(name)
    assert after["Image"] == older
    assert after["Config"]["Cmd"] == ["sleep", "601"]
    assert after["Config"]["Labels"] == {"version": "1"}
    assert engine.settings(name) == {"VERSION": "1", "PORT": "8000", "DB_PASSWORD": "s3same"}
    assert (after["HostConfig"]["Binds"], after["HostConfig"]["Memory"]) == (volume["Binds"], volume["Memory"])
    forward = await back(address, **shown.undo)
    assert lines(forward)["image"] == (older, f"{name}:latest")
    assert "newer than the one that runs" in warnings(forward)
    await execute(BACK, address, forward)
    assert engine.inspect(name)["Image"] == newer
    after = engine.inspect(name)
    assert {key: after["Config"][key] for key in ("Cmd", "Labels", "Image", "User")} == {
        key: before["Config"][key] for key in ("Cmd", "Labels", "Image", "User")
    }
    assert after["HostConfig"] == before["HostConfig"]
    assert engine.settings(name) == {"VERSION": "2", "PORT": "8000", "DB_PASSWORD": "s3same"}


@BOTH
async def test_going_back_names_the_images_there_are_and_takes_no_other(
    engine: DockerEngine, address: Settings, name: str
) -> None:
    wanted = {"name": name, "repository": name}
    engine.keep(name, "latest", "2")
    engine.run(name, Image=f"{name}:latest", Cmd=["sleep", "600"])
    assert f"no other image {name} to go back to" in await refusal(address, **wanted)
    engine.keep(name, "backup-20261119", "1")
    choice = await refusal(address, **wanted)
    assert re.search(rf"go back to: {name}:backup-20261119  \w{{12}}  \d{{4}}-\d\d-\d\d \d\d:\d\dZ", choice), choice
    assert f"It runs {name}:latest " in choice
    assert "runs this image already" in await refusal(address, **wanted, tag="latest")
    assert f"no image {name}:backup-1 " in await refusal(address, **wanted, tag="backup-1")
    shown = await back(address, **wanted, tag="backup-20261119")
    engine.post(f"/containers/{name}/restart", {"t": "0"})
    assert "no longer looks as it was shown" in spoken(await refused(execute(BACK, address, shown)))


@BOTH
async def test_an_older_image_that_does_not_come_up_gives_way_to_the_newer_one(
    engine: DockerEngine, address: Settings, name: str
) -> None:
    engine.keep(name, "latest", "2")
    engine.keep(name, "backup-20261119", "1")
    # The program that the container was told to run asks for the version of its image.
    engine.run(name, Image=f"{name}:latest", Cmd=["sh", "-c", "[ $VERSION = 2 ] && sleep 600; exit 7"])
    before = engine.inspect(name)
    shown = await back(address, name=name, repository=name, tag="backup-20261119", steady_s=30)
    error = await refused(execute(BACK, address, shown))
    assert "The old container runs again, unchanged." in spoken(error)
    assert engine.inspect(name)["Id"] == before["Id"]
    assert engine.inspect(name)["State"]["Running"] is True


@BOTH
async def test_a_release_that_does_not_stay_up_is_taken_back_and_one_that_helps_no_more_leaves_it_as_it_was(
    engine: DockerEngine, address: Settings, name: str
) -> None:
    for tag in ("1", "2", "3"):
        engine.keep(name, tag, tag)
    command = ["sh", "-c", "[ $VERSION = 1 ] && sleep 600; exit 7"]
    engine.run(
        name, Image=f"{name}:2", Cmd=command, host={"RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 1}}
    )
    await engine.until(name, Status="exited")
    before = engine.inspect(name)
    useless = await back(address, name=name, repository=name, tag="3", steady_s=30)
    assert "It does not run now; the new one is started." in warnings(useless)
    error = await refused(execute(BACK, address, useless))
    assert "The old container is back as it was." in spoken(error)
    assert {key: engine.inspect(name)[key] for key in ("Id", "State")} == {key: before[key] for key in ("Id", "State")}
    helpful = await back(address, name=name, repository=name, tag="1")
    assert await execute(BACK, address, helpful) == f"{name} runs {name}:1 again and is up"
    assert engine.inspect(name)["State"]["Running"] is True


@BOTH
async def test_a_release_in_a_restart_loop_is_taken_back(engine: DockerEngine, address: Settings, name: str) -> None:
    for tag in ("1", "2"):
        engine.keep(name, tag, tag)
    command = ["sh", "-c", "[ $VERSION = 1 ] && sleep 600; exit 7"]
    engine.run(name, Image=f"{name}:2", Cmd=command, host={"RestartPolicy": {"Name": "always"}})
    await engine.until(name, Restarting=True)
    shown = await back(address, name=name, repository=name, tag="1")
    await execute(BACK, address, shown)
    assert engine.inspect(name)["State"]["Running"] is True
    assert [found for found in engine.names() if found.startswith(name)] == [name]
