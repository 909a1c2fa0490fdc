"""The embedded redis-server, with real binaries: no crash of it or of its bot loses a fact or leaves two servers."""

import asyncio
import os
import shutil
import signal
import stat
import sys
import tempfile
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NoReturn
from urllib.parse import unquote, urlsplit

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from bot.store.embedded import EmbeddedRedis, EmbeddedRedisError, find_binary, open_embedded

ROOT = Path(__file__).parents[2]

BOT = """
import asyncio, signal, sys
from pathlib import Path
from redis.asyncio import Redis
from bot.store.embedded import open_embedded

signal.signal(signal.SIGINT, signal.default_int_handler)  # who is started in the background inherits that it is ignored

async def main():
    async with open_embedded(Path(sys.argv[1]), sys.argv[2]) as server, Redis.from_url(server.url) as client:
        await client.set("incident", "INC-42")
        print("server", server.pid, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


def absent(what: str) -> NoReturn:
    """Skips, but not in CI, which has both."""
    assert "CI" not in os.environ, what
    pytest.skip(what)


@pytest.fixture(params=["on the PATH", "bundled"])
def binary(request: pytest.FixtureRequest) -> str:
    try:
        return find_binary() if request.param == "on the PATH" else find_binary(search_path="")
    except EmbeddedRedisError as missing:
        absent(str(missing))


@pytest.fixture(params=["short path", "path too long for a socket"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return tmp_path / ("data of the bot" if request.param == "short path" else "d" * 120)


@pytest.fixture
def short_folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


@asynccontextmanager
async def client_of(server: EmbeddedRedis) -> AsyncIterator[Redis]:
    async with Redis.from_url(server.url, decode_responses=True) as client:
        yield client


@asynccontextmanager
async def other_bot(folder: Path, binary: str) -> AsyncIterator[tuple[Process, int]]:
    """A bot in a process of its own that has recorded INC-42, and the pid of its redis-server."""
    bot = await asyncio.create_subprocess_exec(sys.executable, "-c", BOT, folder, binary, cwd=ROOT, stdout=PIPE)
    assert bot.stdout is not None
    try:
        line = b""
        while not line.startswith(b"server "):
            line = await bot.stdout.readline()
            assert line, "the other bot ended without a server"
        yield bot, int(line.split()[1])
    finally:
        if bot.returncode is None:
            bot.terminate()
        await bot.communicate()


async def killed_bot(folder: Path, binary: str) -> int:
    """Kill a bot the hard way, and give the pid of the redis-server it leaves behind."""
    async with other_bot(folder, binary) as (bot, server_pid):
        bot.kill()
        await bot.wait()
    return server_pid


async def first_answer(client: Redis, within: float = 40.0) -> str:
    """The incident on record, asked for again and again until a server answers."""
    async with asyncio.timeout(within):
        while True:
            try:
                return str(await client.get("incident"))
            except RedisError:
                await asyncio.sleep(0.01)


async def until(condition: Callable[[], bool], within: float = 40.0) -> None:
    async with asyncio.timeout(within):
        while not condition():  # noqa: ASYNC110 - processes end without telling us
            await asyncio.sleep(0.01)


def socket_of(server: EmbeddedRedis) -> Path:
    return Path(unquote(urlsplit(server.url).path))


def files(folder: Path) -> list[Path]:
    return [place for place in folder.rglob("*") if place.is_file()]


def servers(folder: Path) -> list[int]:
    """The pids of the living redis-servers whose files are in the folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if "redis-server" in (process / "cmdline").read_text() and (process / "cwd").readlink() == folder:
                found.append(int(process.name))
        except OSError:
            continue  # it ended while we looked
    return found


async def test_what_was_written_is_there_after_a_clean_stop_which_leaves_no_process(folder: Path, binary: str) -> None:
    async with open_embedded(folder, binary) as server, client_of(server) as client:
        await client.set("incident", "INC-42")
        assert servers(folder) == [server.pid]
        socket_folder = socket_of(server).parent
    assert servers(folder) == []
    assert list(socket_folder.glob("*.sock")) == []
    assert socket_folder in (folder, Path(tempfile.gettempdir(), socket_folder.name))
    assert socket_folder.exists() == (socket_folder == folder)

    async with open_embedded(folder, binary) as server, client_of(server) as client:
        assert await client.get("incident") == "INC-42"


