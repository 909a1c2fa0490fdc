"""The PostgreSQL checks against a real server, as the role that docs/permissions.md creates."""

import asyncio
import re
import threading
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from time import monotonic
from typing import Any, cast

import psycopg
import pytest
from postgres_server import PostgresServer, muted_after, replica_of, slow_at, started
from pydantic import ValidationError
from readings import measured, missing, read, refusal, reveal, spoken, summary
from redis_server import self_signed

from bot.catalog.load import load_system
from bot.catalog.system import Catalog
from bot.core.errors import Denied, TargetError, TimedOut, Unreachable
from bot.core.findings import Level, Reading
from bot.core.operation import Read
from bot.flows.findings import Findings
from bot.flows.ports import Looks
from bot.providers import names, operation
from bot.providers.postgres.wording import shape
from bot.providers.reach import CatalogTargets
from bot.settings import HERE
from bot.slack.voice import Voice
from bot.wiring import SystemClock
from tests.ports import NOBODY

EVERY = [name for name in names() if name.startswith("postgres.") and isinstance(operation(name), Read)]
DEFAULTS: dict[str, dict[str, object]] = {
    "postgres.count": {"table": "conversations"},
    "postgres.group": {"table": "leads", "column": "score"},
    "postgres.newest": {"table": "etps", "columns": ["id"], "time_column": "created_at"},
    "postgres.broken_text": {"table": "etps", "column": "title"},
    "postgres.per_day": {"table": "conversations", "time_column": "created_at"},
    "postgres.plan": {"select": "SELECT id FROM conversations"},
}
TOUCHES_TABLES = sorted(DEFAULTS)


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    """One healthy server for all tests of this module; those of faults start their own."""
    with started() as server:
        yield server


@pytest.fixture
def clean(postgres: PostgresServer) -> Iterator[PostgresServer]:
    """The shared server with the application's tables empty."""
    postgres.run("TRUNCATE conversations, leads, users, etps, legal_holds RESTART IDENTITY")
    return postgres


@pytest.fixture(scope="module")
def outsider(postgres: PostgresServer) -> dict[str, object]:
    """The address of a role that may connect and nothing else."""
    postgres.run("CREATE ROLE outsider LOGIN PASSWORD 's3same'")
    return postgres.address("outsider")


def conversations(server: PostgresServer) -> None:
    """One conversation an hour for the last 300 hours, each second one completed."""
    server.run(
        "INSERT INTO conversations (user_id, status, created_at) SELECT 'maria' || i || '@example.com', "
        "CASE WHEN i % 2 = 0 THEN 'completed' ELSE 'open' END, now() - i * interval '1 hour' - interval '1 second' "
        "FROM generate_series(1, 300) AS i"
    )


class Busy:
    """A statement that runs in a thread until it is cancelled."""

    def __init__(self, server: PostgresServer, statement: str, application: str) -> None:
        self.connection = server.connect("agente_app", application)
        self.pid: int = self.connection.info.backend_pid
        self._thread = threading.Thread(target=self._run, args=(statement,))
        self._thread.start()

    def _run(self, statement: str) -> None:
        with suppress(psycopg.errors.QueryCanceled):
            self.connection.execute(statement)

    def __enter__(self) -> "Busy":
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.cancel_safe()
        self._thread.join()
        self.connection.close()


async def until(name: str, address: dict[str, object], wanted: dict[str, object], **parameters: Any) -> Reading:
    deadline = monotonic() + 40
    while True:
        reading = await read(name, address, **parameters)
        if wanted.items() <= measured(reading).items():
            return reading
        assert monotonic() < deadline, measured(reading)


async def test_ping_tells_the_round_trip_in_milliseconds(postgres: PostgresServer) -> None:
    reading = await read("postgres.ping", postgres.address())
    latency = measured(reading)["latency_ms"]
    assert isinstance(latency, float)
    assert 0 < latency < 3000
    assert summary(reading) == f"answers in {latency} ms"


