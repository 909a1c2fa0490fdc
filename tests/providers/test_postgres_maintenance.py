"""Statistics, vacuum, indexes and purges on a real server, each as the role that may do no more."""

import asyncio
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psycopg
import pytest
from postgres_server import (
    PostgresServer,
    execute,
    lines,
    losing_the_answer,
    preview,
    refused,
    started,
    vanishing_at,
    warnings,
)
from pydantic import ValidationError
from readings import measured, read, spoken

from bot.core.errors import Denied, TimedOut, Unreachable
from bot.core.findings import Level
from bot.core.preview import Preview
from tests.ports import NOBODY

ANALYZE, VACUUM, PURGE = "postgres.analyze", "postgres.vacuum", "postgres.purge"
INDEX = "postgres.create_index_concurrently"
NEW: dict[str, object] = {"name": "idx_user", "table": "conversations", "columns": ["user_id"]}
OLD: dict[str, object] = {
    "table": "conversations",
    "time_column": "created_at",
    "days": 90,
    "batch": 40,
    "cap": 1000,
    "hold_table": "legal_holds",
    "hold_column": "conversation_id",
    "backup_check": "backup_age",
}
EVERY: dict[str, dict[str, object]] = {
    ANALYZE: {"table": "conversations"},
    VACUUM: {"table": "conversations"},
    INDEX: NEW,
    PURGE: OLD,
}


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with started() as server:
        yield server


@pytest.fixture
def postgres(server: PostgresServer) -> PostgresServer:
    """100 conversations of yesterday and 100 of about 100 days ago, one of those under a hold."""
    server.run("DROP INDEX IF EXISTS idx_user; TRUNCATE conversations, legal_holds RESTART IDENTITY CASCADE")
    server.run(
        "INSERT INTO conversations (user_id, status, created_at) "
        "SELECT 'u' || i, 'open', now() - CASE WHEN i <= 100 THEN interval '100 days' ELSE interval '1 day' END "
        "FROM generate_series(1, 200) AS i; INSERT INTO legal_holds VALUES (7)"
    )
    return server


@pytest.fixture
def maintainer(postgres: PostgresServer) -> dict[str, object]:
    return postgres.address("plantao_maintenance")


@pytest.fixture
def purger(postgres: PostgresServer) -> dict[str, object]:
    return postgres.address("plantao_purge")


def count(server: PostgresServer) -> int:
    rows: int = server.run("SELECT count(*) AS n FROM conversations")[0]["n"]
    return rows


def stamps(server: PostgresServer) -> dict[str, Any]:
    query = "SELECT last_analyze, last_vacuum, n_dead_tup FROM pg_stat_user_tables WHERE relname = 'conversations'"
    return server.run(query)[0]


async def test_analyze_makes_fresh_statistics(postgres: PostgresServer, maintainer: dict[str, object]) -> None:
    await _until_counted(postgres, 200)
    shown = await preview(ANALYZE, maintainer, table="conversations")
    before = stamps(postgres)["last_analyze"]
    done = await execute(ANALYZE, maintainer, shown)
    assert stamps(postgres)["last_analyze"] != before
    assert done == "public.conversations has fresh statistics, about 200 rows"
    changed, after = lines(shown)["rows changed since then"]
    assert int(changed) >= 200
    assert after == "0"
    assert lines(await preview(ANALYZE, maintainer, table="conversations"))["rows changed since then"][0] == "0"


async def test_vacuum_removes_dead_rows_and_says_what_it_cannot_do(
    postgres: PostgresServer, maintainer: dict[str, object]
) -> None:
    postgres.run("DELETE FROM conversations WHERE id > 150")
    shown = await preview(VACUUM, maintainer, table="conversations")
    done = await execute(VACUUM, maintainer, shown)
    assert done == "public.conversations is vacuumed, 0 dead rows are left"
    assert int(lines(shown)["dead rows"][0]) >= 50
    assert stamps(postgres)["n_dead_tup"] == 0
    assert "the file hardly shrinks" in warnings(shown)


async def test_vacuum_full_cannot_be_asked_for(maintainer: dict[str, object]) -> None:
    for more in ({"full": True}, {"table": "FULL conversations"}, {"table": "(FULL) conversations"}):
        with pytest.raises(ValidationError):
            await preview(VACUUM, maintainer, **{"table": "conversations", **more})


@pytest.mark.parametrize("name", [ANALYZE, VACUUM, INDEX])
async def test_who_does_not_own_the_table_is_told_what_to_grant(name: str, postgres: PostgresServer) -> None:
    error = await refused(preview(name, postgres.address("plantao_read"), **EVERY[name]))
    assert isinstance(error, Denied)
    assert spoken(error).endswith("Grant it: `GRANT agente_owner TO plantao_read`")