async def test_after_kill_9_of_the_server_the_same_client_reads_on_by_itself(folder: Path, binary: str) -> None:
    async with open_embedded(folder, binary) as server, client_of(server) as client:
        await client.set("incident", "INC-42")
        killed = server.pid
        assert killed is not None
        os.kill(killed, signal.SIGKILL)
        assert await first_answer(client) == "INC-42"
        assert servers(folder) == [server.pid]
        assert server.pid != killed
        assert server.failure is None
    assert servers(folder) == []


async def test_after_kill_9_of_the_bot_the_next_one_ends_the_orphan_and_has_the_data(folder: Path, binary: str) -> None:
    orphan = await killed_bot(folder, binary)
    assert servers(folder) == [orphan]

    async with open_embedded(folder, binary) as server, client_of(server) as client:
        assert await client.get("incident") == "INC-42"
        assert server.pid != orphan
        assert servers(folder) == [server.pid]
    assert servers(folder) == []


async def test_an_orphan_that_hangs_is_ended_too(short_folder: Path, binary: str) -> None:
    orphan = await killed_bot(short_folder, binary)
    os.kill(orphan, signal.SIGSTOP)

    async with open_embedded(short_folder, binary) as server, client_of(server) as client:
        assert await client.get("incident") == "INC-42"
        assert servers(short_folder) == [server.pid]
        assert server.pid != orphan


async def test_an_orphan_that_cannot_be_identified_is_neither_joined_nor_doubled(short_folder: Path) -> None:
    orphan = await killed_bot(short_folder, find_binary())
    try:
        (short_folder / "redis.pid").unlink()
        with pytest.raises(EmbeddedRedisError, match="earlier start still uses the data folder"):
            async with open_embedded(short_folder):
                pass
        assert servers(short_folder) == [orphan]
    finally:
        os.kill(orphan, signal.SIGTERM)
    async with open_embedded(short_folder) as server, client_of(server) as client:
        assert await client.get("incident") == "INC-42"


async def test_a_stale_pid_file_that_names_another_process_harms_nobody(short_folder: Path) -> None:
    async with open_embedded(short_folder / "other") as bystander:
        before = bystander.pid
        (short_folder / "redis.pid").write_text(f"{before}\n")
        async with open_embedded(short_folder) as server:
            assert servers(short_folder) == [server.pid]
        assert servers(short_folder / "other") == [before]


async def test_a_second_bot_on_the_same_folder_is_refused_and_told_who_has_it(short_folder: Path, binary: str) -> None:
    async with other_bot(short_folder, binary) as (bot, server_pid):
        with pytest.raises(EmbeddedRedisError) as refusal:
            async with open_embedded(short_folder, binary):
                pass
        assert str(refusal.value) == (
            f"The data folder {short_folder} is in use by another running bot (process {bot.pid}). "
            "Stop that one first, or name another folder."
        )
        assert servers(short_folder) == [server_pid]
    async with open_embedded(short_folder, binary) as server, client_of(server) as client:
        assert await client.get("incident") == "INC-42"


async def test_a_bot_that_is_asked_to_end_takes_its_server_along(short_folder: Path) -> None:
    async with other_bot(short_folder, find_binary()) as (bot, _):
        bot.send_signal(signal.SIGINT)
        await bot.wait()
        assert servers(short_folder) == []


async def test_ctrl_c_in_the_terminal_does_not_reach_the_server(short_folder: Path) -> None:
    async with open_embedded(short_folder) as server:
        assert server.pid is not None
        assert os.getsid(server.pid) == server.pid


async def test_a_server_that_keeps_crashing_is_given_up_with_a_sentence(short_folder: Path, binary: str) -> None:
    async with open_embedded(short_folder, binary) as server:
        for _ in range(5):
            await until(lambda: server.pid is not None)
            killed = server.pid
            assert killed is not None
            os.kill(killed, signal.SIGKILL)
            await until(lambda: server.pid != killed)  # noqa: B023 - awaited within the round
        await until(lambda: server.failure is not None)
        assert "ended 5 times within 30 seconds" in str(server.failure)
        assert str(short_folder / "redis.log") in str(server.failure)
        assert server.pid is None
        assert servers(short_folder) == []


async def test_the_server_writes_every_fact_to_disk_refuses_to_forget_and_has_no_port(
    short_folder: Path, binary: str
) -> None:
    async with open_embedded(short_folder, binary) as server, client_of(server) as client:
        settings = await client.config_get("*")
    assert {name: settings[name] for name in ("appendonly", "appendfsync", "save", "maxmemory-policy", "port")} == {
        "appendonly": "yes",
        "appendfsync": "always",
        "save": "",
        "maxmemory-policy": "noeviction",
        "port": "0",
    }


