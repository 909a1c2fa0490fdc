"""What is changed on a machine over SSH: exactly what was shown, once, and nothing when the world has moved."""

import os
from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import TemporaryDirectory
from time import time

import pytest
from changes import execute, failing, into, preview, refused, warnings
from docker_engine import permitted
from pydantic import ValidationError
from readings import Settings, rendered, spoken
from ssh_server import SshServer, serving

from bot.core.errors import Denied, Unreachable
from bot.core.preview import Preview
from bot.providers import operation

DAY = 86_400
UNITS = {"allowed": ["agente-api", "postgresql"]}


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[SshServer]:
    async with serving(tmp_path / "machine") as server:
        yield server


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    return folder


def aged(folder: Path, name: str, days: float, size: int = 100) -> None:
    file = folder / name
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(b"x" * size)
    os.utime(file, (time() - days * DAY, time() - days * DAY))


def names(folder: Path) -> set[str]:
    return {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}


def lines(shown: Preview) -> list[tuple[str, str, str]]:
    return [(rendered(line.label), line.before, line.after) for line in shown.lines]


async def test_a_unit_is_restarted_once_and_followed_until_it_stays_up(server: SshServer) -> None:
    server.unit("agente-api.service")
    server.is_root = True
    shown = await preview("host.unit_control", server.address(), name="agente-api", verb="restart", **UNITS)
    assert ("state", "active (running)", "active") in lines(shown)
    assert "Requests under way" in warnings(shown)
    assert shown.undo == {}
    told: list[str] = []
    said = await execute("host.unit_control", server.address(), shown, into(told))
    assert said == "agente-api.service is active (running)"
    assert told == ["agente-api.service is active (running)"]
    assert server.asked() == ["restart agente-api.service"]


async def test_a_stopped_unit_is_started_and_its_undo_stops_it_again(server: SshServer) -> None:
    server.unit("postgresql.service", active="inactive", sub="dead")
    server.is_root = True
    shown = await preview("host.unit_control", server.address(), name="postgresql", verb="start", **UNITS)
    await execute("host.unit_control", server.address(), shown)
    back = await preview("host.unit_control", server.address(), **shown.undo)
    assert "fails from then on" in warnings(back)
    assert await execute("host.unit_control", server.address(), back) == "postgresql.service is inactive (dead)"
    assert server.asked() == ["start postgresql.service", "stop postgresql.service"]


async def test_a_unit_that_the_catalog_does_not_list_is_refused(server: SshServer) -> None:
    server.unit("sshd.service")
    words = await refused("host.unit_control", server.address(), name="sshd", verb="stop", **UNITS)
    assert "sshd.service is not among the units that may be changed" in words
    assert server.ran == []


async def test_a_unit_that_is_already_so_is_refused(server: SshServer) -> None:
    server.unit("agente-api.service")
    server.unit("postgresql.service", active="inactive", sub="dead")
    assert "runs already" in await refused(
        "host.unit_control", server.address(), name="agente-api", verb="start", **UNITS
    )
    assert "stopped already" in await refused(
        "host.unit_control", server.address(), name="postgresql", verb="stop", **UNITS
    )


async def test_a_unit_restarted_by_somebody_else_meanwhile_is_left_alone(server: SshServer) -> None:
    folder = server.unit("agente-api.service")
    server.is_root = True
    shown = await preview("host.unit_control", server.address(), name="agente-api", verb="restart", **UNITS)
    (folder / "InvocationID").write_text("b2\n")
    error = await failing("host.unit_control", server.address(), shown)
    assert "no longer looks as it was shown" in spoken(error)
    assert server.asked() == []


async def test_a_unit_that_does_not_start_fails_with_the_words_of_systemd(server: SshServer) -> None:
    folder = server.unit("agente-api.service")
    (folder / "fails").touch()
    server.is_root = True
    shown = await preview("host.unit_control", server.address(), name="agente-api", verb="restart", **UNITS)
    error = await failing("host.unit_control", server.address(), shown)
    assert "control process exited with error code" in spoken(error)


async def test_an_answer_lost_while_restarting_is_looked_up_and_never_sent_again(server: SshServer) -> None:
    server.unit("agente-api.service")
    server.is_root = True
    shown = await preview("host.unit_control", server.address(), name="agente-api", verb="restart", **UNITS)
    server.cut_after = "restart"
    assert "is active" in await execute("host.unit_control", server.address(), shown)
    assert server.asked() == ["restart agente-api.service"]


