"""A Supabase project: what logins and data requests meet, and what its Management API tells of the database."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from postgres_server import started
from readings import measured, missing, read, refusal, summary
from vendor_changes import granted, said

from bot.core.errors import Denied
from bot.providers.supabase.database import TAKEN
from bot.providers.supabase.migrations import NEWEST
from sandbox.world.vendors import Supabase, open_vendors

MANAGED = ["supabase.connections", "supabase.slow_queries", "supabase.migrations", "supabase.advisors"]


@pytest.fixture
async def supabase() -> AsyncIterator[Supabase]:
    async with open_vendors() as vendors:
        vendors.supabase.permissions = set(granted("Supabase")["access_token"]["permissions"])
        yield vendors.supabase


def of(vendor: Supabase, **other: object) -> dict[str, object]:
    tokens = {"key": vendor.key, "access_token": vendor.access_token, "project": vendor.project}
    return {"url": vendor.url, "management_url": vendor.url} | tokens | other


async def test_auth_that_is_well_tells_its_version(supabase: Supabase) -> None:
    reading = await read("supabase.auth_health", of(supabase))
    assert (measured(reading)["ok"], measured(reading)["status"]) == (True, 200)
    assert summary(reading).startswith("auth v2.170.0 answers in ")


@pytest.mark.parametrize("check", ["supabase.auth_health", "supabase.rest"])
async def test_a_wrong_key_is_told_from_an_outage(supabase: Supabase, check: str) -> None:
    parameters = {"table": "messages"} if check == "supabase.rest" else {}
    wrong = await read(check, of(supabase, key="sb_publishable_wrong"), **parameters)
    assert (measured(wrong)["ok"], measured(wrong)["status"]) == (False, 401)
    assert said(wrong.summary).endswith("refuses the key (401)")
    supabase.trouble.status = 540
    paused = await read(check, of(supabase), **parameters)
    assert said(paused.summary).endswith("answers 540: the project is paused")


async def test_a_table_is_asked_for_no_rows(supabase: Supabase) -> None:
    reading = await read("supabase.rest", of(supabase), table="messages")
    assert measured(reading)["ok"] is True
    assert supabase.trouble.requests == ["GET /supabase/rest/v1/messages"]


async def test_the_root_that_supabase_hides_from_public_keys_asks_for_a_table(supabase: Supabase) -> None:
    reading = await read("supabase.rest", of(supabase))
    assert measured(reading)["status"] == 403
    assert summary(reading).endswith("its root is no longer shown to public keys, name a `table`")


async def test_a_data_api_without_its_database_says_so(supabase: Supabase) -> None:
    supabase.has_database = False
    reading = await read("supabase.rest", of(supabase), table="messages")
    assert measured(reading)["status"] == 503
    assert said(reading.summary) == "the data API answers 503: it cannot reach the database"
    assert reading.evidence[0].startswith("503  PGRST001")


async def test_a_table_that_does_not_exist_is_said(supabase: Supabase) -> None:
    reading = await read("supabase.rest", of(supabase), table="nothing")
    assert said(reading.summary) == "the data API answers 404: Could not find the table"


async def test_connections_are_compared_with_the_limit_of_the_plan(supabase: Supabase) -> None:
    reading = await read("supabase.connections", of(supabase))
    assert measured(reading) == {"used": 15, "max": 60, "used_percent": 25.0}
    supabase.connections[0]["connections"] = 55
    full = await read("supabase.connections", of(supabase))
    assert measured(full)["used_percent"] == 96.7
    assert full.evidence[0] == "×55 idle postgrest"


async def test_connections_of_more_applications_than_are_listed_count_too(supabase: Supabase) -> None:
    supabase.connections = [
        {"application": f"worker-{number}", "state": "idle", "connections": 1, "limit": 200} for number in range(70)
    ]
    assert measured(await read("supabase.connections", of(supabase))) == {"used": 70, "max": 200, "used_percent": 35.0}


async def test_the_project_is_taken_from_its_address_when_it_is_not_named(supabase: Supabase) -> None:
    supabase.project = "127"
    assert measured(await read("supabase.connections", of(supabase, project="")))["used"] == 15


async def test_slow_statements_are_shown_slowest_first_and_masked(supabase: Supabase) -> None:
    supabase.statements = [
        {
            "query": "select * from t where m = 'maria@example.com'",
            "calls": 9,
            "mean_ms": "812.5",
            "max_ms": "2000.0",
        },
        {"query": "select 1", "calls": 900, "mean_ms": "0.2", "max_ms": "1.0"},
    ]
    reading = await read("supabase.slow_queries", of(supabase))
    assert measured(reading) == {"worst_mean_ms": 812.5, "statements": 2}
    assert reading.evidence[0] == "812.5 ms mean, 2000.0 ms max, ×9 select * from t where m = '***@example.com'"


async def test_a_database_without_statistics_says_how_to_switch_them_on(supabase: Supabase) -> None:
    supabase.has_statistics = False
    error = await refusal("supabase.slow_queries", of(supabase))
    assert "create extension pg_stat_statements" in said(error.text)


async def test_advisors_count_errors_warnings_and_what_they_are_about(supabase: Supabase) -> None:
    supabase.lints["security"] = [
        {"name": "auth_otp_long_expiry", "title": "OTP", "level": "WARN", "detail": "long"},
        {
            "name": "rls_disabled_in_public",
            "title": "RLS Disabled",
            "level": "ERROR",
            "detail": "`public.orders`",
        },
    ]
    supabase.lints["performance"] = [
        {"name": "unindexed_foreign_keys", "title": "Unindexed", "level": "INFO", "detail": "`public.orders`"}
    ]
    security = await read("supabase.advisors", of(supabase))
    assert measured(security) == {"errors": 1, "warnings": 1, "hints": 0, "rls": 1, "indexes": 0}
    assert security.evidence[0] == "ERROR RLS Disabled `public.orders`"
    performance = await read("supabase.advisors", of(supabase), kind="performance")
    assert measured(performance) == {"errors": 0, "warnings": 0, "hints": 1, "rls": 0, "indexes": 1}


@pytest.mark.parametrize("check", MANAGED)
async def test_without_an_access_token_the_figures_are_unknown_with_the_reason(supabase: Supabase, check: str) -> None:
    reading = await read(check, of(supabase, access_token=None))
    assert reading.measurements
    for measurement in reading.measurements:
        assert "no `access_token`" in missing(reading, measurement.name)
    assert supabase.trouble.requests == []


@pytest.mark.parametrize("check", MANAGED)
async def test_a_token_without_its_permission_is_told_what_it_lacks(supabase: Supabase, check: str) -> None:
    supabase.permissions = set()
    error = await refusal(check, of(supabase))
    assert isinstance(error, Denied)
    assert "`database_read` and `advisors_read`" in said(error.text)


def since(hours: float) -> str:
    return (datetime.now(UTC) - timedelta(hours=hours)).isoformat()


async def test_migrations_written_after_a_moment_are_counted_and_the_newest_is_named(supabase: Supabase) -> None:
    for name, hours in (("tables", 90.0), ("lessons", 30.0), ("voices", 3.0)):
        supabase.migrate(name, hours=hours)
    told = await read("supabase.migrations", of(supabase))
    assert measured(told) == {"after": 0, "newest_age_h": 3.0}
    assert summary(told).startswith("the newest migration is ")
    assert [line.rpartition(" ")[2] for line in told.evidence] == ["voices", "lessons", "tables"]
    later = await read("supabase.migrations", of(supabase), since=since(2))
    assert measured(later)["after"] == 0
    assert "no migration was written after" in summary(later)
    between = await read("supabase.migrations", of(supabase), since=since(40))
    assert measured(between)["after"] == 2
    assert "take them back by a reviewed migration first" in summary(between)
    assert summary(between).startswith("migrations written after ")


async def test_a_project_whose_migrations_nobody_keeps_or_dates_is_unknown_and_never_fine(supabase: Supabase) -> None:
    assert "schema_migrations" in said((await refusal("supabase.migrations", of(supabase))).text)
    supabase.migrations = []
    assert measured(await read("supabase.migrations", of(supabase), since=since(1)))["after"] == 0
    supabase.migrations = [{"version": "0042", "name": "by maria@example.com"}]
    words = said((await refusal("supabase.migrations", of(supabase))).text)
    assert words == "The version of a migration is no time (0042), so that its age is not known."


def test_a_real_postgresql_understands_the_statements_with_and_without_names() -> None:
    kept = "supabase_migrations.schema_migrations"
    with started() as postgres:
        postgres.run(f"CREATE SCHEMA supabase_migrations; CREATE TABLE {kept} (version text, statements text[])")
        postgres.run(f"INSERT INTO {kept} VALUES ('20260101000000'), ('20260201000000')")  # noqa: S608
        versions = [(row["version"], row["name"]) for row in postgres.run(NEWEST)]
        assert versions == [("20260201000000", None), ("20260101000000", None)]
        postgres.run(f"ALTER TABLE {kept} ADD name text DEFAULT 'tables'")
        assert postgres.run(NEWEST)[0] == {"version": "20260201000000", "name": "tables"}
        with postgres.connect("agente_app"):
            taken = postgres.run(TAKEN)
        assert len(taken) == 2
        assert {row["taken"] for row in taken} == {sum(row["connections"] for row in taken)}
