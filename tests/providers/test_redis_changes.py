"""Changes to a Redis: cache keys go by allowed prefix and never all at once; the memory limit moves within bounds."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from data_changes import execute, granted, lines, preview, refused, warnings
from pydantic import ValidationError
from readings import rendered, spoken
from redis_server import RedisServer, started

from bot.core.errors import Denied, TimedOut, Unreachable
from bot.core.text import Text
from bot.providers.redis.identity import Changed
from tests.ports import NOBODY

PATTERN = "redis.delete_pattern"
AI = {"pattern": "ai:*", "prefixes": ["ai:", "rate_limit:"]}
MEMORY = {"maxmemory_mb": 128, "min": 32, "max": 256}


@pytest.fixture
def filled(server: RedisServer) -> RedisServer:
    with server.client() as client:
        client.flushdb()
        client.mset({f"ai:{number}": "answer" for number in range(300)})
        client.mset({"session:1": "in", "rate_limit:maria@example.com": 9, "rate_limit:joao@example.com": 9})
        client.rpush("crm_retry_queue", "lead")
    return server


def names(server: RedisServer) -> set[str]:
    with server.client() as client:
        return set(client.keys())


async def test_the_preview_counts_shows_a_masked_sample_and_deletes_nothing(filled: RedisServer) -> None:
    before = names(filled)
    shown = await preview(PATTERN, {"url": filled.url()}, pattern="rate_limit:*", prefixes=["rate_limit:"])
    told = lines(shown)
    assert told["Keys that match rate_limit:*"] == ("2", "0")
    assert told["Some of them"] == ("rate_limit:***@example.com, rate_limit:***@example.com", "—")
    assert "Nothing brings the deleted keys back." in warnings(shown)
    assert shown.undo == {}
    assert names(filled) == before


async def test_exactly_the_keys_under_the_prefix_go_and_everything_else_stays(filled: RedisServer) -> None:
    shown = await preview(PATTERN, {"url": filled.url()}, **AI, batch=50)
    assert await execute(PATTERN, {"url": filled.url()}, shown) == "300 keys of ai:* deleted, none is left"
    assert names(filled) == {
        "session:1",
        "crm_retry_queue",
        "rate_limit:maria@example.com",
        "rate_limit:joao@example.com",
    }


async def test_a_living_cache_does_not_make_the_approved_preview_stale(filled: RedisServer) -> None:
    first = await preview(PATTERN, {"url": filled.url()}, **AI)
    with filled.client() as client:
        client.set("ai:new", "answer")
    second = await preview(PATTERN, {"url": filled.url()}, **first.arguments)
    assert second.fingerprint == first.fingerprint


@pytest.mark.parametrize(
    "pattern", ["*:*", "**", "[a]i:*", "a*", "ai*", "session:*", "?i:*", "\\ai:*", "*ai:", "crm_retry_queue"]
)
async def test_a_pattern_that_is_not_under_an_allowed_prefix_is_refused(pattern: str, filled: RedisServer) -> None:
    error = await refused(preview(PATTERN, {"url": filled.url()}, pattern=pattern, prefixes=["ai:"]))
    assert "is not under a prefix that may be deleted (ai:)" in spoken(error)


@pytest.mark.parametrize("prefix", ["", "*", "ai", "a*:", " :", ":"])
async def test_a_prefix_that_would_allow_everything_is_no_prefix(prefix: str, filled: RedisServer) -> None:
    with pytest.raises(ValidationError):
        await preview(PATTERN, {"url": filled.url()}, pattern="ai:*", prefixes=[prefix])


async def test_clearing_all_limits_is_refused_where_a_subject_is_needed(filled: RedisServer) -> None:
    wanted = {"prefixes": ["rate_limit:"], "needs_subject": True}
    error = await refused(preview(PATTERN, {"url": filled.url()}, pattern="rate_limit:*", **wanted))
    assert spoken(error).endswith("name one subject after it.")
    shown = await preview(PATTERN, {"url": filled.url()}, pattern="rate_limit:maria*", **wanted)
    await execute(PATTERN, {"url": filled.url()}, shown)
    assert "rate_limit:joao@example.com" in names(filled)
    assert "rate_limit:maria@example.com" not in names(filled)


async def test_more_keys_than_the_cap_are_refused(filled: RedisServer) -> None:
    error = await refused(preview(PATTERN, {"url": filled.url()}, **AI, cap=299))
    assert spoken(error) == "Refused: more than 299 keys match ai:*, and no more than that may be deleted at once."
    assert await preview(PATTERN, {"url": filled.url()}, **AI, cap=300)


async def test_nothing_to_delete_is_said_instead_of_proposed(filled: RedisServer) -> None:
    error = await refused(preview(PATTERN, {"url": filled.url()}, pattern="ai:none:*", prefixes=["ai:"]))
    assert spoken(error) == "Nothing to do: no key matches ai:none:*."


async def test_keys_that_come_after_the_preview_are_deleted_only_up_to_the_cap(filled: RedisServer) -> None:
    shown = await preview(PATTERN, {"url": filled.url()}, **AI, cap=320, batch=30)
    with filled.client() as client:
        client.mset({f"ai:late:{number}": "answer" for number in range(200)})
    outcome = await execute(PATTERN, {"url": filled.url()}, shown)
    assert outcome == "320 keys of ai:* deleted, as many as allowed; 180 or more are left"
    assert len([name for name in names(filled) if name.startswith("ai:")]) == 180


async def test_keys_whose_names_are_not_text_are_deleted_too(filled: RedisServer) -> None:
    with filled.client() as client:
        client.set(b"ai:\xff\xfe", 1)
    shown = await preview(PATTERN, {"url": filled.url()}, **AI)
    assert await execute(PATTERN, {"url": filled.url()}, shown) == "301 keys of ai:* deleted, none is left"


async def test_a_restarted_redis_is_not_the_one_that_was_shown(filled: RedisServer, patient: RedisServer) -> None:
    with patient.client() as client:
        client.set("ai:1", "answer")
    shown = await preview(PATTERN, {"url": filled.url()}, **AI)
    error = await refused(execute(PATTERN, {"url": patient.url()}, shown))
    assert isinstance(error, Changed)
    other_database = await refused(execute(PATTERN, {"url": filled.url().removesuffix("0") + "1"}, shown))
    assert isinstance(other_database, Changed)
    assert names(patient) == {"ai:1"}


@asynccontextmanager
async def _cut_at(port: int, word: bytes, times: int = 1) -> AsyncIterator[str]:
    """A way to the Redis that breaks once, when the answer to this word is due; the command itself arrives."""
    seen = 0
    cut = asyncio.Event()

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal seen
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
        while asked := await reader.read(1 << 20):
            far_writer.write(asked)
            answer = await far_reader.read(1 << 20)
            seen += asked.count(word)
            if seen >= times and not cut.is_set():
                cut.set()
                break
            writer.write(answer)
        far_writer.close()
        writer.close()

    server = await asyncio.start_server(forward, "127.0.0.1", 0)
    async with server:
        yield f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0"


async def test_a_lost_answer_is_looked_at_and_nothing_is_sent_again(filled: RedisServer) -> None:
    async with _cut_at(filled.port, b"UNLINK", 2) as url:
        shown = await preview(PATTERN, {"url": url}, **AI, batch=40)
        error = await refused(execute(PATTERN, {"url": url}, shown))
    left = len([name for name in names(filled) if name.startswith("ai:")])
    assert 0 < left < 300
    assert f"Looked at again, {left} match; nothing goes on by itself." in spoken(error)


async def test_a_redis_that_dies_half_way_leaves_an_honest_unknown(patient: RedisServer) -> None:
    with patient.client() as client:
        client.mset({f"ai:{number}": "answer" for number in range(40_000)})
    shown = await preview(PATTERN, {"url": patient.url()}, **AI, cap=50_000, batch=10)
    running = asyncio.create_task(refused(execute(PATTERN, {"url": patient.url()}, shown)))
    with patient.client() as client:
        await _until(lambda: client.dbsize() < 39_900)
    patient.kill()
    error = await running
    assert isinstance(error, Unreachable)
    assert "what is left is not known" in spoken(error)


async def _until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(40):
        while not holds():  # noqa: ASYNC110 - the condition is somebody else's server
            await asyncio.sleep(0)


async def test_a_user_that_may_delete_only_the_cache_can_do_all_of_it_and_nothing_else(patient: RedisServer) -> None:
    with patient.client() as client:
        client.execute_command(*granted("redis-delete").replace(">PASSWORD", ">s3same").split())
        client.mset({"ai:1": "a", "ai:2": "b", "session:1": "in"})
    address = {"url": patient.url("plantao-cache", "s3same")}
    assert "1 keys" in await execute(PATTERN, address, await preview(PATTERN, address, **{**AI, "pattern": "ai:1*"}))
    one = {"key": "ai:2", "prefixes": ["ai:"]}
    assert await execute("redis.delete_key", address, await preview("redis.delete_key", address, **one))
    beyond = await preview(PATTERN, address, pattern="session:*", prefixes=["session:"])
    denied = await refused(execute(PATTERN, address, beyond))
    assert isinstance(denied, Denied)
    assert "Grant it their prefix" in spoken(denied)
    assert names(patient) == {"session:1"}


async def test_one_key_is_deleted_by_its_exact_name(filled: RedisServer) -> None:
    wanted = {"key": "rate_limit:maria@example.com", "prefixes": ["rate_limit:"]}
    shown = await preview("redis.delete_key", {"url": filled.url()}, **wanted)
    assert lines(shown)["Key rate_limit:***@example.com"] == ("string", "—")
    assert await execute("redis.delete_key", {"url": filled.url()}, shown) == "rate_limit:***@example.com deleted"
    assert "rate_limit:joao@example.com" in names(filled)
    assert "rate_limit:maria@example.com" not in names(filled)


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("rate_limit:*", "Redis deletes only exact names"),
        ("session:1", "is not under a prefix"),
        ("rate_limit:", "is not under a prefix"),
        ("rate_limit:nobody", "does not exist"),
    ],
)
async def test_a_key_that_must_not_or_cannot_be_deleted_is_refused(key: str, words: str, filled: RedisServer) -> None:
    error = await refused(preview("redis.delete_key", {"url": filled.url()}, key=key, prefixes=["rate_limit:"]))
    assert words in spoken(error)


async def test_a_key_that_became_something_else_is_left_alone(filled: RedisServer) -> None:
    shown = await preview("redis.delete_key", {"url": filled.url()}, key="ai:1", prefixes=["ai:"])
    with filled.client() as client:
        client.delete("ai:1")
        client.rpush("ai:1", "queue")
    error = await refused(execute("redis.delete_key", {"url": filled.url()}, shown))
    assert spoken(error) == "ai:1 is a list now, not a string; nothing was done."
    assert "ai:1" in names(filled)


async def test_a_key_written_in_the_very_moment_is_left_alone(filled: RedisServer) -> None:
    async with _meddling(filled, b"MULTI") as url:
        shown = await preview("redis.delete_key", {"url": url}, key="ai:1", prefixes=["ai:"])
        error = await refused(execute("redis.delete_key", {"url": url}, shown))
    assert isinstance(error, Changed)
    assert "was being written in this moment" in spoken(error)
    assert "ai:1" in names(filled)


@asynccontextmanager
async def _meddling(server: RedisServer, word: bytes) -> AsyncIterator[str]:
    """A way to the Redis on which somebody else writes ai:1 just before this word arrives."""

    def write() -> None:
        with server.client() as client:
            client.set("ai:1", "fresh")

    async with _interrupted(server, word, write) as url:
        yield url


@asynccontextmanager
async def _interrupted(server: RedisServer, word: bytes, meddle: Callable[[], None]) -> AsyncIterator[str]:
    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", server.port)
        while asked := await reader.read(1 << 20):
            if word in asked:
                meddle()
            far_writer.write(asked)
            writer.write(await far_reader.read(1 << 20))
        far_writer.close()
        writer.close()

    proxy = await asyncio.start_server(forward, "127.0.0.1", 0)
    async with proxy:
        yield f"redis://127.0.0.1:{proxy.sockets[0].getsockname()[1]}/0"


@asynccontextmanager
async def _forbidding(server: RedisServer, user: str, word: bytes) -> AsyncIterator[str]:
    """A way to the Redis on which a user loses the right to CONFIG SET just before this word arrives."""

    def forbid() -> None:
        with server.client() as client:
            client.execute_command("ACL", "SETUSER", user, "-config|set")

    async with _interrupted(server, word, forbid) as url:
        yield url.replace("//", f"//{user}:s3same@")


async def test_a_lost_answer_to_one_deletion_is_looked_at(filled: RedisServer) -> None:
    async with _cut_at(filled.port, b"EXEC") as url:
        shown = await preview("redis.delete_key", {"url": url}, key="ai:1", prefixes=["ai:"])
        error = await refused(execute("redis.delete_key", {"url": url}, shown))
    assert spoken(error).endswith("It is gone now.")


async def test_the_memory_limit_moves_and_its_undo_puts_it_back(tmp_path: Path) -> None:
    with started(tmp_path, "--maxmemory", "67108865", "--maxmemory-policy", "noeviction") as server:
        address = {"url": server.url()}
        shown = await preview("redis.set_memory", address, **MEMORY, policy="allkeys-lru")
        assert lines(shown) == {
            "Memory limit": ("64 MB", "128 MB"),
            "Eviction policy": ("noeviction", "allkeys-lru"),
        }
        assert "may throw out any key" in warnings(shown)
        assert await execute("redis.set_memory", address, shown) == "the limit is 128 MB with allkeys-lru"
        assert _limit(server) == ("134217728", "allkeys-lru")
        back = await preview("redis.set_memory", address, **shown.undo)
        await execute("redis.set_memory", address, back)
        assert _limit(server) == ("67108865", "noeviction")


def _limit(server: RedisServer) -> tuple[str, str]:
    with server.client() as client:
        return client.config_get("maxmemory")["maxmemory"], client.config_get("maxmemory-policy")["maxmemory-policy"]


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ({"maxmemory_mb": 512, "min": 32, "max": 256}, "outside of what is allowed, 32 to 256 MB"),
        ({"maxmemory_mb": 16, "min": 32, "max": 256}, "outside of what is allowed"),
        ({"maxmemory_mb": 0.2, "min": 0.1, "max": 256}, "would throw out keys"),
        ({"maxmemory_mb": 64, "min": 32, "max": 256}, "Nothing to do"),
        ({"maxmemory_mb": 90_000_000, "min": 32, "max": 90_000_000}, "the kernel would kill Redis"),
    ],
)
async def test_a_senseless_memory_limit_is_refused(wanted: dict[str, float], words: str, server: RedisServer) -> None:
    error = await refused(preview("redis.set_memory", {"url": server.url()}, **wanted))
    assert words in spoken(error)
    assert _limit(server)[0] == str(64 * 1024 * 1024)


async def test_without_a_limit_before_there_is_no_undo_and_that_is_said(patient: RedisServer) -> None:
    shown = await preview("redis.set_memory", {"url": patient.url()}, **MEMORY)
    assert shown.undo == {}
    assert "no button undoes it" in warnings(shown)


async def test_a_limit_that_somebody_moved_meanwhile_is_left_alone(patient: RedisServer) -> None:
    shown = await preview("redis.set_memory", {"url": patient.url()}, **MEMORY)
    with patient.client() as client:
        client.config_set("maxmemory", "100mb")
    error = await refused(execute("redis.set_memory", {"url": patient.url()}, shown))
    assert spoken(error) == "The limit is 100 MB with noeviction now; nothing was done."
    assert _limit(patient)[0] == str(100 * 1024 * 1024)


async def test_a_lost_answer_to_the_limit_is_resolved_by_looking(patient: RedisServer) -> None:
    async with _cut_at(patient.port, b"134217728") as url:
        shown = await preview("redis.set_memory", {"url": url}, **MEMORY)
        assert await execute("redis.set_memory", {"url": url}, shown) == "the limit is 128 MB with noeviction"
    assert _limit(patient)[0] == "134217728"


async def test_a_limit_that_is_refused_after_the_policy_was_set_tells_what_is_done(patient: RedisServer) -> None:
    with patient.client() as client:
        for label in ("redis-memory", "redis-read"):
            client.execute_command(*granted(label).replace(">PASSWORD", ">s3same").split())
    async with _forbidding(patient, "plantao-memory", b"134217728") as url:
        shown = await preview("redis.set_memory", {"url": url}, **MEMORY, policy="allkeys-lru")
        error = await refused(execute("redis.set_memory", {"url": url}, shown))
    assert spoken(error).startswith("Only a part is done: the limit is ∞ with allkeys-lru now. Redis does not let")
    assert _limit(patient) == ("0", "allkeys-lru")


async def test_the_memory_limit_needs_only_its_documented_permissions(patient: RedisServer) -> None:
    with patient.client() as client:
        client.execute_command(*granted("redis-memory").replace(">PASSWORD", ">s3same").split())
        client.execute_command(*granted("redis-read").replace(">PASSWORD", ">s3same").split())
    address = {"url": patient.url("plantao-memory", "s3same")}
    await execute("redis.set_memory", address, await preview("redis.set_memory", address, **MEMORY))
    assert _limit(patient)[0] == "134217728"
    denied = await refused(preview("redis.set_memory", {"url": patient.url("plantao", "s3same")}, **MEMORY))
    assert "+config|get" in spoken(denied)


CHANGES: list[tuple[str, dict[str, object]]] = [
    (PATTERN, dict(AI)),
    ("redis.delete_key", {"key": "ai:1", "prefixes": ["ai:"]}),
    ("redis.set_memory", dict(MEMORY)),
]


async def test_a_change_on_a_dead_or_hung_redis_is_told_before_anything_is_proposed(server: RedisServer) -> None:
    nowhere = {"url": f"redis://:s3same@127.0.0.1:{NOBODY}/0"}
    for name, wanted in CHANGES:
        assert isinstance(await refused(preview(name, nowhere, **wanted)), Unreachable)
    with server.paused():
        hung = await asyncio.gather(
            *(refused(preview(name, {"url": server.url()}, **wanted)) for name, wanted in CHANGES)
        )
    assert {type(error) for error in hung} == {TimedOut}


async def test_a_long_deletion_reports_how_far_it_is(filled: RedisServer) -> None:
    told: list[str] = []

    async def note(text: Text) -> None:
        told.append(rendered(text))

    shown = await preview(PATTERN, {"url": filled.url()}, **AI, cap=1000, batch=10)
    await execute(PATTERN, {"url": filled.url()}, shown, note)
    assert 1 <= len(told) <= 3
    assert all(words.endswith(" keys deleted so far") for words in told)