async def test_the_documented_sudoers_lines_are_all_that_a_unit_needs(server: SshServer) -> None:
    server.unit("agente-api.service")
    rule = "plantao ALL=(root) NOPASSWD: "
    documented = [line.removeprefix(rule) for line in permitted("sudoers") if line.startswith(rule)]
    with_sudo = server.address(sudo=True)
    shown = await preview("host.unit_control", with_sudo, name="agente-api", verb="restart", **UNITS)
    denied = await failing("host.unit_control", with_sudo, shown)
    assert isinstance(denied, Denied)
    assert f"`{rule}{documented[0]}`" in spoken(denied)
    unprivileged = await failing("host.unit_control", server.address(), shown)
    assert isinstance(unprivileged, Denied)
    server.permit(*documented)
    assert "is active" in await execute("host.unit_control", with_sudo, shown)


async def test_pruning_backups_deletes_exactly_the_files_that_were_listed(server: SshServer, data: Path) -> None:
    for day in range(1, 7):
        aged(data, f"db_{day}.dump", day, 1_048_576)
    aged(data, "notes.txt", 400)
    aged(data, "old/db_9.dump", 9)
    shown = await preview("host.prune_backups", server.address(), folder=str(data), pattern="db_*.dump", keep=3)
    assert ("files to delete", "3 (3.0 MB)", "—") in lines(shown)
    listed = [before.split()[-1] for label, before, _ in lines(shown) if label == "deleted"]
    assert listed == ["db_4.dump", "db_5.dump", "db_6.dump"]
    assert names(data) == {*(f"db_{day}.dump" for day in range(1, 7)), "notes.txt", "old/db_9.dump"}
    said = await execute("host.prune_backups", server.address(), shown)
    assert said == f"3 files deleted from {data}, 3.0 MB freed"
    assert names(data) == {"db_1.dump", "db_2.dump", "db_3.dump", "notes.txt", "old/db_9.dump"}


@pytest.mark.parametrize("how", ["another backup came", "one was rewritten", "one is gone", "one was swapped"])
async def test_pruning_refuses_when_the_list_has_changed(server: SshServer, data: Path, how: str) -> None:
    for day in range(1, 6):
        aged(data, f"db_{day}.dump", day)
    shown = await preview("host.prune_backups", server.address(), folder=str(data), pattern="db_*.dump", keep=3)
    match how:
        case "another backup came":
            aged(data, "db_0.dump", 0)
        case "one was rewritten":
            aged(data, "db_5.dump", 5, 101)
        case "one is gone":
            os.unlink(data / "db_5.dump")
        case _:
            status = os.stat(data / "db_5.dump")
            aged(data, "new", 5)
            os.utime(data / "new", ns=(status.st_atime_ns, status.st_mtime_ns))
            os.rename(data / "new", data / "db_5.dump")
    before = names(data)
    error = await failing("host.prune_backups", server.address(), shown)
    assert "no longer looks as it was shown" in spoken(error)
    assert names(data) == before
    assert not any(argv[0] == "rm" for argv in server.ran)
    later = await preview("host.prune_backups", server.address(), **shown.arguments)
    assert later.fingerprint != shown.fingerprint


async def test_the_same_list_has_the_same_fingerprint(server: SshServer, data: Path) -> None:
    for day in range(1, 6):
        aged(data, f"db_{day}.dump", day)
    first = await preview("host.prune_backups", server.address(), folder=str(data), pattern="db_*.dump", keep=3)
    assert (await preview("host.prune_backups", server.address(), **first.arguments)).fingerprint == first.fingerprint


async def test_pruning_never_leaves_only_an_empty_backup(server: SshServer, data: Path) -> None:
    for day in range(1, 6):
        aged(data, f"db_{day}.dump", day, 0 if day == 1 else 100)
    words = await refused("host.prune_backups", server.address(), folder=str(data), pattern="db_*.dump", keep=3)
    assert "backups is empty" in words


async def test_pruning_warns_of_backups_that_stopped_or_shrank(server: SshServer, data: Path) -> None:
    for day in range(3, 7):
        aged(data, f"db_{day}.dump", day, 10 if day == 3 else 100)
    shown = await preview("host.prune_backups", server.address(), folder=str(data), pattern="db_*.dump", keep=2)
    assert "72 h old" in warnings(shown)
    assert "less than half as big" in warnings(shown)


