"""Backups that are folders, over SSH: restored to a free place only, and pruned without losing the newest."""

import os
from collections.abc import AsyncIterator
from pathlib import Path
from time import time

import pytest
from data_changes import execute, lines, preview, refused, warnings
from pydantic import ValidationError
from readings import Settings, rendered, spoken
from ssh_server import SshServer, serving

from bot.core.errors import Unreachable
from bot.core.text import Text
from bot.providers import operation

DAY = 86_400
MB = 1024 * 1024


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[SshServer]:
    async with serving(tmp_path / "machine") as server:
        yield server


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    return folder


def backup(data: Path, name: str, days: float = 1, size: int = 100) -> Path:
    """A folder as `cp -r` of a Chroma store leaves it, that many days old."""
    folder = data / name
    (folder / "index").mkdir(parents=True)
    (folder / "chroma.sqlite3").write_bytes(b"x" * size)
    (folder / "index" / "data.bin").write_bytes(b"y" * size)
    for path in (folder / "chroma.sqlite3", folder / "index" / "data.bin", folder / "index", folder):
        os.utime(path, (time() - days * DAY, time() - days * DAY))
    return folder


def tops(data: Path) -> set[str]:
    return {one.name for one in data.iterdir()}


def restoring(data: Path, **others: object) -> Settings:
    return {"source": f"{data}/chroma_latest", "to": f"{data}/chroma", **others}


async def test_a_backup_is_copied_to_the_free_place_and_stays_itself(server: SshServer, data: Path) -> None:
    folder = backup(data, "chroma_latest", size=MB)
    shown = await preview("host.restore_folder", server.address(), **restoring(data))
    assert lines(shown)["folder"] == ("—", f"{data}/chroma")
    assert lines(shown)["files in it"] == ("—", "2 (2.0 MB)")
    assert "written after this backup" in warnings(shown)
    assert shown.undo == {}
    again = await preview("host.restore_folder", server.address(), **shown.arguments)
    assert again.fingerprint == shown.fingerprint
    said = await execute("host.restore_folder", server.address(), shown)
    assert said == f"{data}/chroma was restored from {data}/chroma_latest: 2 files, 2.0 MB"
    assert (data / "chroma" / "index" / "data.bin").read_bytes() == b"y" * MB
    assert tops(data) == {"chroma", "chroma_latest"}
    assert tops(folder) == {"chroma.sqlite3", "index"}


async def test_a_link_to_the_latest_backup_is_followed(server: SshServer, data: Path) -> None:
    backup(data, "chroma_2026-11-20")
    os.symlink(data / "chroma_2026-11-20", data / "chroma_latest")
    shown = await preview("host.restore_folder", server.address(), **restoring(data))
    await execute("host.restore_folder", server.address(), shown)
    assert tops(data / "chroma") == {"chroma.sqlite3", "index"}
    assert not (data / "chroma").is_symlink()


async def test_nothing_is_restored_over_or_into_what_is_there(server: SshServer, data: Path) -> None:
    backup(data, "chroma_latest")
    shown = await preview("host.restore_folder", server.address(), **restoring(data))
    backup(data, "chroma")
    words = f"already something at {data}/chroma; move it aside"
    assert words in spoken(await refused(preview("host.restore_folder", server.address(), **restoring(data))))
    assert words in spoken(await refused(execute("host.restore_folder", server.address(), shown)))
    os.rename(data / "chroma", data / "chroma.restoring")
    assert "chroma.restoring; move it aside" in spoken(
        await refused(preview("host.restore_folder", server.address(), **restoring(data)))
    )
    assert not any(argv[0] in {"cp", "mv"} for argv in server.ran)


async def test_nothing_is_restored_or_moved_while_somebody_writes_there(server: SshServer, data: Path) -> None:
    unit = server.unit("backend.service")
    backup(data, "chroma_latest")
    wanted = restoring(data, stopped="backend.service")
    words = "backend.service is active and writes there: stop it first"
    assert words in spoken(await refused(preview("host.restore_folder", server.address(), **wanted)))
    aside = {"folder": f"{data}/chroma_latest", "stopped": "backend"}
    assert words in spoken(await refused(preview("host.move_aside", server.address(), **aside)))
    (unit / "ActiveState").write_text("inactive\n")
    shown = await preview("host.restore_folder", server.address(), **wanted)
    moved = await preview("host.move_aside", server.address(), **aside)
    assert moved.undo["stopped"] == "backend"
    (unit / "ActiveState").write_text("active\n")
    assert words in spoken(await refused(execute("host.restore_folder", server.address(), shown)))
    assert words in spoken(await refused(execute("host.move_aside", server.address(), moved)))
    assert tops(data) == {"chroma_latest"}


