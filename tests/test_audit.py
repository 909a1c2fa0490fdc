"""`plantao audit`: a record that somebody touched is found out, and what was run leaves as lines for an archive."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from bot.core.family import RUNS
from bot.core.run import Phase
from bot.store.connect import Client
from bot.store.embedded import open_embedded
from tests.house import House
from tests.people import APPROVER, ON_CALL
from tests.processes import plantao

PREFIX = "{plantao}"
LOG = f"{PREFIX}:stream:RUN-1"
Harm = Callable[[Client], Awaitable[None]]


async def change_a_value(redis: Client) -> None:
    """The approver becomes somebody else."""
    await _rewrite(redis, lambda entries: [raw.replace(b"U0BRUNO", b"U0OTTO!") for raw in entries])


async def remove_an_entry(redis: Client) -> None:
    await redis.xdel(LOG, "2-0")


async def remove_an_entry_and_number_anew(redis: Client) -> None:
    await _rewrite(redis, lambda entries: [entries[0], *entries[2:]])


async def cut_the_tail(redis: Client) -> None:
    await redis.xdel(LOG, (await redis.xrevrange(LOG, count=1))[0][0])


async def cut_the_tail_without_a_trace_in_the_stream_or_its_row(redis: Client) -> None:
    """Only the feed still knows that there was more."""
    await _rewrite(redis, lambda entries: entries[:-1])
    await redis.hdel(f"{PREFIX}:rows:RUN", "RUN-1")


async def remove_the_whole_stream(redis: Client) -> None:
    await redis.delete(LOG, f"{PREFIX}:rows:RUN", f"{PREFIX}:open:RUN", f"{PREFIX}:count:RUN")


async def _rewrite(redis: Client, change: Callable[[list[bytes]], list[bytes]]) -> None:
    raws = [fields[b"e"] for _, fields in await redis.xrange(LOG)]
    await redis.delete(LOG)
    for version, raw in enumerate(change(raws), start=1):
        await redis.xadd(LOG, {"e": raw}, id=f"{version}-0")


HARMS: list[tuple[Harm, str]] = [
    (change_a_value, "record.chain  RUN-1: event 2 was changed"),
    (remove_an_entry, "record.gap  RUN-1: event 2 was removed"),
    (remove_an_entry_and_number_anew, "record.chain  RUN-1: event 2 was changed"),
    (cut_the_tail, "and holds {fewer}; the latest were removed"),
    (cut_the_tail_without_a_trace_in_the_stream_or_its_row, "and holds {fewer}; the latest were removed"),
    (remove_the_whole_stream, "record.missing  RUN-1 is gone"),
]


async def test_whatever_is_done_to_the_record_by_hand_is_found_and_named(house: House, data: Path) -> None:
    redis = house.demo.bot.store
    fewer = await _roll_back(house) - 1
    await house.quiet()
    assert await _audit(data, "verify") == (
        0,
        f"All well: streams 1, events {fewer + 1}; every chain is whole, every listing agrees.\n",
    )
    kept = {key: await redis.dump(key) for key in [LOG, *(f"{PREFIX}:{room}:RUN" for room in ("rows", "count"))]}
    for harm, complaint in HARMS:
        await harm(redis)
        code, told = await _audit(data, "verify")
        assert (code, complaint.format(fewer=fewer) in told) == (1, True), f"{harm.__name__}: {told}"
        code, told = await _audit(data, "export")
        assert (code, "RUN-1" in told, '"run"' in told) == (1, True, False), "a damaged run is not passed off as one"
        for key, dump in kept.items():
            await redis.restore(key, 0, dump, replace=True)
    assert (await _audit(data, "verify"))[0] == 0


async def test_a_run_leaves_as_one_line_and_its_stream_as_one_line_for_each_event(house: House, data: Path) -> None:
    version = await _roll_back(house)
    (_, runs), (_, stream), (_, later), (_, recent) = await asyncio.gather(
        _audit(data, "export"),
        _audit(data, "export", "--stream", "run-1"),
        _audit(data, "export", "--since", "2999-01-01"),
        _audit(data, "export", "--stream", "RUN-1", "--since", "1h"),
    )
    [run] = _lines(runs)
    assert (run["run"], run["phase"], run["version"]) == ("RUN-1", "verified", version)
    assert {"what": "revision", "before": "4", "after": "3"} in run["changes"]
    deeds = {deed["what"]: (deed["who"], deed["via"]) for deed in run["history"]}
    assert deeds["run.proposed"] == (ON_CALL.id, "command")
    assert deeds["run.approved"] == (APPROVER.id, "button")
    assert {check["level"] for check in run["checks"]} == {"ok"}
    events = _lines(stream)
    assert [event["version"] for event in events] == list(range(1, version + 1))
    assert [event["at"] for event in events if event["what"] == "run.approved"] == [run["history"][1]["at"]]
    assert events[-1]["hash"] == run["hash"]
    assert (later, recent) == ("", stream)
    everything = runs + stream
    assert house.demo.world.kubernetes_token not in everything
    assert house.demo.slack.app.bot_token not in everything


async def test_what_cannot_be_exported_is_said(data: Path) -> None:
    async with open_embedded(data):
        unknown, undated = await asyncio.gather(
            _audit(data, "export", "--stream", "RUN-7"), _audit(data, "export", "--since", "yesterday")
        )
    assert unknown == (2, "plantao: --stream: the record has no stream RUN-7\n")
    assert (undated[0], "--since: 'yesterday' is neither a date" in undated[1]) == (2, True)


async def _roll_back(house: House) -> int:
    """A real history: proposed, approved by another, executed, verified; its number of events."""
    bad = {"deployment": "agente-api", "image": "agente-api:2.4.1-bad", "by": "ci", "cause": "2.4.1"}
    await house.demo.world.control({"deploy": bad})

    async def rolled_out() -> bool:
        return bool(house.demo.world.state()["deployments"]["agente-api"]["rolled_out"])

    await house.until(rolled_out)
    await house.command(ON_CALL, "/rollback agente-api")
    await house.click(APPROVER, await house.headline("RUN-1"), "run:approve")

    async def verified() -> int | None:
        state = await house.demo.bot.ports.record.load(RUNS, "RUN-1")
        return state.version if state.phase is Phase.VERIFIED else None

    return int(await house.until(verified))


async def _audit(folder: Path, *words: str) -> tuple[int, str]:
    return await plantao("audit", *words, PLANTAO_DATA=str(folder))


def _lines(printed: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in printed.splitlines()]