async def test_pruning_refuses_links_strange_names_and_nothing_to_do(server: SshServer, data: Path) -> None:
    for day in range(1, 4):
        aged(data, f"db_{day}.dump", day)
    settings = {"folder": str(data), "pattern": "db_*", "keep": 3}
    assert "nothing to delete" in await refused("host.prune_backups", server.address(), **settings)
    aged(data, "db_4 $(touch x)\nrm.dump", 4)
    assert "strange name: " in await refused("host.prune_backups", server.address(), **settings)
    os.unlink(data / "db_4 $(touch x)\nrm.dump")
    os.symlink("/etc/passwd", data / "db_link")
    os.utime(data / "db_link", (0, 0), follow_symlinks=False)
    assert "no plain file" in await refused("host.prune_backups", server.address(), **settings)
    assert "has no /nowhere" in await refused(
        "host.prune_backups", server.address(), **{**settings, "folder": "/nowhere"}
    )


async def test_a_lost_answer_to_a_deletion_is_looked_up(server: SshServer, data: Path) -> None:
    for day in range(1, 5):
        aged(data, f"db_{day}.dump", day)
    shown = await preview("host.prune_backups", server.address(), folder=str(data), pattern="db_*.dump", keep=2)
    server.cut_after = "rm"
    assert "2 files deleted" in await execute("host.prune_backups", server.address(), shown)
    assert [argv[0] for argv in server.ran].count("rm") == 1


async def test_a_deletion_that_the_machine_refuses_says_what_is_left(server: SshServer) -> None:
    with TemporaryDirectory() as place:  # not below pytest's own, into which no other user may look
        folder = Path(place)
        for day in range(1, 5):
            aged(folder, f"db_{day}.dump", day)
        os.chmod(folder, 0o555)  # noqa: S103 - to look at, but not to write
        server.is_nobody = True
        shown = await preview("host.prune_backups", server.address(), folder=place, pattern="db_*.dump", keep=2)
        assert "0 of 2 files were deleted" in spoken(await failing("host.prune_backups", server.address(), shown))
        server.programs.discard("rm")
        assert "has no program `rm`" in spoken(await failing("host.prune_backups", server.address(), shown))
        assert len(names(folder)) == 4
        os.chmod(folder, 0o700)


async def test_pruning_logs_goes_by_age_and_keeps_the_newest(server: SshServer, data: Path) -> None:
    aged(data, "app.log", 40)
    aged(data, "app.1.log", 41)
    aged(data, "worker/worker.log", 50)
    aged(data, "app.txt", 90)
    settings = {"folder": str(data), "pattern": "*.log", "days": 30}
    flat = await preview("host.prune_logs", server.address(), **settings)
    assert [before.split()[-1] for label, before, _ in lines(flat) if label == "deleted"] == ["app.1.log"]
    shown = await preview("host.prune_logs", server.address(), **settings, depth=2)
    assert "2 files deleted" in await execute("host.prune_logs", server.address(), shown)
    assert names(data) == {"app.log", "app.txt"}


async def test_young_logs_are_not_touched(server: SshServer, data: Path) -> None:
    for number, age in enumerate((0, 6.9, 29)):
        aged(data, f"app.{number}.log", age)
    settings = {"folder": str(data), "pattern": "*.log", "days": 30}
    assert "nothing to delete" in await refused("host.prune_logs", server.address(), **settings)


async def test_a_legal_hold_forbids_pruning_even_after_the_approval(server: SshServer, data: Path) -> None:
    for age in (1, 40):
        aged(data, f"app.{age}.log", age)
    settings = {"folder": str(data), "pattern": "*.log", "days": 30}
    shown = await preview("host.prune_logs", server.address(), **settings)
    aged(data, "LEGAL_HOLD", 0)
    assert "nothing may be deleted there" in spoken(await failing("host.prune_logs", server.address(), shown))
    assert "LEGAL_HOLD" in await refused("host.prune_logs", server.address(), **settings)
    assert len(names(data)) == 3


async def test_a_folder_is_moved_aside_and_can_be_put_back(server: SshServer, data: Path) -> None:
    aged(data, "chroma/chroma.sqlite3", 2)
    folder = f"{data}/chroma"
    shown = await preview("host.move_aside", server.address(), folder=folder)
    to = shown.arguments["to"]
    assert to.startswith(f"{folder}-aside-20")
    assert (await preview("host.move_aside", server.address(), folder=folder)).fingerprint == shown.fingerprint
    assert await execute("host.move_aside", server.address(), shown) == f"{folder} is now {to}"
    assert names(data) == {f"{to.rpartition('/')[2]}/chroma.sqlite3"}
    back = await preview("host.move_aside", server.address(), **shown.undo)
    await execute("host.move_aside", server.address(), back)
    assert names(data) == {"chroma/chroma.sqlite3"}