async def test_connections_are_counted_by_state_and_by_application(postgres: PostgresServer) -> None:
    with ExitStack() as stack:
        held = [stack.enter_context(postgres.connect("agente_app", "agente-api")) for _ in range(5)]
        held[0].execute("BEGIN")
        held[1].execute("BEGIN")
        wanted: dict[str, object] = {"total": 6, "active": 1, "idle": 3, "idle_in_transaction": 2}
        reading = await until("postgres.connections", postgres.address(), wanted)
    assert measured(reading)["max"] == 30
    assert measured(reading)["used_percent"] == 20.0
    assert summary(reading) == "6 of 30 connections taken (20.0%), most by agente-api (agente_app): 3"
    assert "2  agente-api (agente_app)  idle in transaction" in reading.evidence


async def test_a_server_without_free_connections_is_critical_and_says_so(postgres: PostgresServer) -> None:
    with ExitStack() as stack:
        with suppress(psycopg.OperationalError):
            for _ in range(31):
                stack.enter_context(postgres.connect("agente_app"))
        error = await refusal("postgres.connections", postgres.address())
    assert error.level is Level.CRIT
    assert "accepts no more connections" in spoken(error)


async def test_without_pg_monitor_connections_are_counted_and_their_states_missing(
    postgres: PostgresServer, outsider: dict[str, object]
) -> None:
    with postgres.connect("agente_app"):
        reading = await until("postgres.connections", outsider, {"total": 2})
        queries = await read("postgres.long_queries", outsider)
    assert missing(reading, "idle").endswith("`GRANT pg_monitor TO outsider` shows it")
    assert missing(queries, "count") == (
        "what 1 sessions of other users do is hidden; `GRANT pg_monitor TO outsider` shows it"
    )


async def test_long_queries_come_longest_first_without_what_people_typed(postgres: PostgresServer) -> None:
    secret = "SELECT pg_sleep_for('20 s'), 'Maria da Silva' AS name, 'ana@example.com' -- token=abc123def456"
    with Busy(postgres, secret, "agente-api") as busy:
        reading = await until("postgres.long_queries", postgres.address(), {"count": 1}, min_seconds=0)
        assert (await read("postgres.long_queries", postgres.address(), min_seconds=60)).evidence == ()
    assert measured(reading)["blocked"] == 0
    assert f"(pid {busy.pid})" in summary(reading)
    assert f"pid {busy.pid}  0 s  active  agente_app agente-api: " in reading.evidence[0]
    assert reading.evidence[0].endswith("SELECT pg_sleep_for('***'), '***' AS name, '***'")


async def test_the_session_that_blocks_others_is_named_first(clean: PostgresServer) -> None:
    conversations(clean)
    with clean.connect("agente_app", "worker") as culprit:
        culprit.execute("BEGIN")
        culprit.execute("UPDATE conversations SET status = 'held' WHERE id = 1")
        with Busy(clean, "UPDATE conversations SET status = 'late' WHERE id = 1", "agente-api") as victim:
            reading = await until("postgres.long_queries", clean.address(), {"blocked": 1}, min_seconds=0)
        pid = culprit.info.backend_pid
    assert reading.evidence[0].startswith(f"pid {pid}  ")
    assert "idle in transaction  agente_app worker: [blocks others] UPDATE" in reading.evidence[0]
    assert f"[waits for {pid}] UPDATE" in reading.evidence[1]
    assert reading.evidence[1].startswith(f"pid {victim.pid}  ")


async def test_a_suspicious_session_comes_first_and_only_the_restricted_channel_reads_what_was_typed(
    clean: PostgresServer,
) -> None:
    odd = "SELECT id FROM users WHERE email = 'ana@example.com' OR '1'='1' -- now"
    hidden = "SELECT email FROM users WHERE email = 'hunter2' AND email <> 'password'"
    with clean.connect("agente_app", "psql") as thief, clean.connect("agente_app", "api") as app:
        thief.execute("BEGIN")
        thief.execute(odd)
        app.execute("BEGIN")
        app.execute(f"{hidden} OR 1=1")
        masked = await read("postgres.long_queries", clean.address(), min_seconds=0)
        full = await reveal("postgres.long_queries", clean.address(), min_seconds=0)
        pid = thief.info.backend_pid
    [shown] = [line for line in masked.evidence if line.startswith(f"pid {pid} ")]
    assert "[looks like an injection; a person's tool] SELECT id FROM users WHERE email = '***' OR" in shown
    assert measured(masked)["suspicious"] == 2
    assert summary(masked).startswith("suspicious: 2; ")
    [read_in_full] = [line for line in full if line.startswith(f"pid {pid} ")]
    assert "from the machine itself" in read_in_full
    assert "email = '***@example.com' OR '1'='1' -- now" in read_in_full
    assert "hunter2" not in repr((masked, full)), "where a query names a secret its values stay masked"


