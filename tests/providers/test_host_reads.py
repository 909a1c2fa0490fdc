"""What is read from a machine over SSH, and what is said of one that is hung, gone, closed to us or not itself."""

import asyncio
import os
import re
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from time import monotonic, time

import asyncssh
import pytest
from docker_engine import permitted
from pydantic import ValidationError
from readings import Settings, measured, missing, read, refusal, spoken, summary
from ssh_server import SshServer, serving

from bot.core.errors import Denied, TargetError, TimedOut, Unreachable
from bot.providers import operation
from tests.ports import NOBODY

READS: dict[str, dict[str, object]] = {
    "host.processes": {"pattern": "python"},
    "host.ports": {"port": 22},
    "host.disk": {"path": "/"},
    "host.folders": {"path": "/tmp"},  # noqa: S108
    "host.newest": {"path": "/tmp"},  # noqa: S108
    "host.backup": {"path": "/tmp"},  # noqa: S108
    "host.unit": {"name": "agente-api"},
    "host.journal": {"unit": "agente-api"},
    "log_file.lines": {},
}
DAY = 86_400


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[SshServer]:
    async with serving(tmp_path / "machine", permitted("ssh-authorized-keys")[0]) as server:
        yield server


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    return folder


def filed(folder: Path, name: str, size: int, age_days: float) -> Path:
    """A file of this size that was last changed so long ago."""
    file = folder / name
    file.write_bytes(b"x" * size)
    changed = time() - age_days * DAY
    os.utime(file, (changed, changed))
    return file


async def test_a_list_of_processes_that_is_not_read_to_its_end_counts_nothing(server: SshServer) -> None:
    long = server.folder / "bin" / "ps"
    long.write_text("#!/bin/sh\nyes '41 7 python -m app' | head -c 2000000\n")
    long.chmod(0o755)
    error = await refusal("host.processes", server.address(), pattern="redis")
    assert spoken(error) == f"`ps` on 127.0.0.1:{server.port} writes more than is read."


async def test_processes_are_counted_without_counting_the_search(server: SshServer) -> None:
    word = "only-this-poller"
    nobody = await read("host.processes", server.address(), pattern=word)
    assert measured(nobody)["count"] == 0
    assert missing(nobody, "oldest_s") == "no process matches"
    words = ("sh", "-c", "read _; exit", word, "--password=s3same")
    poller = await asyncio.create_subprocess_exec(*words, stdin=asyncio.subprocess.PIPE)
    try:
        reading = await read("host.processes", server.address(), pattern=word)
    finally:
        await poller.communicate(b"\n")
    assert measured(reading)["count"] == 1
    assert summary(reading) == f"1 processes with “{word}”"
    assert reading.evidence[0].startswith(f"{poller.pid}  ")
    assert "s3same" not in repr(reading)


