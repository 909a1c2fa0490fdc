"""Starting a workflow of the pipeline on GitHub, by hand as it were: on the commit that was shown, once, to its end."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from pydantic import Field

from bot.core.errors import TargetError, TimedOut
from bot.core.operation import Change, Parameters, Progress
from bot.core.preview import Line, Preview
from bot.core.text import Text, say
from bot.providers.pipeline import Address, api_of
from bot.providers.web_answers import dug
from bot.providers.web_api import Api, Lost, Request

_LIMIT: Final = 1800.0
_FOLLOW_LIMIT: Final = 1740.0
_BEGIN_LIMIT: Final = 30.0
_PAUSE_LIMIT: Final = 10.0
_LOST_LOOKS: Final = 20
_SHOWN: Final = 120


class Start(Parameters):
    """A workflow by its file's name, which must allow `workflow_dispatch`, and the branch or tag that it runs on."""

    name: str = Field(pattern=r"^[\w][\w.-]{0,99}$")
    ref: str = Field("main", pattern=r"^[A-Za-z0-9_][A-Za-z0-9_-]*([./][A-Za-z0-9_-]+)*$", max_length=100)


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a start would run, and the runs there have been."""

    commit: str
    message: str
    runs: list[dict[str, Any]]

    @property
    def newest(self) -> int:
        return max((int(run.get("run_number", 0)) for run in self.runs), default=0)


async def _preview(address: Address, wanted: Start) -> Preview:
    api = _api(address)
    seen = await _see(api, address, wanted)
    _require_quiet(wanted, seen)
    last = seen.runs[0] if seen.runs else {}
    return Preview(
        lines=(
            Line(say("workflow {name}", name=wanted.name), _run(api, last) if last else "—", seen.commit[:8]),
            Line(say("commit"), api.clean(str(last.get("head_sha", ""))[:8]) or "—", seen.message),
        ),
        state={"commit": seen.commit, "newest": str(seen.newest)},
        arguments={"name": wanted.name, "ref": wanted.ref},
        warnings=(say("What the workflow does stands in the repository; cancelling here does not stop it there."),),
    )


async def _execute(address: Address, wanted: Start, preview: Preview, progress: Progress) -> Text:
    api = _api(address)
    seen = await _see(api, address, wanted)
    if {"commit": seen.commit, "newest": str(seen.newest)} != dict(preview.state):
        raise TargetError("{name} no longer looks as it was shown; nothing was done.", name=wanted.name)
    _require_quiet(wanted, seen)
    lost = await _send(api, address, wanted)
    number = await _begun(api, address, wanted, seen, lost)
    await progress(say("run #{number} of {name} has begun", number=number, name=wanted.name))
    outcome = await _ended(api, address, wanted, number)
    if outcome != "success":
        raise TargetError(
            "Run #{number} of {name} ended with {outcome}. Its log on GitHub says why.",
            number=number,
            name=wanted.name,
            outcome=outcome,
        )
    return say(
        "run #{number} of {name} ended well on {commit}", number=number, name=wanted.name, commit=seen.commit[:8]
    )


def _api(address: Address) -> Api:
    return api_of(address, say("Its token needs the repository permissions “Actions: write” and “Contents: read”."))


async def _see(api: Api, address: Address, wanted: Start) -> _Seen:
    head = await api.read(f"/repos/{address.repo}/commits/{wanted.ref}")
    commit = dug(head, "sha")
    if not isinstance(commit, str) or len(commit) != 40:
        raise api.stranger()
    message = str(dug(head, "commit.message") or "").partition("\n")[0]
    return _Seen(commit, api.clean(message, _SHOWN) or "—", await _runs(api, address, wanted))


async def _runs(api: Api, address: Address, wanted: Start) -> list[dict[str, Any]]:
    path = f"/repos/{address.repo}/actions/workflows/{wanted.name}/runs"
    return api.records(dug(await api.read(path, per_page="20"), "workflow_runs"))


def _require_quiet(wanted: Start, seen: _Seen) -> None:
    going = next((run for run in seen.runs if run.get("status") != "completed"), None)
    if going is not None:
        raise TargetError(
            "Run #{number} of {name} is still going on; wait for its end.",
            number=going.get("run_number", 0),
            name=wanted.name,
        )


async def _send(api: Api, address: Address, wanted: Start) -> Lost | TimedOut | None:
    """Sends it once; the error stands for an answer that never came."""
    path = f"/repos/{address.repo}/actions/workflows/{wanted.name}/dispatches"
    try:
        answer = await api.ask(Request(path, "POST", body={"ref": wanted.ref}))
    except (Lost, TimedOut) as error:
        return error
    if answer.status >= 500:
        return Lost("{vendor} is in trouble, it answered {status}.", vendor=api.vendor, status=answer.status)
    if not answer.is_good:
        raise api.refusal(answer)
    return None


async def _begun(api: Api, address: Address, wanted: Start, before: _Seen, lost: Exception | None) -> int:
    """The number of the run that it started: GitHub does not tell, so the first newer one on this commit is it."""
    pause = 0.1
    try:
        async with asyncio.timeout(_BEGIN_LIMIT if lost is None else _BEGIN_LIMIT / 6):
            while True:
                with suppress(TargetError):  # it is sent: a look that fails says nothing about it
                    if numbers := _newer(await _runs(api, address, wanted), before):
                        return min(numbers)
                await asyncio.sleep(pause)
                pause = min(pause * 2, _PAUSE_LIMIT)
    except TimeoutError:
        if lost is None:
            raise TargetError(
                "GitHub accepted it, but shows no run of {name} yet. Look there.", name=wanted.name
            ) from None
        raise Lost(
            "The connection broke, and no run of {name} is to be seen. Look on GitHub before anybody tries again.",
            name=wanted.name,
        ) from lost


def _newer(runs: list[dict[str, Any]], before: _Seen) -> list[int]:
    return [
        int(run["run_number"])
        for run in runs
        if int(run.get("run_number", 0)) > before.newest
        and run.get("event") == "workflow_dispatch"
        and run.get("head_sha") == before.commit
    ]


async def _ended(api: Api, address: Address, wanted: Start, number: int) -> str:
    """How it ended; lost looks are taken again."""
    pause, failures = 0.1, 0
    try:
        async with asyncio.timeout(_FOLLOW_LIMIT):
            while True:
                try:
                    runs, failures = await _runs(api, address, wanted), 0
                except TargetError as error:
                    runs, failures = [], failures + 1
                    if failures > _LOST_LOOKS:
                        raise _out_of_sight(wanted, number, error) from error
                mine = next((run for run in runs if run.get("run_number") == number), {})
                if mine.get("status") == "completed":
                    return api.clean(mine.get("conclusion"), 40)
                await asyncio.sleep(pause)
                pause = min(pause * 2, _PAUSE_LIMIT)
    except TimeoutError as error:
        raise TimedOut(
            "Run #{number} of {name} is still going on after {minutes} min.",
            number=number,
            name=wanted.name,
            minutes=round(_FOLLOW_LIMIT / 60),
        ) from error


def _out_of_sight(wanted: Start, number: int, error: TargetError) -> TargetError:
    return TargetError(
        "Run #{number} of {name} has begun, but how it goes on cannot be seen: {reason}",
        number=number,
        name=wanted.name,
        reason=error.text,
    )


def _run(api: Api, run: dict[str, Any]) -> str:
    return api.clean(f"#{run.get('run_number')} {run.get('conclusion') or run.get('status')}", 60)


RUN = Change("pipeline.run", Address, Start, _LIMIT, _preview, _execute)
