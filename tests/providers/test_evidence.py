"""Evidence: logs of pods and of machines, masked, with checksums that hold, in a folder or in a bucket."""

import gzip
import hashlib
import json
import os
import stat
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from time import time
from typing import Any

import data_changes
import pytest
from aws_server import AwsServer
from kubernetes_room import (
    NAME,
    PERMISSIONS,
    Given,
    Room,
    execute,
    lines,
    open_room,
    preview,
    refusal,
    until,
    warnings,
)
from pydantic import ValidationError
from readings import Settings, read, rendered, spoken
from ssh_server import SshServer, serving

from bot.catalog.load import load_system
from bot.catalog.system import Catalog
from bot.core.errors import Denied
from bot.core.text import Text
from bot.providers import operation
from bot.providers.reach import CatalogTargets
from bot.settings import HERE
from sandbox.world.kubernetes.pod_logs import FAKE_EMAIL, FAKE_TOKEN, Said

pytest_plugins = ["aws_fixtures"]

BUCKET = "evidence"
GIVEN: Given = {"deployment": NAME}
CLOSED = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")


@pytest.fixture
async def room() -> AsyncIterator[Room]:
    async with open_room() as opened:
        yield opened


@pytest.fixture
async def machine(tmp_path: Path) -> AsyncIterator[SshServer]:
    (tmp_path / "machine").mkdir()
    async with serving(tmp_path / "machine") as server:
        yield server


def captures(folder: Path) -> list[Path]:
    return list(folder.iterdir())


def kept(folder: Path) -> dict[str, bytes]:
    """The files of the one capture in this folder."""
    (only,) = captures(folder)
    return {path.name: path.read_bytes() for path in only.iterdir()}


def listed(sums: bytes) -> dict[str, str]:
    return dict(reversed(line.split("  ")) for line in sums.decode().splitlines())


def require_sealed(files: dict[str, bytes], said: str) -> None:
    """Every file is in the list with its checksum, and the checksum of the list is what was said."""
    sums = files["SHA256SUMS"]
    assert said.endswith(hashlib.sha256(sums).hexdigest())
    others = {name: data for name, data in files.items() if name != "SHA256SUMS"}
    assert listed(sums) == {name: hashlib.sha256(data).hexdigest() for name, data in others.items()}


async def test_every_log_of_every_pod_is_kept_masked_with_checksums_that_hold(room: Room, tmp_path: Path) -> None:
    room.deploy("agente-api:2.5.0-broken")
    address = room.address("plantao-read") | {"folder": str(tmp_path)}
    await until(lambda: read("kubernetes.pods", room.address(), deployment=NAME), lambda one: one["crash_looping"] == 1)
    for number in range(1200):
        room.cluster.said.append(Said(NAME, f"hello {number} {FAKE_EMAIL} {FAKE_TOKEN}", datetime.now(UTC)))
    shown = await preview("capture_evidence", address, GIVEN)
    assert lines(shown)["logs to be kept"] == ("", "4")
    assert lines(shown)["kept in"] == ("", str(tmp_path))
    assert captures(tmp_path) == []
    told: list[str] = []
    said = await execute("capture_evidence", address, GIVEN, shown, told)
    assert told[-1] == "4 of 4 pods kept"
    (folder,) = captures(tmp_path)
    assert folder.name.startswith("agente-api-")
    assert {stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.iterdir())} == {0o700, 0o600}
    files = kept(tmp_path)
    require_sealed(files, said)
    everything = b"\n".join(files.values()).decode()
    for expected in ("KeyError: 'LLM_API_BASE'", "***@example.com", "hello 0 ", "hello 1199 "):
        assert expected in everything
    for secret in (FAKE_EMAIL, FAKE_TOKEN, "DB_POOL_SIZE", "CACHE_TTL"):
        assert secret not in everything
    assert len([name for name in files if name.endswith(".json")]) == 4
    assert len([name for name in files if name.endswith(".previous.log")]) == 1
    assert "previous terminated container" in files["MISSING"].decode()
    assert set(listed(files["ORIGINALS"])) == set(files) - {"ORIGINALS", "SHA256SUMS", "MISSING"}
    assert room.writes() == []


