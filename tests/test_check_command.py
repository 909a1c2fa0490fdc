"""`plantao check`: what does not fit is found before the bot starts, with the place and what to do."""

import json
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from bot.__main__ import main
from bot.catalog.load import LOADER
from bot.check.tables import form_complaints, operation_complaints, reaction_complaints
from bot.core.events import Author
from bot.core.family import INCIDENTS
from bot.core.incident import Acknowledged, Declared, Resolved
from bot.core.policy import Severity
from bot.settings import HERE
from bot.store.connect import Client, connect
from bot.store.embedded import open_embedded
from bot.store.record import RedisRecord
from tests.processes import plantao

ANA = Author("U0ANA", "command")
PREFIX = "{plantao}"


@pytest.fixture
def catalog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of one system that ships, where the check looks."""
    copy = tmp_path / "catalog"
    shutil.copytree(HERE / "catalog" / "agente-ia", copy / "agente-ia")
    monkeypatch.setenv("PLANTAO_CATALOG", str(copy))
    return copy


def change(file: Path, old: str, new: str) -> int:
    """Replace some words once and give back the line they stand in."""
    text = file.read_text(encoding="utf-8")
    before, found, after = text.partition(old)
    assert found, f"{old!r} does not stand in {file.name}"
    file.write_text(before + new + after, encoding="utf-8")
    return before.count("\n") + 1


def test_what_ships_fits_together(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check"]) == 0
    assert "All well" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("file", "old", "new", "complaint"),
    [
        ("system.yml", "channel: incidents", "chanel: incidents", "chanel: Extra inputs are not permitted"),
        ("system.yml", "timezone: America/Sao_Paulo", "timezone: Sao_Paulo", "no time zone 'Sao_Paulo'"),
        ("system.yml", "provider: redis", "provider: reddis", "no provider named reddis"),
        ("system.yml", "namespace: env:", "namespase: env:", "namespase: Extra inputs are not permitted"),
        ("checks.yml", "operation: redis.memory", "operation: redis.memroy", "Known: redis.memory"),
        ("checks.yml", "operation: redis.ping", "operation: kubernetes.rollout_undo", "a check must only read"),
        ("checks.yml", "minutes: 30", "minutes: many", "events: minutes: Input should be a valid"),
        ("checks.yml", "target: redis", "target: api", "redis.ping needs a target of redis, api is of http"),
        ("checks.yml", "source: 001-D62, limits", "restricted: true #", "redis.memory masks nothing that could be"),
        ("system.yml", "restricted_channel: env:AGENTE", "restricted_channel: '#sec' #", "restricted_channel: String"),
        ("checks.yml", "{asked: expected}", "{asked: awaited}", "json.version: nothing is asked as awaited"),
        ("checks.yml", "from_run: {image: 'agente-api:v?([0-9][\\w.+-]*)'}", "from_run: {image: v}", "needs one group"),
        ("actions.yml", "operation: kubernetes.rollout_undo", "operation: redis.memory", "only reads"),
        ("actions.yml", "parameters: {name: agente-api}", "parameters: {nam: agente-api}", "nam: Extra inputs"),
        ("actions.yml", "to_revision: {title", "revision: {title", "has no parameter revision"),
        ("actions.yml", "risk: medium", "guards: {pods: {sinc: made}}\n    risk: medium", "pods has no parameter sinc"),
        (
            "actions.yml",
            "node-room: {replicas:",
            "node-room: {replicsa:",
            "guards: node-room has no parameter replicsa",
        ),
        ("actions.yml", "reserve: 20", "reserve: 120", "shares.reserve: Input should be less than or equal to 90"),
    ],
)
def test_a_mistake_in_the_catalog_is_found_with_its_line(
    catalog: Path, capsys: pytest.CaptureFixture[str], file: str, old: str, new: str, complaint: str
) -> None:
    path = catalog / "agente-ia" / file
    # Keys in one line share it, so that the line of the words changed is the line of the entry.
    line = change(path, old, new)

    assert main(["check"]) == 1
    told = [row for row in capsys.readouterr().out.splitlines() if complaint in row]
    assert [f"{path}:{line}: " in row for row in told] == [True]


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("roles: [responder, approver]", "roles: [responder, boss]", "approve: no role named boss"),
        ("verify: [deployment, rollout,", "verify: [deployment, pod,", "verify: no check named pod"),
        ("target: cluster", "target: cluser", "no target named cluser"),
        ("risk: medium", "risk: medium\n    guards: {pod: {limit: x}}", "guards: no check named pod"),
        ("risk: medium", "risk: medium\n    first: [pray]", "first: no action named pray"),
    ],
)
def test_a_name_that_points_nowhere_is_found(
    catalog: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, complaint: str
) -> None:
    change(catalog / "agente-ia" / "actions.yml", old, new)

    assert main(["check"]) == 1
    assert f"actions.yml: rollback-agente-api: {complaint}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("file", "old", "new", "complaint"),
    [
        ("actions", "optional: true}", "optional: true, personal: true}", "belong to a check"),
        ("actions", "optional: true}", "from_run: {a: (b)}}", "belong to a check"),
        ("checks", "        title: {en: Exp", "        verify: {a: [b]}\n        title: {en: Exp", "to an action"),
        ("checks", "        title: {en: Exp", "        personal: true\n        title: {en: Exp", "keeps the answer"),
    ],
)
def test_what_would_be_kept_or_never_applied_is_asked_by_nobody(
    catalog: Path, capsys: pytest.CaptureFixture[str], file: str, old: str, new: str, complaint: str
) -> None:
    change(catalog / "agente-ia" / f"{file}.yml", old, new)

    assert main(["check"]) == 1
    assert complaint in capsys.readouterr().out


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        (
            "{service} {version} is done",
            "{service} {release} is done",
            "tells.deploy-done: no question is called release",
        ),
        ("choices: [deploy-done, ", "choices: [deploy-over, ", "has to offer exactly these sentences, in this order"),
    ],
)
def test_an_announcement_that_could_not_be_said_is_found(
    catalog: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, complaint: str
) -> None:
    change(catalog / "agente-ia" / "actions.yml", old, new)

    assert main(["check"]) == 1
    assert complaint in capsys.readouterr().out


@pytest.mark.parametrize(
    "written",
    ["{", "}", "{}", "{version!r}", "{version.x}", "{version[0]}", "{version:>9}", "{0}", "{service {version}}"],
)
def test_an_announcement_whose_braces_could_not_be_filled_is_found_with_its_line(
    catalog: Path, capsys: pytest.CaptureFixture[str], written: str
) -> None:
    path = catalog / "agente-ia" / "actions.yml"
    line = change(path, "{service} {version} is done", f"{{service}} {written} is done")

    assert main(["check"]) == 1
    [told] = [row for row in capsys.readouterr().out.splitlines() if "brace" in row]
    assert f"{path}:{line}: " in told
    assert f"{{service}} {written} is done" in told


def test_a_brace_that_is_written_twice_stands_for_itself(catalog: Path) -> None:
    change(catalog / "agente-ia" / "actions.yml", "{service} {version} is done", "{service} {version} {{is}} done")

    assert main(["check"]) == 0


@pytest.mark.parametrize(
    ("written", "complaint"), [("{dia}", "nothing is called dia"), ("{day", "a brace without its")]
)
def test_a_notice_whose_places_are_not_there_is_found(
    catalog: Path, capsys: pytest.CaptureFixture[str], written: str, complaint: str
) -> None:
    shutil.copytree(HERE / "catalog" / "customer-support", catalog / "customer-support")
    change(catalog / "customer-support" / "actions.yml", "🛠️ Manutenção em {day}", f"🛠️ Manutenção em {written}")

    assert main(["check"]) == 1
    assert complaint in capsys.readouterr().out


def test_a_secret_in_the_catalog_is_refused_and_not_repeated(catalog: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = catalog / "agente-ia" / "system.yml"
    line = change(path, '{url: "env:AGENTE_REDIS_URL"}', '{url: "redis://:hunter2@redis:6379"}')

    assert main(["check"]) == 1
    told = capsys.readouterr().out
    assert f"catalog.address  {path}:{line}: redis: url: a secret stands here in the clear" in told
    assert "hunter2" not in told


def test_an_address_without_what_the_provider_needs_is_found(catalog: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change(catalog / "agente-ia" / "system.yml", "      namespace: env:AGENTE_KUBERNETES_NAMESPACE\n", "")

    assert main(["check"]) == 1
    assert "cluster: namespace: Field required" in capsys.readouterr().out


def test_mistakes_of_several_systems_are_told_in_one_go(catalog: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(catalog / "agente-ia", catalog / "other")
    change(catalog / "agente-ia" / "checks.yml", "checks:", "checks: [")
    change(catalog / "other" / "checks.yml", "operation: redis.ping", "operation: redis.pong")

    assert main(["check"]) == 1
    told = capsys.readouterr().out
    assert f"catalog.shape  {catalog}/agente-ia/checks.yml: not YAML" in told
    assert "redis.pong" in told
    assert "2 problems." in told


def test_a_folder_without_systems_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PLANTAO_CATALOG", str(tmp_path))

    assert main(["check"]) == 1
    assert "catalog.empty" in capsys.readouterr().out


def test_a_wrong_variable_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("PORT", "high")

    assert main(["check"]) == 2
    assert "PORT: Input should be a valid integer" in capsys.readouterr().err


def test_repairing_goes_only_with_the_store(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--repair"]) == 2
    assert "--store" in capsys.readouterr().err


def test_tables_that_do_not_fit_each_other_are_found() -> None:
    reactions = {"incident.declared": ("tell", "shout"), "incident.forgotten": ()}

    told = reaction_complaints(reactions, ["tell"], ["incident.declared", "run.proposed"])

    assert [complaint.message for complaint in told] == [
        "no reaction to the fact run.proposed",
        "incident.forgotten is no fact",
        "no job named shout",
    ]
    assert [one.id for one in form_complaints(["a", "b"], ["a"], ["a"])] == ["table.form", "table.form"]
    assert [one.message.partition(":")[0] for one in operation_complaints(["redis.ping", "redis.pong"])] == [
        "redis.pong"
    ]


@dataclass(frozen=True)
class Store:
    """A record with INC-1 (open) and INC-2 (resolved), in a private Redis that runs."""

    data: Path
    redis: Client

    async def check(self, *flags: str) -> tuple[int, str]:
        return await plantao("check", "--store", *flags, PLANTAO_DATA=str(self.data))


class Now:
    def now(self) -> datetime:
        return datetime.now(UTC)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with open_embedded(tmp_path / "data") as server:
        client = connect(server.url)
        await fill(client)
        yield Store(tmp_path / "data", client)
        await client.aclose()


async def fill(client: Client) -> None:
    record = RedisRecord(client, PREFIX, Now())
    await record.open(INCIDENTS, Declared(Severity.P1, "checkout errors"), ANA)
    await record.change(INCIDENTS, "INC-1", lambda _: Acknowledged(), ANA)
    await record.open(INCIDENTS, Declared(Severity.P2, "slow"), ANA)
    await record.change(INCIDENTS, "INC-2", lambda _: Resolved("gone"), ANA)


async def test_a_record_nobody_touched_is_whole_while_a_bot_runs_on_it(store: Store) -> None:
    code, told = await store.check()

    assert (code, told.strip()) == (0, "All well: streams 2, events 4; every chain is whole, every listing agrees.")


async def test_the_private_redis_is_started_when_no_bot_runs(tmp_path: Path) -> None:
    async with open_embedded(tmp_path / "data") as server:
        client = connect(server.url)
        await fill(client)
        await client.aclose()

    code, told = await plantao("check", "--store", PLANTAO_DATA=str(tmp_path / "data"))

    assert (code, "streams 2, events 4" in told) == (0, True)


async def test_an_event_that_was_changed_is_found_and_never_used_to_repair(store: Store) -> None:
    [(_, first), (_, second)] = await store.redis.xrange(f"{PREFIX}:stream:INC-1")
    forged = first[b"e"].replace(b"checkout errors", b"nothing at all!")
    await store.redis.delete(f"{PREFIX}:stream:INC-1")
    await store.redis.xadd(f"{PREFIX}:stream:INC-1", {"e": forged}, id="1-0")
    await store.redis.xadd(f"{PREFIX}:stream:INC-1", second, id="2-0")
    row = await store.redis.hget(f"{PREFIX}:rows:INC", "INC-1")

    code, told = await store.check("--repair")

    assert code == 1
    assert "record.chain  INC-1: event 1 was changed" in told
    assert await store.redis.hget(f"{PREFIX}:rows:INC", "INC-1") == row


async def test_an_event_that_is_no_event_any_more_is_found(store: Store) -> None:
    await store.redis.delete(f"{PREFIX}:stream:INC-1")
    await store.redis.xadd(f"{PREFIX}:stream:INC-1", {"e": "{}"}, id="1-0")

    code, told = await store.check()

    assert (code, "record.chain  INC-1: event 1 was changed" in told) == (1, True)


async def test_a_latest_event_that_was_removed_is_found(store: Store) -> None:
    await store.redis.xdel(f"{PREFIX}:stream:INC-1", "2-0")

    code, told = await store.check("--repair")

    assert (code, "record.cut  INC-1: it had 2 events and holds 1" in told) == (1, True)


async def test_a_stream_that_was_removed_is_found(store: Store) -> None:
    await store.redis.delete(f"{PREFIX}:stream:INC-2")

    code, told = await store.check()

    assert (code, "record.missing  INC-2 is gone" in told) == (1, True)


async def test_a_row_that_was_changed_is_found_and_repaired(store: Store) -> None:
    rows = f"{PREFIX}:rows:INC"
    row = await store.redis.hget(rows, "INC-2")
    assert row is not None
    await store.redis.hset(rows, "INC-2", row.replace(b"slow", b"fast"))

    assert "record.row  INC-2: its row in the listing differs" in (await store.check())[1]
    code, told = await store.check("--repair")

    assert (code, "repaired  record.row  INC-2" in told) == (0, True)
    assert await store.redis.hget(rows, "INC-2") == row
    assert (await store.check())[0] == 0


async def test_listings_that_were_lost_are_written_anew(store: Store) -> None:
    await store.redis.delete(f"{PREFIX}:rows:INC", f"{PREFIX}:open:INC", f"{PREFIX}:count:INC")
    await store.redis.zadd(f"{PREFIX}:open:INC", {"INC-2": 2})

    code, told = await store.check()
    assert code == 1
    assert "INC-1: is open and not among the open ones" in told
    assert "INC-2: is closed and still among the open ones" in told
    assert "record.count  INC: numbered up to 0, but INC-2 exists" in told
    assert (await store.check("--repair"))[0] == 0

    record = RedisRecord(store.redis, PREFIX, Now())
    listed = await record.listing(INCIDENTS, only_open=True, limit=10)
    assert [(state.number, state.title) for state in listed] == [("INC-1", "checkout errors")]
    assert (await record.open(INCIDENTS, Declared(Severity.P3, "next"), ANA)).state.number == "INC-3"


async def test_a_record_that_does_not_answer_is_told_without_its_password() -> None:
    code, told = await plantao("check", "--store", REDIS_URL="redis://:hunter2@127.0.0.1:1/0")

    assert (code, "the record cannot be read" in told, "hunter2" in told) == (2, True, False)


async def test_a_check_creates_no_record_where_there_is_none(tmp_path: Path) -> None:
    code, told = await plantao("check", "--store", PLANTAO_DATA=str(tmp_path / "data"))

    assert (code, "PLANTAO_DATA" in told, (tmp_path / "data").exists()) == (2, True, False)


@cache
def editor(schema: Path) -> Draft202012Validator:
    document = json.loads(schema.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(document)
    return Draft202012Validator(document)


def complaints_of_an_editor(file: Path, schemas: Path) -> list[str]:
    """What an editor with the written schema marks in a file of the catalog."""
    content = yaml.load(file.read_text(encoding="utf-8"), Loader=LOADER)  # noqa: S506 - a safe loader
    wrong = editor(schemas / file.name.replace(".yml", ".schema.json")).iter_errors(content)
    return [f"{'.'.join(map(str, one.absolute_path))}: {one.message}" for one in wrong]


@pytest.fixture(scope="module")
def schemas(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("schemas")
    assert main(["check", "--schema", str(folder)]) == 0
    return folder


def test_editors_find_nothing_wrong_with_what_ships(schemas: Path) -> None:
    files = sorted((HERE / "catalog").glob("*/*.yml"))
    assert {file.name for file in files} == {f"{one.name.partition('.')[0]}.yml" for one in schemas.iterdir()}
    assert {str(file): found for file in files if (found := complaints_of_an_editor(file, schemas))} == {}


@pytest.mark.parametrize(
    ("file", "old", "new", "complaint"),
    [
        ("system.yml", "channel: incidents", "chanel: incidents", "'chanel' was unexpected"),
        ("checks.yml", "operation: redis.memory", "operation: redis.memroy", "'redis.memroy' is not one of"),
        ("checks.yml", "operation: redis.ping", "operation: kubernetes.rollout_undo", "is not one of"),
        ("checks.yml", "group: redis", "grupo: redis", "'grupo' was unexpected"),
        ("checks.yml", "limit: 3s", "limit: 3 seconds", "limit: '3 seconds' is not valid"),
        ("checks.yml", "deployment: agente-api", "deploiment: agente-api", "'deploiment' was unexpected"),
        ("actions.yml", "risk: medium", "risk: some", "'some' does not match"),
    ],
)
def test_editors_mark_what_is_wrong(
    catalog: Path, schemas: Path, file: str, old: str, new: str, complaint: str
) -> None:
    change(catalog / "agente-ia" / file, old, new)
    assert complaint in "\n".join(complaints_of_an_editor(catalog / "agente-ia" / file, schemas))


def test_the_first_line_that_a_file_needs_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--schema", str(tmp_path / "new" / "folder")]) == 0
    written = (tmp_path / "new" / "folder" / "checks.schema.json").as_uri()
    assert f"# yaml-language-server: $schema={written}\n" in capsys.readouterr().out
