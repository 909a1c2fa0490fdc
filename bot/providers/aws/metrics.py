"""Series of CloudWatch: whole periods of a window, in one request for several metrics."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Self, TypeAlias

from pydantic import Field, model_validator

from bot.core.operation import Parameters
from bot.providers.aws.account import Account

Series: TypeAlias = dict[datetime, float]

_POINTS: Final = 1440
_PAGES: Final = 5
STATISTIC: Final = r"^(Average|Sum|Minimum|Maximum|SampleCount|p(100|\d{1,2}(\.\d{1,2})?))$"
METRIC_NAME: Final = r"^[\x20-\x7e]{1,255}$"


class Window(Parameters):
    """How far back to look, in steps of `period` seconds; the step that has just begun is left out."""

    minutes: int = Field(15, ge=1, le=14 * 24 * 60)
    period: int = Field(60, ge=60, le=86_400, multiple_of=60)

    @model_validator(mode="after")
    def _is_readable(self) -> Self:
        if self.minutes * 60 < self.period:
            raise ValueError("minutes must cover at least one period")
        if self.minutes * 60 / self.period > _POINTS:
            raise ValueError(f"more than {_POINTS} points; take a longer period")
        return self

    def bounds(self, now: datetime) -> tuple[datetime, datetime]:
        """From and to, on the borders of periods: half a period would look like a drop."""
        end = datetime.fromtimestamp(now.timestamp() // self.period * self.period, UTC)
        return end - timedelta(minutes=self.minutes), end


@dataclass(frozen=True, slots=True)
class Wanted:
    """One metric with its statistic."""

    namespace: str
    metric: str
    dimensions: tuple[tuple[str, str], ...]
    statistic: str


async def series_of(account: Account, wanted: Sequence[Wanted], window: Window) -> list[Series]:
    """One series for each metric, oldest point first; a period without data has no point."""
    start, end = window.bounds(datetime.now(UTC))
    found: list[Series] = [{} for _ in wanted]
    more: dict[str, object] = {}
    for _ in range(_PAGES):
        answer = await account.ask(
            "cloudwatch",
            "get_metric_data",
            MetricDataQueries=[_query(number, one, window.period) for number, one in enumerate(wanted)],
            StartTime=start,
            EndTime=end,
            ScanBy="TimestampAscending",
            **more,
        )
        for told in answer.get("MetricDataResults", []):
            found[int(told["Id"][1:])].update(zip(told["Timestamps"], told["Values"], strict=True))
        if not answer.get("NextToken"):
            break
        more = {"NextToken": answer["NextToken"]}
    return [{at: one[at] for at in sorted(one) if at < end} for one in found]


def _query(number: int, wanted: Wanted, period: int) -> dict[str, Any]:
    dimensions = [{"Name": name, "Value": value} for name, value in wanted.dimensions]
    metric = {"Namespace": wanted.namespace, "MetricName": wanted.metric, "Dimensions": dimensions}
    return {"Id": f"m{number}", "MetricStat": {"Metric": metric, "Period": period, "Stat": wanted.statistic}}