async def test_the_checksum_of_an_original_is_that_of_its_bytes_whatever_they_are(room: Room, tmp_path: Path) -> None:
    room.cluster.said.append(Said("redis", "caf\udce9 in another alphabet", datetime.now(UTC)))
    address, given = room.address() | {"folder": str(tmp_path)}, {"selector": "app=redis"}
    await execute("capture_evidence", address, given, await preview("capture_evidence", address, given))
    files = kept(tmp_path)
    (name,) = [name for name in files if name.endswith(".log")]
    assert "caf\ufffd in another" in files[name].decode()
    original = files[name].replace("\ufffd".encode(), b"\xe9")
    assert listed(files["ORIGINALS"])[name] == hashlib.sha256(original).hexdigest()


async def test_evidence_needs_a_place_of_its_own_pods_and_the_right_to_read_them(room: Room, tmp_path: Path) -> None:
    gone = room.address() | {"folder": f"{tmp_path}/nowhere"}
    said = spoken(await refusal(preview("capture_evidence", gone, GIVEN)))
    assert said.endswith("does not exist where the bot runs.")
    long = room.address() | {"folder": f"/{'a' * 290}"}
    assert "written: File name too long" in spoken(await refusal(preview("capture_evidence", long, GIVEN)))
    here = room.address() | {"folder": str(tmp_path)}
    nobody = await refusal(preview("capture_evidence", here, {"selector": "app=x"}))
    assert spoken(nobody) == "There is no such pod."
    blind = room.address(without=lambda rule: rule["resources"] == ["pods/log"]) | {"folder": str(tmp_path)}
    shown = await preview("capture_evidence", blind, GIVEN)
    assert isinstance(await refusal(execute("capture_evidence", blind, GIVEN, shown)), Denied)
    assert captures(tmp_path) == []


@pytest.mark.parametrize(
    "place", [{}, {"folder": "/srv/x", "bucket": "b-1"}, {"folder": "/srv/../etc"}, {"folder": "x"}]
)
def test_a_target_names_one_place_for_evidence(place: dict[str, str]) -> None:
    cluster = {"server": "https://127.0.0.1:1", "token": "t", "namespace": "production"}
    with pytest.raises(ValidationError):
        operation("kubernetes.capture_evidence").address.model_validate(cluster | place)


async def test_a_target_without_a_place_says_what_is_missing() -> None:
    cluster = {"SERVER": "https://127.0.0.1:1", "TOKEN": "t", "NAMESPACE": "production"}
    environ = {f"AGENTE_KUBERNETES_{name}": value for name, value in cluster.items()}
    systems = {"agente-ia": load_system(HERE / "catalog" / "agente-ia")}
    capture = systems["agente-ia"].actions["capture-evidence"]
    targets = CatalogTargets(Catalog(systems=systems), environ)
    nowhere = await refusal(targets.require_configured(capture))
    assert rendered(nowhere.text) == "not configured: cluster-evidence: give either folder or bucket"
    environ["AGENTE_EVIDENCE_FOLDER"] = "/srv/evidence"
    await targets.require_configured(capture)


