"""The world's PostgreSQL: real where it is installed, and otherwise not there at all."""

import os

import psycopg
import pytest

from sandbox.world.postgres import ROLE, Postgres, open_postgres


async def lets_in(url: str, password: str) -> bool:
    try:
        connection = await psycopg.AsyncConnection.connect(url, password=password)
    except psycopg.OperationalError:
        return False
    await connection.close()
    return True


async def test_the_role_has_its_first_password_again_after_a_reset() -> None:
    async with open_postgres("first") as postgres:
        if not postgres.url:
            assert "CI" not in os.environ, "PostgreSQL is not installed, which CI must not pass over"
            pytest.skip("PostgreSQL is not installed")
        await postgres.warm()
        async with await psycopg.AsyncConnection.connect(postgres.url, password="first") as own:
            await own.execute(f"ALTER ROLE {ROLE} PASSWORD 'second'")
        assert await lets_in(postgres.url, "second")
        assert not await lets_in(postgres.url, "first")
        postgres.reset()
        assert await lets_in(postgres.url, "first")
        assert not await lets_in(postgres.url, "second")
        pid = postgres.pid
        assert pid
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_where_none_is_installed_it_has_no_address_and_nothing_to_stop() -> None:
    async with Postgres(None, "first").open() as postgres:
        await postgres.warm()
        assert (postgres.url, postgres.pid) == ("", None)