@pytest.mark.parametrize("name", [ANALYZE, VACUUM])
async def test_a_lost_answer_is_looked_up_in_the_statistics(
    name: str, postgres: PostgresServer, maintainer: dict[str, object]
) -> None:
    shown = await preview(name, maintainer, table="conversations")
    word = name.partition(".")[2].upper().encode()
    async with losing_the_answer(postgres, word) as proxy:
        done = await execute(name, proxy.address("plantao_maintenance"), shown)
    assert done.startswith("public.conversations ")


@pytest.mark.parametrize("name", [ANALYZE, VACUUM, INDEX])
async def test_when_the_server_is_gone_after_the_sending_nobody_claims_to_know(
    name: str, postgres: PostgresServer, maintainer: dict[str, object]
) -> None:
    shown = await preview(name, maintainer, **EVERY[name])
    word = b"CREATE INDEX" if name == INDEX else name.partition(".")[2].upper().encode()
    async with vanishing_at(postgres, word) as proxy:
        error = await refused(execute(name, proxy.address("plantao_maintenance"), shown))
    assert isinstance(error, Unreachable)
    assert "is not known" in spoken(error)


@pytest.mark.parametrize("name", [ANALYZE, INDEX, PURGE])
async def test_a_table_that_was_replaced_since_is_left_alone(name: str, postgres: PostgresServer) -> None:
    user = "plantao_purge" if name == PURGE else "plantao_maintenance"
    shown = await preview(name, postgres.address(user), **EVERY[name])
    other = Preview(shown.lines, {**shown.state, "oid": "1"}, shown.arguments)
    error = await refused(execute(name, postgres.address(user), other))
    assert "nothing was d" in spoken(error)
    assert count(postgres) == 200


async def test_an_index_is_built_and_valid(postgres: PostgresServer, maintainer: dict[str, object]) -> None:
    shown = await preview(INDEX, maintainer, **NEW)
    assert lines(shown)["new index on public.conversations"] == ("", "idx_user (user_id)")
    assert "check the disk first" in warnings(shown)
    assert "The way back is `DROP INDEX CONCURRENTLY public.idx_user`." in warnings(shown)
    assert shown.undo == {}
    assert await execute(INDEX, maintainer, shown) == "the index idx_user is built and valid"
    indexes = "SELECT indisvalid AS ok FROM pg_index WHERE indexrelid = 'idx_user'::regclass"
    assert postgres.run(indexes) == [{"ok": True}]
    taken = await refused(preview(INDEX, maintainer, **NEW))
    assert spoken(taken) == "Something with the name idx_user is there already."
    twin = await preview(INDEX, maintainer, **{**NEW, "name": "idx_other"})
    assert "idx_user begins with the same columns already." in warnings(twin)


async def test_an_index_that_fails_is_reported_as_invalid_and_named(
    postgres: PostgresServer, maintainer: dict[str, object]
) -> None:
    shown = await preview(INDEX, maintainer, **NEW)
    with closing(postgres.connect("agente_app")) as writer:
        writer.execute("BEGIN")
        writer.execute("UPDATE conversations SET status = 'held' WHERE id = 1")
        building = asyncio.ensure_future(refused(execute(INDEX, maintainer, shown)))
        await _until_building(postgres)
        postgres.run("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE query LIKE 'CREATE INDEX%'")
        error = await building
    assert "An invalid index is there now" in spoken(error)
    assert "`DROP INDEX CONCURRENTLY public.idx_user`" in spoken(error)
    again = await refused(preview(INDEX, maintainer, **NEW))
    assert "An earlier attempt left the index idx_user behind" in spoken(again)


async def _until_counted(server: PostgresServer, rows: int) -> None:
    """The server counts what a session changed when it has ended."""
    async with asyncio.timeout(40):
        query = f"SELECT 1 FROM pg_stat_user_tables WHERE relname = 'conversations' AND n_mod_since_analyze >= {rows}"  # noqa: S608
        while not server.run(query):  # noqa: ASYNC110 - servers change without telling us
            await asyncio.sleep(0.02)


async def _until_building(server: PostgresServer) -> None:
    async with asyncio.timeout(40):
        query = "SELECT 1 FROM pg_stat_progress_create_index WHERE phase LIKE 'waiting%'"
        while not server.run(query):  # noqa: ASYNC110 - servers change without telling us
            await asyncio.sleep(0.02)