async def test_the_access_log_of_a_machine_is_kept_with_what_was_rotated_of_it(
    machine: SshServer, tmp_path: Path
) -> None:
    nginx, place = tmp_path / "nginx", tmp_path / "kept"
    nginx.mkdir()
    place.mkdir()
    line = f'203.0.113.7 "GET /login?token={FAKE_TOKEN} HTTP/1.1" 200\n'
    packed = gzip.compress(b"yesterday\n")
    for name, data, days in (
        ("access.log", line.encode(), 0.0),
        ("access.log.1", b"earlier\n", 0.5),
        ("access.log.2.gz", packed, 0.9),
        ("access.log.3.gz", packed, 3.0),
        ("error.log", b"other\n", 0.0),
    ):
        (nginx / name).write_bytes(data)
        os.utime(nginx / name, (time() - days * 86400, time() - days * 86400))
    address: Settings = machine.address() | {"folder": str(place)}
    given = {"folder": str(nginx), "pattern": "access.log*", "hours": 24}
    shown = await data_changes.preview("host.capture_logs", address, **given)
    assert lines(shown)["files in all"] == ("", "3 (0.0 MB)")
    assert captures(place) == []
    said = await data_changes.execute("host.capture_logs", address, shown)
    files = kept(place)
    require_sealed(files, said)
    assert set(files) == {"access.log", "access.log.1", "access.log.2.txt", "ORIGINALS", "SHA256SUMS"}
    assert files["access.log.2.txt"] == b"yesterday\n"
    assert FAKE_TOKEN not in files["access.log"].decode()
    originals = listed(files["ORIGINALS"])
    assert originals["access.log"] == hashlib.sha256(line.encode()).hexdigest(), "as `sha256sum` says on the machine"
    assert originals["access.log.2.txt"] == hashlib.sha256(packed).hexdigest()


async def test_a_file_that_is_gone_or_broken_does_not_keep_the_others_from_being_kept(
    machine: SshServer, tmp_path: Path
) -> None:
    nginx, place = tmp_path / "nginx", tmp_path / "kept"
    nginx.mkdir()
    place.mkdir()
    whole = gzip.compress(b"monday\n") + gzip.compress(b"tuesday\n")
    logs = {"a.log": b"first\n", "b.log": b"gone\n", "c.log.gz": b"no gzip", "d.log.gz": whole, "e.log.gz": whole[:-9]}
    for age, (name, data) in enumerate(logs.items()):
        (nginx / name).write_bytes(data)
        os.utime(nginx / name, (time() - age, time() - age))

    async def rotated(_: Text) -> None:
        (nginx / "b.log").unlink(missing_ok=True)

    address: Settings = machine.address() | {"folder": str(place)}
    shown = await data_changes.preview("host.capture_logs", address, folder=str(nginx), pattern="*.log*", hours=1)
    said = await data_changes.execute("host.capture_logs", address, shown, rotated)
    files = kept(place)
    require_sealed(files, said)
    assert "1 of them cut, 3 noted as missing" in said
    texts = {name: data for name, data in files.items() if name.islower()}
    assert texts == {"a.log": b"first\n", "d.log.txt": b"monday\ntuesday\n", "e.log.txt": b"monday\ntuesday\n"}
    lost, packed, cut = files["MISSING"].decode().splitlines()
    assert lost.startswith("b.log: ")
    assert packed == "c.log.gz: A packed log file cannot be unpacked."
    assert cut.startswith("e.log.txt: only")


async def test_what_there_was_no_time_for_is_noted_and_the_rest_of_the_files_is_sealed(
    machine: SshServer, tmp_path: Path
) -> None:
    nginx, place = tmp_path / "nginx", tmp_path / "kept"
    nginx.mkdir()
    place.mkdir()
    for age, name in enumerate(("a.log", "b.log", "c.log")):
        (nginx / name).write_bytes(b"line\n")
        os.utime(nginx / name, (time() - age, time() - age))

    async def hanging(_: Text) -> None:
        machine.is_hung = True

    address: Settings = machine.address() | {"folder": str(place)}
    given = {"folder": str(nginx), "pattern": "*.log", "hours": 1, "seconds": 3}
    shown = await data_changes.preview("host.capture_logs", address, **given)
    said = await data_changes.execute("host.capture_logs", address, shown, hanging)
    files = kept(place)
    require_sealed(files, said)
    assert files["MISSING"].decode().splitlines() == [
        "b.log: there was no time left to read it",
        "c.log: there was no time left to read it",
    ]
    assert files["a.log"] == b"line\n"