async def test_slow_statements_are_ranked_by_their_mean(postgres: PostgresServer) -> None:
    postgres.run("SELECT pg_stat_statements_reset()")
    postgres.run("SELECT pg_sleep(0.05), 'ana@example.com'", user="agente_app")
    reading = await read("postgres.slow_statements", postgres.address(), top=3)
    worst = measured(reading)["worst_mean_ms"]
    assert isinstance(worst, float)
    assert 50 <= worst < 5000
    assert "ms  ×1  (worst" in reading.evidence[0]
    assert "pg_sleep" in reading.evidence[0]
    assert "ana@" not in repr(reading)


async def test_slow_statements_without_the_extension_say_how_to_get_it(postgres: PostgresServer) -> None:
    error = await refusal("postgres.slow_statements", {"url": postgres.url(database="postgres")})
    assert error.level is Level.UNKNOWN
    assert "`CREATE EXTENSION pg_stat_statements`" in spoken(error)


async def test_size_names_the_largest_tables(clean: PostgresServer) -> None:
    conversations(clean)
    reading = await read("postgres.size", clean.address())
    size = measured(reading)["size_mb"]
    assert isinstance(size, float)
    assert 5 < size < 100
    assert reading.evidence[0].startswith("public.conversations  0.1 MB")
    assert "keeps no history" in missing(reading, "growth_mb")


async def test_size_of_a_database_with_a_locked_table_is_still_told(postgres: PostgresServer) -> None:
    with postgres.connect() as holder:
        holder.execute("BEGIN")
        holder.execute("LOCK TABLE users")
        reading = await read("postgres.size", postgres.address())
    assert measured(reading)["size_mb"]
    assert "one is locked" in missing(reading, "largest_table_mb")


async def test_replication_is_seen_from_both_ends_and_its_break_is_noticed() -> None:
    with started() as primary:
        assert summary(await read("postgres.replication", primary.address())) == "primary without replicas"
        with replica_of(primary) as replica:
            linked: dict[str, object] = {"role": "replica", "link_up": True, "lag_s": 0.0}
            await until("postgres.replication", replica.address(), linked)
            above = await until("postgres.replication", primary.address(), {"replicas": 1, "link_up": True})
            primary.kill()
            below = await until("postgres.replication", replica.address(), {"link_up": False})
    assert re.fullmatch(r"primary, replicas: 1, lag \d\.\d s", summary(above))
    assert summary(below) == "replica without its primary"


async def test_a_slot_that_nobody_reads_shows_how_much_it_keeps(postgres: PostgresServer) -> None:
    postgres.run("SELECT pg_create_physical_replication_slot('forgotten', true)")
    postgres.run("SELECT pg_logical_emit_message(false, 'test', repeat('x', 2000000))")
    reading = await read("postgres.replication", postgres.address())
    postgres.run("SELECT pg_drop_replication_slot('forgotten')")
    kept = measured(reading)["retained_mb"]
    assert isinstance(kept, float)
    assert kept > 1.5
    assert any(line.startswith("slot forgotten  INACTIVE") for line in reading.evidence)


async def test_count_tells_rows_of_all_time_of_today_and_of_the_window(clean: PostgresServer) -> None:
    conversations(clean)
    window = {"table": "public.conversations", "time_column": "created_at", "window_hours": 24}
    reading = await read("postgres.count", clean.address(), **window, time_zone="America/Sao_Paulo")
    today = clean.run(
        "SELECT count(*) AS n FROM conversations WHERE (created_at AT TIME ZONE 'America/Sao_Paulo')::date "
        "= (now() AT TIME ZONE 'America/Sao_Paulo')::date"
    )
    assert measured(reading) == {"rows": 300, "today": today[0]["n"], "newest_age_s": 3601, "recent": 23}
    assert summary(reading) == "public.conversations has 300 rows, 23 of the last 24 h"