async def test_an_index_whose_answer_was_lost_is_looked_up(
    postgres: PostgresServer, maintainer: dict[str, object]
) -> None:
    shown = await preview(INDEX, maintainer, **NEW)
    async with losing_the_answer(postgres, b"CREATE INDEX") as proxy:
        address = proxy.address("plantao_maintenance")
        outcome = await asyncio.gather(execute(INDEX, address, shown), return_exceptions=True)
    # The server goes on building; which of the two is seen depends on who is faster.
    told = outcome[0] if isinstance(outcome[0], str) else spoken(outcome[0])  # type: ignore[arg-type]
    assert told == "the index idx_user is built and valid" or "`DROP INDEX CONCURRENTLY public.idx_user`" in told


async def test_a_long_build_tells_how_far_it_is(postgres: PostgresServer, maintainer: dict[str, object]) -> None:
    told: list[str] = []
    shown = await preview(INDEX, maintainer, **NEW)
    with closing(postgres.connect("agente_app")) as writer:
        writer.execute("BEGIN")
        writer.execute("UPDATE conversations SET status = 'held' WHERE id = 1")
        building = asyncio.ensure_future(execute(INDEX, maintainer, shown, told))
        async with asyncio.timeout(40):
            while not told:  # noqa: ASYNC110 - the progress is told to a list
                await asyncio.sleep(0.02)
        writer.execute("COMMIT")
        assert await building == "the index idx_user is built and valid"
    assert told[0].startswith("waiting for writers before build: ")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"columns": ["absent"]}, "public.conversations has no column absent."),
        ({"table": "absent"}, "There is no table absent in this database."),
        ({"name": "leads"}, "Something with the name leads is there already."),
        ({"table": "parted", "columns": ["at"]}, "public.parted is partitioned"),
    ],
)
async def test_an_index_that_cannot_be_is_refused_before_approval(
    change: dict[str, object], words: str, postgres: PostgresServer, maintainer: dict[str, object]
) -> None:
    postgres.run(
        "SET ROLE agente_owner; CREATE TABLE IF NOT EXISTS parted (at timestamptz, id int) PARTITION BY RANGE (at)"
    )
    assert words in spoken(await refused(preview(INDEX, maintainer, **{**NEW, **change})))


