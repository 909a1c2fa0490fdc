"""`host.backup` on a real machine: the checksum, what stands beside the file, and whether it can be read to its end."""

import gzip
import hashlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from docker_engine import permitted
from readings import Settings, measured, missing, read, refusal, spoken, summary
from ssh_server import SshServer, serving

from bot.core.findings import Reading

DUMP = b"CREATE TABLE etps ();\n" * 2000 + b"--\n-- PostgreSQL database dump complete\n--\n\n"


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[SshServer]:
    async with serving(tmp_path / "machine", permitted("ssh-authorized-keys")[0]) as server:
        yield server


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "backups"
    folder.mkdir()
    return folder


def checksum(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def packed(folder: Path, name: str = "etp_1.sql.gz") -> Path:
    file = folder / name
    file.write_bytes(gzip.compress(DUMP))
    return file


def written_beside(file: Path, words: str) -> None:
    Path(f"{file}.sha256").write_text(words, encoding="utf-8")


async def of(server: SshServer, data: Path, **other: object) -> Reading:
    found: Settings = server.address()
    return await read("host.backup", found, path=str(data), pattern="*.sql*", **other)


async def test_a_whole_backup_is_told_with_its_checksum(server: SshServer, data: Path) -> None:
    file = packed(data)
    reading = await of(server, data)
    assert {"files": 1, "age_h": 0.0, "differs": False, "damaged": False}.items() <= measured(reading).items()
    assert reading.evidence[0] == f"sha256 {checksum(file)}"
    assert summary(reading).endswith("with no .sha256 beside it to compare with")
    written_beside(file, f"{checksum(file)}  {file.name}\n")
    again = await of(server, data)
    assert measured(again)["files"] == 1, "a checksum is no backup"
    assert summary(again).endswith(f"sha256 {checksum(file)[:12]} as its .sha256 says")


@pytest.mark.parametrize("beside", ["0" * 64 + "  etp_1.sql.gz\n", "", "not a checksum"])
async def test_a_backup_that_is_not_what_was_written_is_told_apart(server: SshServer, data: Path, beside: str) -> None:
    written_beside(packed(data), beside)
    reading = await of(server, data)
    assert measured(reading)["differs"] is True
    assert "which is NOT what its .sha256 says" in summary(reading)


async def test_a_backup_that_breaks_off_is_damaged_packed_or_not(server: SshServer, data: Path) -> None:
    file = packed(data)
    file.write_bytes(file.read_bytes()[:-20])
    assert measured(await of(server, data))["damaged"] is True
    file.unlink()
    plain = data / "etp_2.sql"
    plain.write_bytes(DUMP)
    assert measured(await of(server, data))["damaged"] is False
    plain.write_bytes(DUMP[:-60])
    broken = await of(server, data)
    assert measured(broken)["damaged"] is True
    assert "DAMAGED: it cannot be read to its end" in summary(broken)


async def test_a_kind_of_file_that_nothing_can_try_is_unknown_and_never_fine(server: SshServer, data: Path) -> None:
    (data / "etp.sql.xz").write_bytes(b"x")
    assert "nothing here can try" in missing(await of(server, data), "damaged")
    (data / "etp.sql.xz").unlink()
    (data / "etp.sql.dump").write_bytes(b"x")
    assert "has no program `pg_restore`" in missing(await of(server, data), "damaged")


async def test_no_backup_is_no_files_and_a_closed_one_says_what_to_grant(server: SshServer, data: Path) -> None:
    empty = await of(server, data)
    assert measured(empty)["files"] == 0
    assert "fits *.sql*" in missing(empty, "differs")
    assert "fits *.sql*" in missing(empty, "damaged")
    packed(data)
    os.chmod(data, 0o700 if os.geteuid() == 0 else 0)
    server.is_nobody = True
    error = await refusal("host.backup", server.address(), path=str(data), pattern="*.sql*")
    assert "setfacl" in spoken(error)