async def test_a_restored_copy_is_compared_with_the_number_expected(clean: PostgresServer) -> None:
    conversations(clean)
    system = load_system(HERE / "catalog" / "agente-ia")
    environ = {"AGENTE_RESTORED_URL": str(clean.address()["url"])}
    targets = CatalogTargets(Catalog(systems={system.id: system}), environ)
    findings = Findings(targets, cast(Looks, None), SystemClock())  # nobody to share a look with
    check = system.checks["restored-rows"]
    told = {
        expected: await findings.of(check.told({"expected": expected} if expected else {}))
        for expected in ("300", "400", "")
    }
    assert {expected: finding.level for expected, finding in told.items()} == {
        "300": Level.OK,
        "400": Level.CRIT,
        "": Level.OK,
    }
    said = [Voice("en").plain(finding.summary) for finding in told.values()]
    assert [one.rpartition(". ")[2] for one in said] == [
        "Expected rows: 300, and so it is",
        "Expected rows: 400, but it is 300",
        "Expected rows: none was given, it is 300",
    ]


async def test_an_empty_table_counts_as_empty(clean: PostgresServer) -> None:
    reading = await read("postgres.count", clean.address(), table="conversations", time_column="created_at")
    assert measured(reading)["rows"] == 0
    assert missing(reading, "newest_age_s") == "the table is empty"


async def test_a_table_too_big_to_count_is_estimated_and_other_slow_reads_time_out(postgres: PostgresServer) -> None:
    postgres.run("CREATE OR REPLACE VIEW slow AS SELECT 1 AS score FROM pg_sleep(30)")
    postgres.run("GRANT SELECT ON slow TO plantao_read")
    counted, error = await asyncio.gather(
        read("postgres.count", postgres.address(), table="slow"),
        refusal("postgres.group", postgres.address(), table="slow", column="score"),
    )
    assert missing(counted, "rows") == "counting takes longer than 4.0 s; the statistics say about 0"
    assert isinstance(error, TimedOut)
    assert "took longer than 4.0 s and was stopped" in spoken(error)


async def test_a_locked_table_is_not_waited_for(postgres: PostgresServer) -> None:
    with postgres.connect() as holder:
        holder.execute("BEGIN")
        holder.execute("LOCK TABLE users")
        error = await refusal("postgres.count", postgres.address(), table="users")
    assert spoken(error) == "Another session holds a lock that this query needs; it was not waited for."


@pytest.mark.parametrize("name", TOUCHES_TABLES)
async def test_a_table_that_is_gone_is_critical(name: str, postgres: PostgresServer) -> None:
    gone = {**DEFAULTS[name], "table": "gone"} if name != "postgres.plan" else {"select": "SELECT 1 FROM gone"}
    error = await refusal(name, postgres.address(), **gone)
    assert error.level is Level.CRIT
    assert "gone" in spoken(error)


async def test_a_table_whose_file_is_lost_is_critical(postgres: PostgresServer) -> None:
    postgres.run("CREATE TABLE damaged AS SELECT 1 AS id; GRANT SELECT ON damaged TO plantao_read; CHECKPOINT")
    path = postgres.run("SELECT pg_relation_filepath('damaged') AS path")[0]["path"]
    (postgres.folder / "data" / path).rename(postgres.folder / "lost")
    error = await refusal("postgres.count", postgres.address(), table="damaged")
    (postgres.folder / "lost").rename(postgres.folder / "data" / path)
    assert error.level is Level.CRIT
    assert "The table is damaged" in spoken(error)