async def test_pods_that_there_was_no_time_for_are_noted_and_the_others_are_sealed(room: Room, tmp_path: Path) -> None:
    address, given = room.address() | {"folder": str(tmp_path)}, GIVEN | {"seconds": 0.6}
    shown = await preview("capture_evidence", address, given)
    room.cluster.faults.latency_seconds = 0.1
    said = await execute("capture_evidence", address, given, shown)
    files = kept(tmp_path)
    require_sealed(files, said)
    last = max(room.pod_names())
    assert f"{last}: there was no time left to read it" in files["MISSING"].decode()
    assert f"{min(room.pod_names())}.json" in files


async def test_a_machine_without_such_logs_or_with_a_broken_archive_says_so(machine: SshServer, tmp_path: Path) -> None:
    place = tmp_path / "kept"
    place.mkdir()
    address: Settings = machine.address() | {"folder": str(place)}
    given = {"folder": str(tmp_path), "pattern": "access.log*", "hours": 24}
    none = await data_changes.refused(data_changes.preview("host.capture_logs", address, **given))
    assert "has no access.log*" in spoken(none)
    (tmp_path / "access.log.1.gz").write_bytes(b"no gzip")
    shown = await data_changes.preview("host.capture_logs", address, **given)
    broken = await data_changes.refused(data_changes.execute("host.capture_logs", address, shown))
    assert spoken(broken) == ("None of the 1 files can be kept: access.log.1.gz: A packed log file cannot be unpacked.")
    assert captures(place) == []


@contextmanager
def bucket(aws: AwsServer, *, closed: bool = True, locked: bool = True) -> Iterator[Any]:
    """A bucket as security would make it; `bot` may do what docs/permissions.md grants for evidence."""
    section = PERMISSIONS.read_text(encoding="utf-8").split("\n## Evidence\n")[1].split("\n## ")[0]
    aws.control("policy", key="bot", policy=json.loads(section.partition("```json")[2].partition("```")[0]))
    with aws.client("s3") as s3:
        s3.create_bucket(Bucket=BUCKET, ObjectLockEnabledForBucket=locked)
        if locked:
            rule = {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 30}}
            s3.put_object_lock_configuration(
                Bucket=BUCKET, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": rule}
            )
        if closed:
            s3.put_public_access_block(Bucket=BUCKET, PublicAccessBlockConfiguration=dict.fromkeys(CLOSED, True))
        yield s3


def in_bucket(room: Room, aws: AwsServer, **more: str) -> Settings:
    given = aws.address()
    place = {name: given[name] for name in ("region", "endpoint", "access_key", "secret_key")}
    return room.address("plantao-read") | place | {"bucket": BUCKET, "prefix": "agente-ia/"} | more


async def test_a_bucket_keeps_each_file_encrypted_locked_and_with_its_checksum(room: Room, aws: AwsServer) -> None:
    with bucket(aws) as s3:
        address = in_bucket(room, aws)
        begun = datetime.now(UTC)
        shown = await preview("capture_evidence", address, GIVEN)
        assert lines(shown)["kept in"] == ("", "s3://evidence")
        assert lines(shown)["nobody can delete it"] == ("", "COMPLIANCE, 30 d")
        assert warnings(shown) == []
        said = await execute("capture_evidence", address, GIVEN, shown)
        objects = s3.list_objects_v2(Bucket=BUCKET)["Contents"]
        keys = [one["Key"] for one in objects]
        (above,) = {key.rpartition("/")[0] for key in keys}
        days = (begun, datetime.now(UTC))
        assert above.startswith(tuple(f"agente-ia/{day:%Y/%m/%d}/agente-api-" for day in days))
        assert f"s3://{BUCKET}/{above}/" in said
        read_back = {key: s3.get_object(Bucket=BUCKET, Key=key) for key in keys}
        files = {key.rpartition("/")[2]: one["Body"].read() for key, one in read_back.items()}
        require_sealed(files, said)
        assert FAKE_TOKEN not in b"\n".join(files.values()).decode()
        for key in keys:
            head = s3.head_object(Bucket=BUCKET, Key=key, ChecksumMode="ENABLED")
            data = files[key.rpartition("/")[2]]
            assert head["ChecksumSHA256"] == b64encode(hashlib.sha256(data).digest()).decode()
            assert head["ServerSideEncryption"] == "AES256"
            assert head["ObjectLockMode"] == "COMPLIANCE"
            grants = s3.get_object_acl(Bucket=BUCKET, Key=key)["Grants"]
            assert [grant["Grantee"]["Type"] for grant in grants] == ["CanonicalUser"], "its owner, and nobody else"