@pytest.mark.parametrize("change", [{"name": "a b"}, {"columns": ["user_id) --"]}, {"columns": []}, {"unique": True}])
async def test_an_index_of_odd_names_never_reaches_the_server(change: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        await preview(INDEX, {"url": "postgresql://u@127.0.0.1/d"}, **{**NEW, **change})


async def test_a_purge_counts_first_and_deletes_nothing(postgres: PostgresServer, purger: dict[str, object]) -> None:
    shown = await preview(PURGE, purger, **OLD)
    before = shown.state["before"]
    assert lines(shown)[f"rows of conversations before {before}"] == ("99", "0")
    assert lines(shown)["of the old rows, kept under a legal hold"] == ("1", "1")
    assert "only a restore of a backup brings them" in warnings(shown)
    assert "The disk does not get emptier by it: a VACUUM lets conversations use the room again." in warnings(shown)
    assert "Approve only if the check backup_age proves" in warnings(shown)
    assert shown.undo == {}
    assert count(postgres) == 200


async def test_a_purge_deletes_in_batches_what_was_shown_and_spares_the_held(
    postgres: PostgresServer, purger: dict[str, object]
) -> None:
    told: list[str] = []
    done = await execute(PURGE, purger, await preview(PURGE, purger, **OLD), told)
    assert done == "99 rows of conversations deleted"
    assert told == ["40 of 99 rows deleted", "80 of 99 rows deleted", "99 of 99 rows deleted"]
    assert count(postgres) == 101
    assert postgres.run("SELECT id FROM conversations WHERE id <= 100") == [{"id": 7}]
    nothing = await refused(preview(PURGE, purger, **OLD))
    assert "has no rows from before" in spoken(nothing)
    counted = await read("postgres.count", postgres.address(), table="conversations")
    assert measured(counted)["rows"] == 101


async def test_a_purge_of_more_or_fewer_rows_than_shown_is_refused(
    postgres: PostgresServer, purger: dict[str, object]
) -> None:
    shown = await preview(PURGE, purger, **OLD)
    postgres.run("UPDATE conversations SET created_at = now() - interval '200 days' WHERE id = 150")
    error = await refused(execute(PURGE, purger, shown))
    assert "99 were shown; nothing was deleted" in spoken(error)
    assert count(postgres) == 200
    assert (await preview(PURGE, purger, **OLD)).fingerprint != shown.fingerprint


async def test_a_purge_beyond_its_cap_or_without_proof_of_a_backup_is_refused(purger: dict[str, object]) -> None:
    capped = await refused(preview(PURGE, purger, **{**OLD, "cap": 50}))
    assert "More than 50 rows of conversations are older than" in spoken(capped)
    unproven = await refused(preview(PURGE, purger, **{**OLD, "backup_check": ""}))
    assert "No backup check is declared" in spoken(unproven)


async def test_a_purge_without_a_table_of_holds_says_that_nobody_asked(purger: dict[str, object]) -> None:
    without = {name: value for name, value in OLD.items() if not name.startswith("hold_")}
    shown = await preview(PURGE, purger, **without)
    assert "No table of legal holds is declared" in warnings(shown)
    assert shown.state["rows"] == "100"


async def test_rows_that_the_database_deletes_along_have_to_be_declared(
    postgres: PostgresServer, purger: dict[str, object]
) -> None:
    postgres.run(
        "SET ROLE agente_owner; CREATE TABLE messages (id bigserial PRIMARY KEY, "
        "conversation bigint REFERENCES conversations ON DELETE CASCADE); "
        "INSERT INTO messages (conversation) VALUES (1)"
    )
    error = await refused(preview(PURGE, purger, **OLD))
    declared = await preview(PURGE, purger, **{**OLD, "cascades": ["messages"]})
    done = await execute(PURGE, purger, declared)
    left = postgres.run("SELECT count(*) AS n FROM messages")
    postgres.run("DROP TABLE messages")
    assert "would also delete or change rows of messages" in spoken(error)
    assert "Rows of messages that belong to them are deleted or changed too." in warnings(declared)
    assert done == "99 rows of conversations deleted"
    assert left == [{"n": 0}]


async def test_a_purge_whose_answer_was_lost_stops_and_says_so(postgres: PostgresServer) -> None:
    address = postgres.address("plantao_purge")
    shown = await preview(PURGE, address, **OLD)
    async with losing_the_answer(postgres, b"DELETE FROM") as proxy:
        error = await refused(execute(PURGE, proxy.address("plantao_purge"), shown))
    assert isinstance(error, Unreachable)
    assert spoken(error).startswith("The connection broke after 0 of 99 rows were deleted")
    assert count(postgres) >= 160


async def test_a_purge_without_its_grants_names_them(postgres: PostgresServer) -> None:
    error = await refused(preview(PURGE, postgres.address("plantao_read"), **OLD))
    assert isinstance(error, Denied)
    assert "`GRANT SELECT, DELETE ON conversations (and SELECT ON legal_holds) TO plantao_read`" in spoken(error)
    assert count(postgres) == 200


async def test_a_role_that_only_reads_cannot_purge(postgres: PostgresServer) -> None:
    without = {name: value for name, value in OLD.items() if not name.startswith("hold_")}
    shown = await preview(PURGE, postgres.address("plantao_read"), **without)
    error = await refused(execute(PURGE, postgres.address("plantao_read"), shown))
    assert isinstance(error, Denied)
    assert "takes no changes from the user `plantao_read`" in spoken(error)
    assert count(postgres) == 200


async def test_a_table_that_is_gone_is_critical(maintainer: dict[str, object]) -> None:
    assert (await refused(preview(ANALYZE, maintainer, table="absent"))).level is Level.CRIT


async def test_dead_hung_and_unwilling_servers_are_told(postgres: PostgresServer) -> None:
    dead: dict[str, object] = {"url": f"postgresql://u:s3same@127.0.0.1:{NOBODY}/d"}
    wrong: dict[str, object] = {"url": postgres.url("plantao_purge", "wrong-s3same")}
    for name, parameters in EVERY.items():
        assert isinstance(await refused(preview(name, dead, **parameters)), Unreachable)
        assert isinstance(await refused(preview(name, wrong, **parameters)), Denied)
    with postgres.paused():
        hung = postgres.address("plantao_purge")
        errors = await asyncio.gather(*(refused(preview(name, hung, **given)) for name, given in EVERY.items()))
    assert [type(error) for error in errors] == [TimedOut] * 4


def test_the_roles_of_the_document_hold_no_more_than_they_need(postgres: PostgresServer) -> None:
    with postgres.connect("plantao_read") as reader, pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        reader.execute("DELETE FROM conversations")
    with postgres.connect("plantao_sessions") as operator, pytest.raises(psycopg.errors.InsufficientPrivilege):
        operator.execute("SELECT * FROM conversations")
    with postgres.connect("plantao_purge") as purger, pytest.raises(psycopg.errors.InsufficientPrivilege):
        purger.execute("SELECT user_id FROM conversations")