@pytest.mark.parametrize("name", sorted(set(TOUCHES_TABLES) - {"postgres.plan"}))
async def test_a_table_we_may_not_read_says_what_to_grant(
    name: str, postgres: PostgresServer, outsider: dict[str, object]
) -> None:
    error = await refusal(name, outsider, **DEFAULTS[name])
    assert isinstance(error, Denied)
    assert spoken(error).endswith(f"Grant it: `GRANT SELECT ON {DEFAULTS[name]['table']} TO outsider`")


async def test_a_personal_column_that_was_not_granted_stays_closed(postgres: PostgresServer) -> None:
    error = await refusal("postgres.group", postgres.address(), table="leads", column="email")
    assert isinstance(error, Denied)


async def test_rows_are_grouped_by_value_and_the_values_masked(clean: PostgresServer) -> None:
    clean.run("INSERT INTO leads (score, created_at) SELECT i % 3, now() FROM generate_series(1, 10) AS i")
    clean.run("INSERT INTO leads (score, created_at) VALUES (9, now() - interval '3 days')")
    scores = {"table": "leads", "column": "score", "time_column": "created_at"}
    today = await read("postgres.group", clean.address(), **scores)
    week = await read("postgres.group", clean.address(), **scores, window_hours=168)
    assert measured(today) == {"rows": 10, "values": 3, "largest": 4, "largest_percent": 40.0}
    assert today.evidence == ("4  1", "3  0", "3  2")
    assert measured(week)["rows"] == 11
    conversations(clean)
    users = await read("postgres.group", clean.address(), table="conversations", column="user_id")
    assert users.evidence == ("1  ***@example.com",) * 20


async def test_the_newest_rows_show_declared_columns_and_hide_personal_ones(clean: PostgresServer) -> None:
    conversations(clean)
    clean.run("UPDATE conversations SET status = 'token=abcdef123456abcdef' WHERE id = 1")
    columns = {"columns": ["id", "user_id", "status"], "time_column": "created_at", "masked": ["user_id"]}
    reading = await read("postgres.newest", clean.address(), table="conversations", **columns, limit=2)
    assert measured(reading) == {"newest_age_s": 3601, "rows": 2, "broken": 0}
    assert reading.evidence == ("id=1  user_id=***  status=token=***", "id=2  user_id=***  status=completed")
    assert summary(reading) == "the newest row of conversations is 60 min old"


async def test_a_personal_column_is_hidden_even_if_nobody_said_so(clean: PostgresServer) -> None:
    clean.run("INSERT INTO leads (email, created_at) VALUES ('Maria', now()), (NULL, now() - interval '1 min')")
    clean.run("GRANT SELECT (email) ON leads TO plantao_read")
    columns = {"columns": ["id", "email"], "time_column": "created_at"}
    reading = await read("postgres.newest", clean.address(), table="leads", **columns)
    clean.run("REVOKE SELECT (email) ON leads FROM plantao_read")
    assert reading.evidence == ("id=1  email=***", "id=2  email=NULL")


async def test_broken_texts_are_counted_and_named_by_their_key(clean: PostgresServer) -> None:
    clean.run(
        "INSERT INTO etps (title, created_at) VALUES ('Aquisição', now()), (U&'Aquisi\\FFFD\\FFFDo', now()), "
        "(' ', now()), ('AquisiÃ§Ã£o', now())"
    )
    reading = await read("postgres.broken_text", clean.address(), table="etps", column="title")
    assert measured(reading) == {"broken": 2, "total": 4, "share_percent": 50.0, "double_encoded": 1}
    assert reading.evidence == ("id 3", "id 2")
    newest = await read("postgres.newest", clean.address(), table="etps", columns=["title"], time_column="created_at")
    assert measured(newest)["broken"] == 2
    clean.run("DELETE FROM etps WHERE id IN (1, 4)")
    all_broken = await read("postgres.broken_text", clean.address(), table="etps", column="title")
    assert summary(all_broken) == "all 2 texts in etps are broken or empty"