async def test_moving_aside_never_overwrites_and_never_moves_another_folder(server: SshServer, data: Path) -> None:
    aged(data, "chroma/file", 0)
    folder = f"{data}/chroma"
    shown = await preview("host.move_aside", server.address(), folder=folder)
    assert "written in the last two minutes" in warnings(shown)
    os.mkdir(shown.arguments["to"])
    assert "no longer looks" in spoken(await failing("host.move_aside", server.address(), shown))
    second = await preview("host.move_aside", server.address(), folder=folder)
    assert second.arguments["to"] == shown.arguments["to"] + "-2"
    os.rename(folder, f"{data}/elsewhere")
    aged(data, "chroma/other", 1)
    assert "no longer looks" in spoken(await failing("host.move_aside", server.address(), second))
    assert names(data) == {"chroma/other", "elsewhere/file"}
    assert "already something at" in await refused(
        "host.move_aside", server.address(), folder=folder, to=f"{data}/elsewhere"
    )


async def test_what_is_no_folder_of_its_own_disk_is_not_moved(server: SshServer, data: Path) -> None:
    aged(data, "file", 1)
    os.symlink(data, data / "link")
    assert "no folder but a regular file" in await refused("host.move_aside", server.address(), folder=f"{data}/file")
    assert "but a symbolic link" in await refused("host.move_aside", server.address(), folder=f"{data}/link")
    assert "mounted disk" in await refused("host.move_aside", server.address(), folder="/proc")
    assert "has no" in await refused("host.move_aside", server.address(), folder=f"{data}/gone")


async def test_a_lost_answer_to_a_move_is_looked_up(server: SshServer, data: Path) -> None:
    aged(data, "chroma/file", 1)
    shown = await preview("host.move_aside", server.address(), folder=f"{data}/chroma")
    server.cut_after = "mv"
    assert "is now" in await execute("host.move_aside", server.address(), shown)
    assert [argv[0] for argv in server.ran].count("mv") == 1


async def test_a_restart_still_under_way_when_the_connection_breaks_is_looked_for(server: SshServer) -> None:
    server.unit("agente-api.service")
    server.is_root = True
    shown = await preview("host.unit_control", server.address(), name="agente-api", verb="restart", **UNITS)
    server.late = "restart"
    assert "is active" in await execute("host.unit_control", server.address(), shown)
    assert server.asked() == ["restart agente-api.service"]


async def test_a_deletion_still_under_way_is_looked_for_until_it_is_done(server: SshServer, data: Path) -> None:
    for day in range(1, 5):
        aged(data, f"db_{day}.dump", day)
    shown = await preview("host.prune_backups", server.address(), folder=str(data), pattern="db_*.dump", keep=2)
    server.late = "rm"
    assert "2 files deleted" in await execute("host.prune_backups", server.address(), shown)
    assert [argv[0] for argv in server.ran].count("rm") == 1


async def test_what_was_cut_off_before_it_began_is_told_to_be_undone(server: SshServer, data: Path) -> None:
    server.unit("agente-api.service")
    server.is_root = True
    for day in range(1, 5):
        aged(data, f"db_{day}.dump", day)
    aged(data, "chroma/file", 1)
    for name, program, said, parameters in (
        ("host.unit_control", "restart", "unchanged: active", {"name": "agente-api", "verb": "restart", **UNITS}),
        ("host.prune_backups", "rm", "0 of 2 files", {"folder": str(data), "pattern": "db_*.dump", "keep": 2}),
        ("host.move_aside", "mv", "was not moved", {"folder": f"{data}/chroma"}),
    ):
        shown = await preview(name, server.address(), **parameters)
        server.cut_before = program
        assert said in spoken(await failing(name, server.address(), shown))
        assert sum(program in argv[:2] for argv in server.ran) == 1
    assert server.asked() == []
    assert len(names(data)) == 5


def scripted(server: SshServer, text: str, mode: int = 0o755) -> str:
    file = server.folder / "backup.sh"
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(mode)
    return str(file)