async def test_a_port_listens_until_it_is_closed(server: SshServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        reading = await read("host.ports", server.address(), port=port)
    assert measured(reading) == {"listening": True, "local_only": True}
    assert reading.evidence == (f"127.0.0.1 port {port}",)
    closed = await read("host.ports", server.address(), port=port)
    assert measured(closed) == {"listening": False, "local_only": None}
    assert summary(closed) == f"nothing listens on port {port}"


async def test_a_port_open_to_all_is_told_apart_even_in_ipv6(server: SshServer) -> None:
    with socket.create_server(("::", 0), family=socket.AF_INET6) as listener:
        reading = await read("host.ports", server.address(), port=listener.getsockname()[1])
    assert measured(reading) == {"listening": True, "local_only": False}
    assert reading.evidence[0].startswith(":: port")


async def test_the_disk_is_as_full_as_df_says(server: SshServer, data: Path) -> None:
    reading = await read("host.disk", server.address(), path=str(data))
    disk = os.statvfs(data)
    used = disk.f_blocks - disk.f_bfree
    assert measured(reading)["used_percent"] == pytest.approx(100 * used / (used + disk.f_bavail), abs=0.2)
    assert measured(reading)["free_mb"] == pytest.approx(disk.f_bavail * disk.f_frsize / 1024**2, rel=0.02)
    assert "no /nowhere" in spoken(await refusal("host.disk", server.address(), path="/nowhere"))


async def test_the_biggest_folders_come_first(server: SshServer, data: Path) -> None:
    for name, size in (("chroma", 3_000_000), ("uploads", 1_000_000)):
        (data / name).mkdir()
        (data / name / "file").write_bytes(b"x" * size)
    (data / "loose.db").write_bytes(b"x" * 500_000)
    reading = await read("host.folders", server.address(), path=str(data), top=2)
    values = measured(reading)
    assert values["entries"] == 3
    assert values["exists"] is True
    assert values["largest_mb"] == pytest.approx(2.9, abs=0.1)
    assert values["total_mb"] == pytest.approx(4.3, abs=0.2)
    assert [line.rpartition("/")[2] for line in reading.evidence] == ["chroma", "uploads"]


async def test_a_missing_or_empty_folder_is_a_finding(server: SshServer, data: Path) -> None:
    assert measured(await read("host.folders", server.address(), path=str(data)))["entries"] == 0
    absent = await read("host.folders", server.address(), path=f"{data}/chroma")
    assert {"exists": False, "entries": 0}.items() <= measured(absent).items()
    assert summary(absent) == f"there is no {data}/chroma"


async def test_a_week_of_backups_is_checked_for_age_size_and_gaps(server: SshServer, data: Path) -> None:
    for day in (0.02, 1, 2, 4, 5, 6, 7):
        filed(data, f"db_{day}.dump", 2_097_152, day)
    reading = await read("host.newest", server.address(), path=str(data), pattern="db_*")
    values = measured(reading)
    assert values["files"] == 7
    assert values["age_h"] == 0.5
    assert values["size_mb"] == 2.0
    assert values["size_percent"] == 100
    assert values["days_without"] == 1
    assert len(reading.evidence) == 7
    assert reading.evidence[0].endswith("2.0 MB  db_0.02.dump")


async def test_a_late_and_shrunken_backup_shows_in_its_figures(server: SshServer, data: Path) -> None:
    filed(data, "db_old.dump", 1_000_000, 7)
    filed(data, "db_new.dump", 10_000, 2)
    values = measured(await read("host.newest", server.address(), path=str(data), pattern="db_*"))
    assert values["age_h"] == 48.0
    assert values["size_percent"] == 1
    assert values["days_without"] == 5


async def test_a_backup_that_is_a_folder_is_measured_by_what_it_holds(server: SshServer, data: Path) -> None:
    (data / "chroma_latest").mkdir()
    (data / "chroma_latest" / "chroma.sqlite3").write_bytes(b"x" * 2_000_000)
    reading = await read("host.newest", server.address(), path=str(data), pattern="chroma_latest")
    assert measured(reading)["size_mb"] == pytest.approx(1.9, abs=0.1)
    assert measured(reading)["age_h"] == 0.0


async def test_no_backup_at_all_is_zero_files(server: SshServer, data: Path) -> None:
    for path in (str(data), f"{data}/gone"):
        reading = await read("host.newest", server.address(), path=path, pattern="db_*")
        assert measured(reading)["files"] == 0
        assert "fits db_*" in missing(reading, "age_h")


async def test_a_unit_tells_whether_it_is_active(server: SshServer) -> None:
    server.unit("postgresql.service")
    server.unit("nginx.service", active="failed", sub="failed", Result="exit-code", NRestarts="5")
    values = measured(await read("host.unit", server.address(), name="postgresql"))
    assert values == {"active": True, "state": "active", "sub": "running", "restarts": 0, "result": "success"}
    failed = await read("host.unit", server.address(), name="nginx.service")
    assert measured(failed)["active"] is False
    assert measured(failed)["restarts"] == 5
    assert summary(failed) == "nginx.service is failed (failed), result exit-code"
    error = await refusal("host.unit", server.address(), name="redis")
    assert "has no unit redis.service that can be used (not-found)" in spoken(error)


async def test_the_journal_of_a_unit_is_read_masked_and_with_its_times(server: SshServer) -> None:
    server.unit("agente-api.service")
    server.journal("agente-api", "INFO ready", "ERROR login of maria@example.com failed", "Traceback\n  File x")
    reading = await read("host.journal", server.address(), unit="agente-api", contains=["error"], minutes=5)
    assert {"lines": 4, "matched": 1}.items() <= measured(reading).items()
    assert measured(reading)["newest_age_s"] in (0, 1, 2)
    assert reading.evidence == ("agente-api.service: agente-api[41]: ERROR login of ***@example.com failed",)
    server.unit("silent.service")
    assert summary(await read("host.journal", server.address(), unit="silent")) == "no log lines there"


async def test_a_journal_closed_to_the_user_says_which_group_is_missing(server: SshServer) -> None:
    (server.units / "closed-journal").touch()
    error = await refusal("host.journal", server.address(), unit="agente-api")
    assert isinstance(error, Denied)
    assert "`usermod -aG systemd-journal plantao`" in spoken(error)


async def test_a_folder_closed_to_the_user_says_what_to_grant(server: SshServer, data: Path) -> None:
    os.chmod(data, 0o700 if os.geteuid() == 0 else 0)
    server.is_nobody = True
    for name in ("host.folders", "host.newest"):
        error = await refusal(name, server.address(), path=str(data))
        assert isinstance(error, Denied), spoken(error)
        assert f"`setfacl -m u:plantao:rX {data}`" in spoken(error)
    os.chmod(data, 0o700)


@pytest.mark.parametrize("way", ["fingerprint", "known_hosts"])
async def test_another_host_key_than_the_pinned_one_is_never_trusted(server: SshServer, way: str) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519")
    wrong = {
        "fingerprint": {"fingerprint": other.get_fingerprint("sha256")},
        "known_hosts": {
            "fingerprint": "",
            "known_hosts": f"[127.0.0.1]:{server.port} {other.export_public_key().decode()}",
        },
    }
    error = await refusal("host.ports", server.address(**wrong[way]), port=22)
    assert "shows another host key" in spoken(error)
    assert server.ran == []


async def test_a_host_that_known_hosts_does_not_list_is_not_trusted(server: SshServer) -> None:
    lines = f"other.example.com {server.host_key.export_public_key().decode()}"
    await refusal("host.ports", server.address(fingerprint="", known_hosts=lines), port=22)
    assert server.ran == []
    pinned = server.address(fingerprint="", known_hosts=server.known_hosts())
    assert measured(await read("host.ports", pinned, port=server.port))["listening"] is True


async def test_a_wrong_user_key_is_named_without_being_shown(server: SshServer) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519").export_private_key().decode()
    error = await refusal("host.disk", server.address(key=other))
    assert isinstance(error, Denied)
    assert "Add its public half" in spoken(error)
    broken = await refusal("host.disk", server.address(key="s3same"))
    assert "not in OpenSSH format" in spoken(broken)


async def test_a_hung_machine_times_out_every_check_within_its_limit(server: SshServer) -> None:
    server.is_hung = True
    begun = monotonic()
    address = server.address()
    calls = [
        refusal(name, {**address, "path": "/var/log/app.log"} if name.startswith("log") else address, **parameters)
        for name, parameters in READS.items()
        if name not in {"host.folders", "host.journal"}  # the two that may take longer
    ]
    errors = await asyncio.gather(*calls)
    assert monotonic() - begun < 30
    assert [type(error) for error in errors] == [TimedOut] * len(calls)


async def test_a_machine_that_accepts_and_says_nothing_times_out_at_the_login(server: SshServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        error = await refusal("host.disk", server.address(port=mute.getsockname()[1]))
    assert isinstance(error, TimedOut)


async def test_a_dead_machine_is_unreachable(server: SshServer) -> None:
    address = server.address(port=NOBODY)
    for name, parameters in READS.items():
        whole = {**address, "path": "/var/log/app.log"} if name.startswith("log") else address
        error = await refusal(name, whole, **parameters)
        assert isinstance(error, Unreachable)
    assert "nothing listens there" in spoken(error)


async def test_a_connection_that_breaks_under_way_is_unreachable(server: SshServer) -> None:
    server.cut_after = "ps"
    assert isinstance(await refusal("host.processes", server.address(), pattern="python"), Unreachable)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("host.processes", {"pattern": "x; rm -rf /"}),
        ("host.processes", {"pattern": "$(id)"}),
        ("host.folders", {"path": "/data/../etc"}),
        ("host.folders", {"path": "data"}),
        ("host.folders", {"path": "/data; id"}),
        ("host.newest", {"path": "/data", "pattern": "../*"}),
        ("host.unit", {"name": "--now"}),
        ("host.unit", {"name": "a b"}),
        ("host.ports", {"port": 70000}),
    ],
)
def test_words_that_do_not_belong_into_a_command_are_refused(name: str, parameters: Settings) -> None:
    with pytest.raises(ValidationError):
        operation(name).parameters.model_validate(parameters)


@pytest.mark.parametrize("missing_part", ["key", "fingerprint"])
def test_an_address_without_key_or_pin_is_refused(missing_part: str) -> None:
    whole = {"host": "db1", "key": "s3same", "fingerprint": "SHA256:" + "A" * 43}
    with pytest.raises(ValidationError) as caught:
        operation("host.disk").address.model_validate({**whole, missing_part: ""})
    assert "s3same" not in str(caught.value)
    assert re.search(r"key is missing|give known_hosts", str(caught.value))


async def test_a_machine_without_the_program_says_which(server: SshServer) -> None:
    server.programs.clear()
    error = await refusal("host.disk", server.address())
    assert type(error) is TargetError
    assert "has no program `df`" in spoken(error)