async def test_each_day_has_its_count_and_its_completion_rate(clean: PostgresServer) -> None:
    clean.run(
        "INSERT INTO conversations (status, created_at) SELECT CASE WHEN i < 3 THEN 'completed' ELSE 'open' END, "
        "date_trunc('day', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' - interval '12 hours' "
        "FROM generate_series(1, 4) AS i"
    )
    done = {"time_column": "created_at", "done_column": "status", "done_value": "completed"}
    reading = await read("postgres.per_day", clean.address(), table="conversations", days=7, **done)
    values = measured(reading)
    assert values == {"last_day": 4, "today": 0, "mean_per_day": 0.6, "completion_percent": 50.0}
    assert len(reading.evidence) == 8
    assert reading.evidence[-2].endswith("  4, 50.0% completed")
    assert reading.trend == (0, 0, 0, 0, 0, 0, 4)
    undeclared = await read("postgres.per_day", clean.address(), **DEFAULTS["postgres.per_day"])
    assert "no column is declared" in missing(undeclared, "completion_percent")


async def test_a_plan_is_told_without_running_the_query(clean: PostgresServer) -> None:
    for _ in range(10):
        conversations(clean)
    clean.run("ANALYZE conversations")
    scan = "SELECT pg_sleep(60) FROM conversations WHERE user_id = 'ana@example.com'"
    begun = monotonic()
    reading = await read("postgres.plan", clean.address(), select=scan)
    assert monotonic() - begun < 30
    assert measured(reading)["seq_scans"] == 1
    assert summary(reading).endswith("; read from end to end: conversations")
    assert reading.evidence[0].startswith("Seq Scan conversations (cost ")
    assert "Filter: (user_id = '***'::text)" in reading.evidence[0]
    by_key = await read("postgres.plan", clean.address(), select="SELECT * FROM conversations WHERE id = 7 -- 100%")
    assert measured(by_key)["seq_scans"] == 0


async def test_a_plan_of_anything_but_one_select_is_refused(clean: PostgresServer) -> None:
    conversations(clean)
    with pytest.raises(ValidationError):
        await read("postgres.plan", clean.address(), select="DELETE FROM conversations")
    error = await refusal("postgres.plan", clean.address(), select="SELECT 1; DELETE FROM conversations")
    assert "multiple commands" in spoken(error)
    assert clean.run("SELECT count(*) AS n FROM conversations") == [{"n": 300}]


@pytest.mark.parametrize("table", ['x"; DROP TABLE users; --', "a.b.c", "", "1a", "tab le", "pg_sleep(1)"])
async def test_a_name_that_is_no_identifier_never_reaches_the_server(table: str) -> None:
    with pytest.raises(ValidationError):
        await read("postgres.count", {"url": f"postgresql://u@127.0.0.1:{NOBODY}/d"}, table=table)


async def test_upper_case_names_and_reserved_words_are_quoted(postgres: PostgresServer) -> None:
    postgres.run('CREATE SCHEMA "Vendas"; CREATE TABLE "Vendas"."Order" ("createdAt" date)')
    postgres.run('GRANT USAGE ON SCHEMA "Vendas" TO plantao_read; GRANT SELECT ON "Vendas"."Order" TO plantao_read')
    reading = await read("postgres.count", postgres.address(), table="Vendas.Order", time_column="createdAt")
    assert measured(reading)["rows"] == 0


@pytest.mark.parametrize(
    ("user", "password", "words"),
    [("plantao_read", "wrong-s3same", "refuses the user"), ("nobody", "s3same", "refuses the user")],
)
async def test_wrong_credentials_are_told_without_repeating_them(
    user: str, password: str, words: str, postgres: PostgresServer
) -> None:
    error = await refusal("postgres.ping", {"url": postgres.url(user, password)})
    assert isinstance(error, Denied)
    assert words in spoken(error)


async def test_a_role_that_may_not_log_in_and_a_database_that_is_not_there(postgres: PostgresServer) -> None:
    postgres.run("CREATE ROLE retired NOLOGIN PASSWORD 's3same'")
    retired = await refusal("postgres.ping", {"url": postgres.url("retired")})
    nowhere = await refusal("postgres.ping", {"url": postgres.url(database="agente_ia_new")})
    assert isinstance(retired, Denied)
    assert "does not let the user `retired` in" in spoken(retired)
    assert nowhere.level is Level.CRIT
    assert f"there is no database 127.0.0.1:{postgres.port}/agente_ia_new" in spoken(nowhere)


