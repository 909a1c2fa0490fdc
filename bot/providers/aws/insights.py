"""Logs Insights: questions to a whole log group, counted by AWS; what they scan costs money, so hours are limited."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, Literal, Self, TypeAlias

from pydantic import Field, model_validator

from bot.core.errors import TargetError, TimedOut
from bot.core.findings import Measurement, Reading
from bot.core.operation import Parameters, Read
from bot.core.redaction import mask
from bot.core.text import Text, say
from bot.providers.aws.account import Account, opened
from bot.providers.aws.logs import Address, no_group
from bot.providers.aws.refusals import NoSuch

Row: TypeAlias = Mapping[str, str]

_LIMIT: Final = 30.0
_PAUSE: Final = 0.3
_ROWS: Final = 1000
_SHOWN: Final = 20
_LINE_LIMIT: Final = 300
_FIELD: Final = r"^@?[A-Za-z][A-Za-z0-9_.]{0,60}$"
_ERRORS: Final = "/ERROR|CRITICAL|FATAL/"
_PERIODS: Final[Mapping[str, int]] = {"errors_per_5m": 5, "llm_errors": 15}


class Question(Parameters):
    """One of the questions that runbooks ask, or `custom` with its `text` from the catalog.

    A query that takes longer than `wait_s` is stopped. `word` names the vendor for `llm_errors`; `endpoint`, `duration`
    and `health` are for `duration_by_endpoint`.
    """

    query: Literal["errors_per_5m", "error_lines", "duration_by_endpoint", "llm_errors", "custom"]
    hours: int = Field(4, ge=1, le=48)
    word: str = Field("OpenAI", pattern=r"^[A-Za-z0-9_ -]{1,40}$")
    endpoint: str = Field("endpoint", pattern=_FIELD)
    duration: str = Field("duration", pattern=_FIELD)
    health: str = Field("/health", pattern=r"^[A-Za-z0-9_/.-]{1,100}$")
    text: str = Field("", max_length=2000)
    wait_s: int = Field(20, ge=1, le=25)

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if (self.query == "custom") != bool(self.text):
            raise ValueError("`text` belongs to the query `custom`, and only to it")
        return self

    def words(self) -> str:
        """The query in the language of Insights."""
        match self.query:
            case "errors_per_5m":
                return f"filter @message like {_ERRORS} | stats count(*) as lines by bin(5m)"
            case "llm_errors":
                return f"filter @message like /(?i){self.word}.*error/ | stats count(*) as lines by bin(15m)"
            case "error_lines":
                found = f"fields @timestamp, @message | filter @message like {_ERRORS}"
                return f"{found} | sort @timestamp desc | limit {_SHOWN}"
            case "duration_by_endpoint":
                return (
                    f'filter ispresent({self.duration}) and {self.endpoint} != "{self.health}" '
                    f"| stats avg({self.duration}) as mean_ms, max({self.duration}) as max_ms by {self.endpoint} "
                    f"| sort mean_ms desc | limit {_SHOWN}"
                )
            case _:
                return self.text


class Answer:
    """Rows as AWS returned them, and how many lines matched in all."""

    def __init__(self, rows: Sequence[Row], matched: int) -> None:
        self.rows = rows[:_ROWS]
        self.matched = matched


async def _read(address: Address, wanted: Question) -> Reading:
    end = datetime.now(UTC)
    async with opened(address) as account:
        answer = await _ask(account, address, wanted, end)
    match wanted.query:
        case "errors_per_5m" | "llm_errors":
            return _per_period(answer, wanted, end)
        case "duration_by_endpoint":
            return _durations(answer, wanted)
        case _:
            return _rows(answer, wanted)


async def _ask(account: Account, address: Address, wanted: Question, end: datetime) -> Answer:
    started = await _start(account, address, wanted, end)
    try:
        async with asyncio.timeout(wanted.wait_s):
            while True:
                told = await account.ask("logs", "get_query_results", queryId=started)
                if told.get("status") == "Complete":
                    break
                if told.get("status") not in {"Scheduled", "Running"}:
                    raise TargetError("CloudWatch gave up on the query ({status}).", status=str(told.get("status")))
                await asyncio.sleep(_PAUSE)
    except TimeoutError as error:
        await account.ask("logs", "stop_query", queryId=started)
        raise TimedOut(
            "The query was not done within {seconds} s; ask for fewer hours.", seconds=wanted.wait_s
        ) from error
    rows = [{one["field"]: one.get("value", "") for one in row if one["field"] != "@ptr"} for row in told["results"]]
    return Answer(rows, int((told.get("statistics") or {}).get("recordsMatched", len(rows))))


async def _start(account: Account, address: Address, wanted: Question, end: datetime) -> str:
    try:
        started = await account.ask(
            "logs",
            "start_query",
            logGroupName=address.group,
            startTime=int((end - timedelta(hours=wanted.hours)).timestamp()),
            endTime=int(end.timestamp()),
            queryString=wanted.words(),
            limit=_ROWS,
        )
    except NoSuch as error:
        raise no_group(address) from error
    return str(started["queryId"])


def _per_period(answer: Answer, wanted: Question, end: datetime) -> Reading:
    """Periods without a match are left out by AWS and come back as zeros."""
    minutes = _PERIODS[wanted.query]
    counts = {_bin(row): _number(row.get("lines")) or 0.0 for row in answer.rows}
    step = timedelta(minutes=minutes)
    last = datetime.fromtimestamp(end.timestamp() // step.total_seconds() * step.total_seconds(), UTC)
    bins = [last - step * back for back in range(wanted.hours * 60 // minutes, -1, -1)]
    trend = tuple(counts.get(f"{at:%Y-%m-%d %H:%M}", 0.0) for at in bins)
    total, worst = sum(counts.values()), max(counts.values(), default=0.0)
    return Reading(
        say(
            "{total} errors in {hours} h, {worst} in the worst {minutes} min, {last} in the present ones",
            total=total,
            hours=wanted.hours,
            worst=worst,
            minutes=minutes,
            last=trend[-1],
        ),
        (
            Measurement("rows", len(answer.rows)),
            Measurement("total", total),
            Measurement("worst", worst),
            Measurement("last", trend[-1]),
        ),
        tuple(f"{at}Z  ×{count:g}" for at, count in sorted(counts.items(), key=lambda pair: -pair[1])[:_SHOWN]),
        trend=trend,
    )


def _durations(answer: Answer, wanted: Question) -> Reading:
    means = [(_number(row.get("mean_ms")), row) for row in answer.rows]
    slowest = max((mean for mean, _ in means if mean is not None), default=None)
    highest = max((value for row in answer.rows if (value := _number(row.get("max_ms"))) is not None), default=None)
    nothing = say("no line has both `{endpoint}` and `{duration}`", endpoint=wanted.endpoint, duration=wanted.duration)
    missing = nothing if slowest is None else None
    return Reading(
        nothing if slowest is None else _slowest(answer.rows[0], wanted, slowest),
        (
            Measurement("rows", len(answer.rows)),
            Measurement("worst", slowest, "ms", missing),
            Measurement("worst_max", highest, "ms", nothing if highest is None else None),
        ),
        tuple(
            f"{_endpoint(row, wanted)}  {row.get('mean_ms', '?')[:10]} ms, max {row.get('max_ms', '?')[:10]} ms"
            for row in answer.rows[:_SHOWN]
        ),
    )


def _slowest(row: Row, wanted: Question, mean: float) -> Text:
    return say(
        "the slowest endpoint in {hours} h is {endpoint}: {mean} ms on average",
        hours=wanted.hours,
        endpoint=_endpoint(row, wanted),
        mean=mean,
    )


def _rows(answer: Answer, wanted: Question) -> Reading:
    """`worst` is the highest figure in the last column, where that holds figures."""
    figures = [value for row in answer.rows if row and (value := _number(list(row.values())[-1])) is not None]
    no_figure = None if figures else say("the last column holds no figures")
    return Reading(
        say("{matched} lines match in {hours} h", matched=answer.matched, hours=wanted.hours),
        (
            Measurement("rows", len(answer.rows)),
            Measurement("total", answer.matched),
            Measurement("worst", max(figures, default=None), missing=no_figure),
        ),
        tuple(mask("  ".join(row.values()))[:_LINE_LIMIT] for row in answer.rows[:_SHOWN]),
    )


def _bin(row: Row) -> str:
    """`bin(5m)` as AWS writes it, `2026-11-20 10:05:00.000`, to the minute."""
    return next((value[:16] for name, value in row.items() if re.match(r"bin\(", name)), "")


def _number(value: str | None) -> float | None:
    try:
        return round(float(value or ""), 1)
    except ValueError:
        return None


def _endpoint(row: Row, wanted: Question) -> str:
    return mask(row.get(wanted.endpoint, "?"))[:100]


INSIGHTS = Read("cloudwatch_logs.insights", Address, Question, _LIMIT, _read)