async def test_a_script_runs_once_with_its_typed_words(server: SshServer, data: Path) -> None:
    path = scripted(server, f'echo "$#:$1:$2" >> {data}/ran; echo done for ana@example.com')
    settings = {"path": path, "args": ["--day={day}", "{name}"], "types": {"day": "date", "name": "word"}}
    shown = await preview("host.script", server.address(), **settings, values="day=2026-11-20 name=chroma")
    assert ("command", "—", f"{path} --day=2026-11-20 chroma") in lines(shown)
    told: list[str] = []
    said = await execute("host.script", server.address(), shown, into(told))
    assert said == f"{path} ended well: done for ***@example.com"
    assert told == [f"{path} has begun"]
    assert (data / "ran").read_text() == "2:--day=2026-11-20:chroma\n"


async def test_a_script_that_changed_since_the_approval_is_not_run(server: SshServer, data: Path) -> None:
    path = scripted(server, "exit 0")
    shown = await preview("host.script", server.address(), path=path)
    scripted(server, f"touch {data}/evil")
    assert "no longer looks as it was shown" in spoken(await failing("host.script", server.address(), shown))
    assert names(data) == set()


async def test_a_script_that_fails_or_breaks_off_says_so_and_is_not_repeated(server: SshServer, data: Path) -> None:
    path = scripted(server, f"echo x >> {data}/ran; echo 'password=s3same wrong' >&2; exit 3")
    shown = await preview("host.script", server.address(), path=path)
    error = await failing("host.script", server.address(), shown)
    assert spoken(error) == f"{path} ended with code 3: password=*** wrong"
    server.cut_after = path
    lost = await failing("host.script", server.address(), shown)
    assert isinstance(lost, Unreachable)
    assert "may still be running" in spoken(lost)
    assert (data / "ran").read_text() == "x\nx\n"


async def test_a_script_that_takes_too_long_may_still_be_running(server: SshServer) -> None:
    path = scripted(server, "exec sleep 1.5")
    shown = await preview("host.script", server.address(), path=path, seconds=1)
    assert "did not end within 1 s and may still be running" in spoken(
        await failing("host.script", server.address(), shown)
    )


async def test_a_script_that_others_may_rewrite_is_refused(server: SshServer) -> None:
    assert "may be rewritten by others" in await refused(
        "host.script", server.address(), path=scripted(server, "exit 0", 0o777)
    )
    assert "is not executable" in await refused("host.script", server.address(), path=scripted(server, "", 0o644))
    assert "is no script but a directory" in await refused("host.script", server.address(), path=str(server.folder))


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("host.script", {"path": "backup.sh"}),
        ("host.script", {"path": "/a.sh", "args": ["$(id)"]}),
        ("host.script", {"path": "/a.sh", "args": ["{x}"], "types": {"x": "word"}, "values": {"x": "--force"}}),
        ("host.script", {"path": "/a.sh", "args": ["{x}"], "types": {"x": "word"}, "values": {"x": "a;b"}}),
        ("host.script", {"path": "/a.sh", "args": ["{x}"], "types": {"x": "path"}, "values": {"x": "/a/../etc"}}),
        ("host.script", {"path": "/a.sh", "args": ["{x}"], "types": {"x": "word"}}),
        ("host.script", {"path": "/a.sh", "args": ["{x}"], "values": {"x": "a"}}),
        ("host.script", {"path": "/a.sh", "values": {"x": "a"}}),
        ("host.prune_backups", {"folder": "/backups", "pattern": "*", "keep": 3}),
        ("host.prune_backups", {"folder": "/backups", "pattern": "db_*", "keep": 0}),
        ("host.prune_backups", {"folder": "/", "pattern": "db_*", "keep": 3}),
        ("host.prune_logs", {"folder": "/var/log", "pattern": "**.?", "days": 30}),
        ("host.prune_logs", {"folder": "/var/log", "pattern": "../*.log", "days": 30}),
        ("host.prune_logs", {"folder": "/var/log", "pattern": "*.log", "days": 0}),
        ("host.move_aside", {"folder": "/"}),
        ("host.move_aside", {"folder": "/data/../etc"}),
        ("host.unit_control", {"name": "nginx", "verb": "restart", "allowed": []}),
        ("host.unit_control", {"name": "nginx", "verb": "kill", "allowed": ["nginx"]}),
    ],
)
def test_what_is_too_wide_or_ambiguous_is_refused(name: str, parameters: Settings) -> None:
    with pytest.raises(ValidationError):
        operation(name).parameters.model_validate(parameters)