async def test_nobody_else_on_the_machine_can_read_the_data(folder: Path, binary: str) -> None:
    async with open_embedded(folder, binary) as server, client_of(server) as client:
        await client.set("incident", "INC-42")
        socket = socket_of(server)
        assert {place.suffix for place in files(folder)} >= {".aof", ".log", ".lock", ".pid"}
        for place in (folder, socket.parent, socket, *files(folder)):
            assert stat.S_IMODE(place.stat().st_mode) & 0o077 == 0, place


async def test_the_server_does_not_get_the_tokens_of_the_bot(
    short_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "token-of-the-bot")
    seen = tmp_path / "environment"
    talkative = tmp_path / "redis-server"
    talkative.write_text(f'#!/bin/sh\n/usr/bin/env >"{seen}"\nexec {find_binary()} "$@"\n')
    talkative.chmod(0o700)
    async with open_embedded(short_folder, str(talkative)):
        assert "LC_ALL=C" in seen.read_text()
        assert "token-of-the-bot" not in seen.read_text()


async def test_a_broken_file_stops_the_start_with_the_last_words_of_the_server(short_folder: Path, binary: str) -> None:
    async with open_embedded(short_folder, binary) as server, client_of(server) as client:
        await client.set("incident", "INC-42")
    (written,) = (file for file in files(short_folder) if file.suffix == ".aof" and b"INC-42" in file.read_bytes())
    written.write_bytes(b"this is no command\r\n" + written.read_bytes())

    with pytest.raises(EmbeddedRedisError) as refusal:
        async with open_embedded(short_folder, binary):
            pass
    assert "Bad file format reading the append only file" in str(refusal.value)
    assert f"all of them: {short_folder / 'redis.log'}" in str(refusal.value)
    assert servers(short_folder) == []


async def test_a_folder_that_cannot_be_made_is_refused_with_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EmbeddedRedisError, match=r"file/data cannot be used: Not a directory\. Name one that the bot"):
        async with open_embedded(tmp_path / "file" / "data"):
            pass


async def test_a_program_that_is_no_server_is_refused_with_its_words(short_folder: Path) -> None:
    with pytest.raises(EmbeddedRedisError, match=r"ended at once on the data folder .*Try '.*--help'"):
        async with open_embedded(short_folder, shutil.which("cat")):
            pass
    with pytest.raises(EmbeddedRedisError, match="/nowhere/redis-server cannot be started: No such file"):
        async with open_embedded(short_folder, "/nowhere/redis-server"):
            pass


async def test_redis_6_refuses_the_files_of_redis_7_instead_of_starting_empty(short_folder: Path) -> None:
    try:
        old, new = find_binary(search_path=""), find_binary()
    except EmbeddedRedisError as missing:
        absent(str(missing))
    if old == new:
        absent("there is no redis-server on the PATH")
    async with open_embedded(short_folder, new) as server, client_of(server) as client:
        if (await client.info("server"))["redis_version"].startswith("6."):
            pytest.skip("the redis-server on the PATH is a 6")
        await client.set("incident", "INC-42")

    with pytest.raises(EmbeddedRedisError, match=r"written by Redis 7 or newer, and .* is version 6\.2"):
        async with open_embedded(short_folder, old):
            pass
    async with open_embedded(short_folder, new) as server, client_of(server) as client:
        assert await client.get("incident") == "INC-42"


async def test_redis_7_takes_over_the_files_of_redis_6(short_folder: Path) -> None:
    async with open_embedded(short_folder, find_binary(search_path="")) as server, client_of(server) as client:
        await client.set("incident", "INC-42")
    async with open_embedded(short_folder, find_binary()) as server, client_of(server) as client:
        assert await client.get("incident") == "INC-42"


async def test_nobody_reaches_the_server_after_its_end(short_folder: Path, binary: str) -> None:
    async with open_embedded(short_folder, binary) as server:
        pass
    async with client_of(server) as client:
        with pytest.raises(RedisError):
            await client.ping()


def test_the_server_on_the_path_comes_before_the_bundled_one(tmp_path: Path) -> None:
    installed = tmp_path / "redis-server"
    installed.touch(mode=0o700)
    assert find_binary(search_path=str(tmp_path)) == str(installed)


def test_without_any_server_the_person_reads_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(EmbeddedRedisError) as missing:
        find_binary(search_path=str(tmp_path), package="not_installed_here")
    for advice in ("apt install redis-server", "brew install redis", "set REDIS_URL", "Python 3.11 and 3.12"):
        assert advice in str(missing.value)
