"""`app_api.figures`: the numbers that the application publishes about itself, and shares of one in another."""

from collections.abc import Iterator, Mapping

from pydantic import Field

from bot.core.findings import Measurement, Quantity, Reading
from bot.core.operation import Parameters, Read
from bot.core.text import Text, plain, say
from bot.providers.app_api.address import LIMIT, Address, FieldName, FieldPath, Path, api_of
from bot.providers.web_answers import dug, number_of
from bot.providers.web_api import Api

_SHOWN = 6


class Figures(Parameters):
    """Measurements by their dotted paths, a list counting its items; `percent` is one measurement in another.

    `units` are for reading only.
    """

    path: Path
    fields: Mapping[FieldName, FieldPath] = Field(min_length=1, max_length=20)
    percent: Mapping[FieldName, tuple[FieldName, FieldName]] = Field(default_factory=dict, max_length=10)
    units: Mapping[FieldName, str] = Field(default_factory=dict)


async def _figures(address: Address, wanted: Figures) -> Reading:
    api = api_of(address)
    document = await api.read(wanted.path)
    found = {name: _value(api, dug(document, path)) for name, path in wanted.fields.items()}
    measurements = tuple(
        Measurement(name, value, wanted.units.get(name, ""), _absent(wanted.fields[name]) if value is None else None)
        for name, value in found.items()
    ) + tuple(_percents(wanted, found))
    return Reading(_summary(measurements), measurements)


def _value(api: Api, found: object) -> Quantity:
    if isinstance(found, bool):
        return found
    if isinstance(found, list):
        return len(found)
    number = number_of(found)
    if number is not None:
        return number
    return api.clean(found, 100) if isinstance(found, str) and found else None


def _absent(path: str) -> Text:
    return say("the answer has no figure at `{path}`", path=path)


def _percents(wanted: Figures, found: Mapping[str, Quantity]) -> Iterator[Measurement]:
    for name, (part, whole) in wanted.percent.items():
        over, under = number_of(found.get(part)), number_of(found.get(whole))
        if over is None or under is None:
            yield Measurement(name, None, "%", say("`{part}` or `{whole}` is not known", part=part, whole=whole))
        elif not under:
            yield Measurement(name, None, "%", say("`{whole}` is 0: nothing to compare with", whole=whole))
        else:
            yield Measurement(name, round(100 * over / under, 1), "%")


def _summary(measurements: tuple[Measurement, ...]) -> Text:
    told = [f"{one.name} {one.value}{one.unit}" for one in measurements if one.value is not None]
    if not told:
        return say("the application told none of the figures")
    return plain(", ".join(told[:_SHOWN]))


FIGURES = Read("app_api.figures", Address, Figures, LIMIT, _figures)