async def test_a_server_without_tls_says_so_when_the_url_wants_it(postgres: PostgresServer) -> None:
    error = await refusal("postgres.ping", {"url": postgres.url() + "?sslmode=require"})
    assert isinstance(error, Unreachable)
    assert "could not agree on TLS" in spoken(error)


async def test_an_encrypted_connection_that_breaks_is_no_disagreement_about_tls(tmp_path: Path) -> None:
    with started() as server, server.connect() as holder:
        server.encrypt(*self_signed(tmp_path))
        holder.execute("BEGIN; LOCK TABLE conversations")
        async with slow_at(server, b"nothing") as proxy:
            address = {"url": f"{proxy.address()['url']}?sslmode=require"}
            counting = asyncio.create_task(refusal("postgres.count", address, table="conversations"))
            while not server.run("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"):
                assert not counting.done()
                await asyncio.sleep(0)
            proxy.cut()
            error = await counting
    assert isinstance(error, Unreachable)
    assert spoken(error).endswith("cannot be reached: nothing listens there or the connection broke.")


async def test_a_dead_server_is_unreachable_for_every_check() -> None:
    address: dict[str, object] = {"url": f"postgresql://u:s3same@127.0.0.1:{NOBODY}/d"}
    for name in EVERY:
        error = await refusal(name, address, **DEFAULTS.get(name, {}))
        assert isinstance(error, Unreachable), name
        assert "cannot be reached" in spoken(error)


async def test_a_hung_server_times_out_every_check_within_its_limit(postgres: PostgresServer) -> None:
    begun = monotonic()
    with postgres.paused():
        asked = (refusal(name, postgres.address(), **DEFAULTS.get(name, {})) for name in EVERY)
        errors: list[TargetError] = await asyncio.gather(*asked)
    assert monotonic() - begun < 20
    assert len(errors) == 12
    assert all(isinstance(error, TimedOut) for error in errors)


async def test_a_server_that_hangs_in_the_middle_of_a_check_is_given_up(postgres: PostgresServer) -> None:
    async with muted_after(postgres, b"pg_stat_activity") as proxy:
        begun = monotonic()
        error = await refusal("postgres.connections", proxy.address())
    assert isinstance(error, TimedOut)
    assert monotonic() - begun < 20


async def test_no_check_can_write(postgres: PostgresServer) -> None:
    postgres.run("GRANT INSERT ON users TO plantao_read")
    postgres.run(
        "CREATE OR REPLACE FUNCTION sneak() RETURNS int LANGUAGE sql AS 'INSERT INTO users DEFAULT VALUES RETURNING 1'"
    )
    postgres.run("CREATE OR REPLACE VIEW sneaky AS SELECT sneak() AS id; GRANT SELECT ON sneaky TO plantao_read")
    error = await refusal("postgres.group", postgres.address(), table="sneaky", column="id")
    postgres.run("REVOKE INSERT ON users FROM plantao_read")
    assert "takes no changes from the user `plantao_read`" in spoken(error)


@pytest.mark.parametrize(
    "url",
    ["https://example.org", "postgresql://u:pa/s3same@host/d", "postgresql://host/d", "postgresql://u:s3same@host"],
)
async def test_an_unusable_url_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ValidationError) as caught:
        await read("postgres.ping", {"url": url})
    assert "not a PostgreSQL URL" in str(caught.value)
    assert "s3same" not in str(caught.value)


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("SELECT 'it''s', E'it\\'s', $$s$$, $tag$ ' $tag$ FROM t", "SELECT '***', '***', '***', '***' FROM t"),
        ("SELECT 1 -- it's\n, 'secret'", "SELECT 1 , '***'"),
        ("SELECT /* it's */ \"it's\", 'secret", "SELECT \"it's\", '***'"),
        ("UPDATE t SET a = $1 WHERE path = 'C:\\' AND b = 'x'", "UPDATE t SET a = $1 WHERE path = '***' AND b = '***'"),
    ],
)
def test_a_query_is_shown_without_its_literals(query: str, shown: str) -> None:
    assert shape(query) == shown