async def test_a_backup_that_changed_since_the_approval_is_not_restored(server: SshServer, data: Path) -> None:
    folder = backup(data, "chroma_latest")
    shown = await preview("host.restore_folder", server.address(), **restoring(data))
    (folder / "chroma.sqlite3").write_bytes(b"other")
    error = await refused(execute("host.restore_folder", server.address(), shown))
    assert "no longer looks as it was shown" in spoken(error)
    assert tops(data) == {"chroma_latest"}


async def test_what_is_no_backup_is_refused(server: SshServer, data: Path) -> None:
    assert "has no" in spoken(await refused(preview("host.restore_folder", server.address(), **restoring(data))))
    backup(data, "chroma_latest", size=0)
    assert "that is no backup" in spoken(
        await refused(preview("host.restore_folder", server.address(), **restoring(data)))
    )
    backup(data, "chroma_2026")
    elsewhere = {"source": f"{data}/chroma_2026", "to": f"{data}/gone/chroma"}
    assert f"has no {data}/gone" in spoken(await refused(preview("host.restore_folder", server.address(), **elsewhere)))


async def test_a_copy_that_breaks_off_is_never_taken_for_the_folder(server: SshServer, data: Path) -> None:
    backup(data, "chroma_latest")
    shown = await preview("host.restore_folder", server.address(), **restoring(data))
    server.cut_after = "cp"
    error = await refused(execute("host.restore_folder", server.address(), shown))
    assert isinstance(error, Unreachable)
    assert "chroma is not there yet" in spoken(error)
    assert tops(data) == {"chroma_latest", "chroma.restoring"}
    assert [argv[0] for argv in server.ran].count("cp") == 1


async def test_an_incomplete_copy_is_not_put_in_place(server: SshServer, data: Path) -> None:
    backup(data, "chroma_latest")
    shown = await preview("host.restore_folder", server.address(), **restoring(data))
    (server.folder / "bin" / "cp").write_text('#!/bin/sh\n/bin/cp "$@"; rm -r "$4/index"\n')
    (server.folder / "bin" / "cp").chmod(0o755)
    error = await refused(execute("host.restore_folder", server.address(), shown))
    assert "differs from" in spoken(error)
    assert tops(data) == {"chroma_latest", "chroma.restoring"}


async def test_a_lost_answer_to_the_last_step_is_looked_up(server: SshServer, data: Path) -> None:
    backup(data, "chroma_latest")
    shown = await preview("host.restore_folder", server.address(), **restoring(data))
    server.cut_after = "mv"
    assert "was restored" in await execute("host.restore_folder", server.address(), shown)
    assert [argv[0] for argv in server.ran].count("mv") == 1


async def test_old_backup_folders_go_and_the_newest_and_the_named_ones_stay(server: SshServer, data: Path) -> None:
    for day in range(1, 6):
        backup(data, f"chroma_{day}", day, MB)
    backup(data, "chroma_latest", 40)
    backup(data, "uploads", 90)
    (data / "chroma_notes.txt").write_text("keep me")
    wanted = {"folder": str(data), "pattern": "chroma_*", "keep": 3, "never": ["chroma_latest"]}
    shown = await preview("host.prune_folders", server.address(), **wanted)
    assert lines(shown)["folders to delete"] == ("2 (4.0 MB)", "—")
    assert lines(shown)["folders that stay"] == ("4", "4")
    assert lines(shown)["newest that stays"][0].endswith("chroma_1")
    assert "Nothing brings" in warnings(shown)
    assert len(tops(data)) == 8
    told: list[str] = []

    async def tell(text: Text) -> None:
        told.append(rendered(text))

    said = await execute("host.prune_folders", server.address(), shown, tell)
    assert (said, told) == (f"2 folders deleted from {data}, 4.0 MB freed", ["deleting 2 folders"])
    assert tops(data) == {"chroma_1", "chroma_2", "chroma_3", "chroma_latest", "uploads", "chroma_notes.txt"}


