"""`app_api.pattern`: what a list of cases has in common: one customer, one kind of problem, low confidence."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final

from pydantic import Field

from bot.core.findings import Measurement, Reading
from bot.core.operation import Parameters, Read
from bot.core.text import Text, say
from bot.providers.app_api.address import LIMIT, Address, FieldPath, Path, api_of, listed
from bot.providers.web_answers import dug, number_of
from bot.providers.web_api import Api

_GROUPS: Final = 5


class Pattern(Parameters):
    """The list to look at, the fields to group it by, and limits below which a number counts as low."""

    path: Path
    query: Mapping[str, str] = Field(default_factory=dict, max_length=10)
    items: str = ""
    by: tuple[FieldPath, ...] = Field(min_length=1, max_length=5)
    low: Mapping[FieldPath, float] = Field(default_factory=dict, max_length=3)


async def _pattern(address: Address, wanted: Pattern) -> Reading:
    """Measurements: `total`; per field `<field>_percent`, the share of its commonest value; `<field>_low_percent`."""
    api = api_of(address)
    cases = listed(api, await api.read(wanted.path, **wanted.query), wanted.items)
    groups = {field: Counter(_word(api, dug(case, field)) for case in cases) for field in wanted.by}
    return Reading(
        _summary(len(cases), groups),
        (Measurement("total", len(cases)), *_shares(groups, len(cases)), *_low(cases, wanted.low)),
        tuple(
            f"×{times}  {field} = {value}"
            for field, counted in groups.items()
            for value, times in counted.most_common(_GROUPS)
        ),
    )


def _word(api: Api, value: object) -> str:
    return api.clean("-" if value is None else value, 80)


def _shares(groups: Mapping[str, Counter[str]], total: int) -> Iterator[Measurement]:
    for field, counted in groups.items():
        most = max(counted.values(), default=0)
        yield _share(f"{_name(field)}_percent", most, total)


def _low(cases: list[dict[str, Any]], limits: Mapping[str, float]) -> Iterator[Measurement]:
    for field, limit in limits.items():
        numbers = [number for case in cases if (number := number_of(dug(case, field))) is not None]
        yield _share(f"{_name(field)}_low_percent", sum(number < limit for number in numbers), len(numbers))


def _share(name: str, part: int, whole: int) -> Measurement:
    if not whole:
        return Measurement(name, None, "%", say("there are no cases to compare"))
    return Measurement(name, round(100 * part / whole, 1), "%")


def _name(field: str) -> str:
    return field.replace(".", "_")


def _summary(total: int, groups: Mapping[str, Counter[str]]) -> Text:
    if not total:
        return say("no cases")
    field, counted = max(groups.items(), key=lambda pair: max(pair[1].values()))
    value, times = counted.most_common(1)[0]
    return say("{times} of {total} cases have {field} = {value}", times=times, total=total, field=field, value=value)


PATTERN = Read("app_api.pattern", Address, Pattern, LIMIT, _pattern)