async def test_a_bucket_that_could_be_made_public_gets_no_evidence(room: Room, aws: AwsServer) -> None:
    with bucket(aws, closed=False):
        said = spoken(await refusal(preview("capture_evidence", in_bucket(room, aws), GIVEN)))
        assert "can be made public: switch on BlockPublicAcls" in said


async def test_a_bucket_without_a_lock_is_warned_of_and_one_that_is_not_there_is_said(
    room: Room, aws: AwsServer
) -> None:
    with bucket(aws, locked=False):
        shown = await preview("capture_evidence", in_bucket(room, aws), GIVEN)
        assert warnings(shown) == ["evidence locks nothing for a time: who may delete there can delete evidence."]
        missing = in_bucket(room, aws, bucket="nowhere")
        assert spoken(await refusal(preview("capture_evidence", missing, GIVEN))) == "There is no bucket nowhere."


async def test_every_right_of_the_documented_policy_is_needed_and_named_when_it_is_missing(
    room: Room, aws: AwsServer
) -> None:
    with bucket(aws):
        address = in_bucket(room, aws)
        shown = await preview("capture_evidence", address, GIVEN)
        await execute("capture_evidence", address, GIVEN, shown)
        asked = set(aws.asked())
        section = PERMISSIONS.read_text(encoding="utf-8").split("\n## Evidence\n")[1].split("\n## ")[0]
        policy = json.loads(section.partition("```json")[2].partition("```")[0])
        assert asked == {action for statement in policy["Statement"] for action in statement["Action"]}
        for action in sorted(asked):
            allowed = {"Statement": [{"Effect": "Allow", "Action": sorted(asked - {action}), "Resource": "*"}]}
            aws.control("policy", key="bot", policy=allowed)
            with pytest.raises(Denied) as caught:
                await execute("capture_evidence", address, GIVEN, await preview("capture_evidence", address, GIVEN))
            assert f"`{action}`" in spoken(caught.value)


async def test_an_upload_whose_answer_is_lost_is_looked_up_and_sent_once(room: Room, aws: AwsServer) -> None:
    with bucket(aws) as s3:
        address = in_bucket(room, aws)
        shown = await preview("capture_evidence", address, GIVEN)
        aws.control("fault", action="s3:PutObject", kind="lost after")
        aws.control("fault", action="s3:GetObject", kind="lost before")
        said = await execute("capture_evidence", address, GIVEN, shown)
        kept = s3.list_objects_v2(Bucket=BUCKET)["Contents"]
        assert said.startswith(f"{len(kept) - 1} files are kept")
        assert aws.asked().count("s3:PutObject") == len(kept)


@pytest.mark.parametrize(
    ("looks", "words"), [(0, "is not in s3://evidence/"), (9, "whether it is there is not known.")]
)
async def test_an_upload_that_never_came_or_that_nobody_can_look_up_ends_the_capture(
    room: Room, aws: AwsServer, looks: int, words: str
) -> None:
    with bucket(aws):
        address = in_bucket(room, aws)
        shown = await preview("capture_evidence", address, GIVEN)
        aws.control("fault", action="s3:PutObject", kind="lost before")
        aws.control("fault", action="s3:GetObject", kind="lost before", times=looks)
        assert words in spoken(await refusal(execute("capture_evidence", address, GIVEN, shown)))
        assert "s3:PutObject" not in aws.asked(), "lost before it came, and not sent again"