async def test_pruning_folders_refuses_when_one_of_them_changed(server: SshServer, data: Path) -> None:
    for day in range(1, 5):
        backup(data, f"chroma_{day}", day)
    wanted = {"folder": str(data), "pattern": "chroma_*", "keep": 2}
    shown = await preview("host.prune_folders", server.address(), **wanted)
    (data / "chroma_4" / "index" / "data.bin").write_bytes(b"rewritten")
    assert "no longer looks" in spoken(await refused(execute("host.prune_folders", server.address(), shown)))
    second = await preview("host.prune_folders", server.address(), **wanted)
    backup(data, "chroma_0", 0)
    assert "no longer looks" in spoken(await refused(execute("host.prune_folders", server.address(), second)))
    assert len(tops(data)) == 5


async def test_pruning_folders_never_leaves_only_an_empty_backup(server: SshServer, data: Path) -> None:
    wanted = {"folder": str(data), "pattern": "chroma_*", "keep": 2}
    assert "nothing to delete" in spoken(await refused(preview("host.prune_folders", server.address(), **wanted)))
    for day in range(1, 4):
        backup(data, f"chroma_{day}", day, 0 if day == 1 else 100)
    assert "backups is empty" in spoken(await refused(preview("host.prune_folders", server.address(), **wanted)))
    gone = {**wanted, "folder": f"{data}/gone"}
    assert "has no" in spoken(await refused(preview("host.prune_folders", server.address(), **gone)))


@pytest.mark.parametrize("name", ["host.prune_folders", "host.prune_backups"])
async def test_a_legal_hold_keeps_backups_too_even_after_the_approval(server: SshServer, data: Path, name: str) -> None:
    for day in range(1, 4):
        backup(data, f"chroma_{day}", day)
        (data / f"chroma_{day}.tar").write_bytes(b"x")
    wanted = {"folder": str(data), "pattern": "chroma_?" if name.endswith("folders") else "chroma_*.tar", "keep": 2}
    shown = await preview(name, server.address(), **wanted)
    (data / "LEGAL_HOLD").touch()
    assert "nothing may be deleted there" in spoken(await refused(execute(name, server.address(), shown)))
    assert "LEGAL_HOLD" in spoken(await refused(preview(name, server.address(), **wanted)))
    assert len(tops(data)) == 7


async def test_a_folder_with_a_strange_name_is_left_to_a_person(server: SshServer, data: Path) -> None:
    for day in range(1, 3):
        backup(data, f"chroma_{day}", day)
    backup(data, "chroma_3 $(id)", 3)
    wanted = {"folder": str(data), "pattern": "chroma_*", "keep": 2}
    assert "strange name" in spoken(await refused(preview("host.prune_folders", server.address(), **wanted)))


async def test_a_lost_answer_to_the_pruning_of_folders_is_looked_up(server: SshServer, data: Path) -> None:
    for day in range(1, 4):
        backup(data, f"chroma_{day}", day)
    shown = await preview("host.prune_folders", server.address(), folder=str(data), pattern="chroma_*", keep=2)
    server.cut_before = "rm"
    error = await refused(execute("host.prune_folders", server.address(), shown))
    assert "0 of 1 folders were deleted" in spoken(error)
    server.cut_after = "rm"
    assert "1 folders deleted" in await execute("host.prune_folders", server.address(), shown)
    assert tops(data) == {"chroma_1", "chroma_2"}


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("host.restore_folder", {"source": "/b", "to": "/data/../etc"}),
        ("host.restore_folder", {"source": "b", "to": "/data/chroma"}),
        ("host.restore_folder", {"source": "/b", "to": "/data/chroma", "stopped": "a b"}),
        ("host.prune_folders", {"folder": "/b", "pattern": "*", "keep": 3}),
        ("host.prune_folders", {"folder": "/b", "pattern": "chroma_*", "keep": 1}),
    ],
)
def test_a_path_or_pattern_that_is_too_wide_is_refused(name: str, parameters: Settings) -> None:
    with pytest.raises(ValidationError):
        operation(name).parameters.model_validate(parameters)
